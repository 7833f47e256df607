"""evolution: regularised (ageing) evolution.

Real et al., "Regularized Evolution for Image Classifier Architecture Search", AAAI 2019, algorithm
1.

The population is the youngest `population` architectures with a result: each new one displaces the
oldest, however good that is. The best of `tournament` drawn from it, without replacement, is
mutated.
"""

from __future__ import annotations

from dataclasses import dataclass

from nasflow.search.candidates import Candidates
from nasflow.search.strategies.base import History, Proposal, Strategy, drawn
from nasflow.search.strategies.registry import SearchConfig


@dataclass(frozen=True)
class EvolutionConfig(SearchConfig):
    """The options of evolution."""

    strategy: str = "evolution"
    population: int = 30
    """The youngest so many may be parents."""
    tournament: int = 10
    """The best of so many drawn from the population is the parent."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._positive_int("population", "tournament")


class Evolution(Strategy):
    """Mutate the winner of a tournament among the youngest."""

    Config = EvolutionConfig
    config: EvolutionConfig

    def __init__(self, config: SearchConfig | None = None) -> None:
        super().__init__(config)
        # a first population at random, as in the paper
        self.n_initial = self.config.n_initial or self.config.population

    @property
    def _fewer_at_random(self) -> str:
        if self.config.n_initial is not None:
            return super()._fewer_at_random
        return "a smaller population (a third of the budget, say)"

    def choose(self, history: History, candidates: Candidates, n: int) -> list[Proposal]:
        """`n` children; where a winner has no unseen descendant near by, a fresh sample."""
        n_results = len(history.architectures)
        oldest = max(0, n_results - self.config.population)
        n_alive = n_results - oldest
        size = min(self.config.tournament, n_alive)
        children: list[Proposal] = []
        for _ in range(n):
            # children of one call have no result yet: all are drawn from the same population
            rows = oldest + candidates.rng.choice(n_alive, size, replace=False)
            winner = int(rows[history.utility[rows].argmax()])
            child = drawn(candidates.mutation(history.architectures[winner]), "mutation")
            children += child or drawn(candidates.fresh(1), "random")
        return children
