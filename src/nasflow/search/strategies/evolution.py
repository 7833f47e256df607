"""evolution: regularised (ageing) evolution (Real et al., "Regularized Evolution for Image
Classifier Architecture Search", AAAI 2019, algorithm 1).

The population is the youngest `population` architectures with a result: each new one displaces the
oldest, however good that is. The best of `tournament` drawn from it, without replacement, is
mutated.
"""

from __future__ import annotations

from nasflow.options.search import SearchConfig
from nasflow.search.candidates import Candidates, Listed
from nasflow.search.problem import Problem
from nasflow.search.strategies.base import History, Proposal, Strategy, drawn


class Evolution(Strategy):
    """Mutate the winner of a tournament among the youngest."""

    def __init__(self, config: SearchConfig, problem: Problem, whole: Listed | None) -> None:
        super().__init__(config, problem, whole)
        self.n_initial = config.n_initial or config.population

    def choose(self, history: History, candidates: Candidates, n: int) -> list[Proposal]:
        """`n` children; where a winner has no unseen descendant near by, a fresh sample."""
        population = range(max(0, len(history.told) - self.config.population), len(history.told))
        size = min(self.config.tournament, len(population))
        children: list[Proposal] = []
        for _ in range(n):
            rows = population[0] + candidates.rng.choice(len(population), size, replace=False)
            winner = int(rows[history.utility[rows].argmax()])
            child = drawn(candidates.mutation(history.told[winner]), "mutation")
            children += child or drawn(candidates.fresh(1), "random")
        return children
