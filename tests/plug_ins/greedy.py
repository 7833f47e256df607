"""A search strategy with an option, as a stranger writes it."""

from __future__ import annotations

from dataclasses import dataclass

from nasflow import SearchConfig, Strategy
from nasflow.search.strategies.base import History, Proposal, drawn


@dataclass(frozen=True)
class GreedyConfig(SearchConfig):
    strategy: str = "greedy"
    n_tries: int = 10
    """Mutations of the best that are looked at."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._positive_int("n_tries")


class Greedy(Strategy):
    """Mutate the best."""

    Config = GreedyConfig
    n_initial = 3

    def choose(self, history: History, candidates, n: int) -> list[Proposal]:
        best = history.architectures[int(history.utility.argmax())]
        children = candidates.mutations([best], self.config.n_tries)[:n]
        return drawn(children, "child") or drawn(candidates.fresh(n), "random")
