"""`Strategy`: how the next architectures to train are chosen.

A strategy sees the history and draws candidates; it keeps nothing between two calls that the
history does not determine, so that a study that was killed goes on as if it had not been. Until
`n_initial` architectures are proposed it draws them at random.

Adding one is one file and a line in `registry.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from nasflow.errors import ConfigError
from nasflow.graphs.architecture import Architecture
from nasflow.search.candidates import Candidate, Candidates, Listed
from nasflow.search.known import FloatArray
from nasflow.search.problem import Problem
from nasflow.search.strategies.registry import STRATEGIES, SearchConfig


@dataclass(frozen=True, eq=False)
class History:
    """What a strategy knows: all trials so far, in the order in which they were proposed.

    Args:
        architectures: those with a result, n of them.
        utility: (n,) the results, more is better (with two objectives a weighting of them).
        origins: how each of these was found: the `origin` of its proposal.
        pending: proposed, and without a result yet.
        n_proposed: how many were proposed so far, failures included.
    """

    architectures: Sequence[Architecture]
    utility: FloatArray
    origins: Sequence[str]
    pending: Sequence[Architecture]
    n_proposed: int
    repeats: Sequence[Sequence[float]] = ()
    """The single utilities of each, where some were trained more than once; `utility` has means."""
    objectives: FloatArray | None = None
    """(n, 2) both objectives of each, more being better, where there are two."""

    def measurements(self) -> tuple[list[Architecture], FloatArray]:
        """Every single training: its architecture, and its utility as (n_trainings,)."""
        # the usual case: models see just what `utility` has
        if not self.repeats:
            return list(self.architectures), self.utility
        architectures = []
        # an architecture comes once for each of its trainings, in the order of the results
        for architecture, utilities in zip(self.architectures, self.repeats, strict=True):
            architectures += [architecture] * len(utilities)
        return architectures, np.concatenate([np.array(u, np.float64) for u in self.repeats])

    def best(self, n: int) -> list[Architecture]:
        """At most `n` architectures with the best results, of equal ones the earlier first."""
        order = np.argsort(-self.utility, kind="stable")
        return [self.architectures[row] for row in order[:n].tolist()]


@dataclass(frozen=True)
class Proposal:
    """An architecture to train, and what was thought of it."""

    candidate: Candidate
    origin: str
    """How it was found, in a word: random, mutation, ..."""
    predicted: float | None = None
    """The result that the strategy expects, on the scale of `History.utility`."""
    deviation: float | None = None
    """The standard deviation of that."""


class Strategy(ABC):
    """One way to search.

    Args:
        config: its options; by default those of its `Config`.

    Attributes:
        problem: the space and what is sought in it, once bound.
        whole: all elements of the space, where it is small enough to list, once bound.
    """

    Config: ClassVar[type[SearchConfig]] = SearchConfig
    """The class of its options; a subclass of `SearchConfig` where it has more than all have."""

    n_initial: int = 1
    """Random architectures before `choose` is asked, where the options do not say."""

    def __init__(self, config: SearchConfig | None = None) -> None:
        if config is None:
            config = self.Config(strategy=STRATEGIES.name_of(type(self)))
        elif not isinstance(config, self.Config):
            raise ConfigError(
                f"{type(self).__name__} got {config!r}; legal: {self.Config.__name__}"
            )
        self.config: Any = config
        if config.n_initial is not None:
            self.n_initial = config.n_initial

    def bind(self, problem: Problem, whole: Listed | None) -> Self:
        """Say what is searched, before anything else is asked; returns the strategy.

        Raises:
            UnknownNameError: the options name a quantity that the problem does not know.
        """
        self.problem = problem
        self.whole = whole
        return self

    def prepare(self, progress: bool) -> None:  # noqa: B027  # most strategies need none
        """Do what needs no result, such as pre-training, before a process's first proposal."""

    def note_on_budget(self, budget: int, n_told: int = 0) -> str:
        """What to know of a budget that ends before anything is chosen; empty for any other.

        Args:
            budget: trainings in all.
            n_told: results that were brought along: they count among the first `n_initial`.
        """
        # one training is nothing to choose from, whatever the strategy
        if budget < 2 or budget + n_told > self.n_initial:
            return ""
        return (
            f"all {budget} trainings are drawn at random: {self.config.strategy} chooses after"
            f" {self.n_initial}; {self._fewer_at_random} lets it choose sooner"
        )

    @property
    def _fewer_at_random(self) -> str:
        """The option that lets it choose sooner, in words."""
        return "a smaller n_initial"

    def propose(self, history: History, candidates: Candidates, n: int) -> list[Proposal]:
        """What to train next: `n` proposals, or fewer where there are none left.

        Of more, as a strategy in rounds gives them, the rest comes next.
        """
        n_missing = self.n_initial - history.n_proposed
        if n_missing > 0:
            return drawn(candidates.fresh(min(n, n_missing)), "random")
        # enough were proposed, but they are still being trained, or failed
        if len(history.architectures) < 2:
            return drawn(candidates.fresh(n), "random")
        return self.choose(history, candidates, n)

    @abstractmethod
    def choose(self, history: History, candidates: Candidates, n: int) -> list[Proposal]:
        """What to train next, once there are results; two at least."""


def drawn(candidates: Sequence[Candidate], origin: str) -> list[Proposal]:
    """Proposals of which nothing is predicted."""
    return [Proposal(candidate, origin) for candidate in candidates]
