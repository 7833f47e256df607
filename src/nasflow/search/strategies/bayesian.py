"""`Bayesian`: search with a Gaussian process over features of architectures, whatever these are.

The results become normal scores (the quantiles of their ranks): accuracies have a long lower tail,
and what matters is the order at the top. A proposal has the largest expected improvement over the
best score,

    EI = s (z Phi(z) + phi(z)),   z = (m - best) / s     (Jones, Schonlau and Welch 1998, eq. 15)

with m and s the process's mean and standard deviation. Of two objectives the process learns the
first alone, since the second is known without a training, and the improvement is what the area
under the Pareto front grows by (`nasflow.search.two_objectives`). Of a space that is small enough
every unseen element is looked at; of a larger one, mutations of the best results and fresh samples.
What is being trained counts as having the result that the process expects (the "Kriging believer"
of Ginsbourger, Le Riche and Carraro 2010), so that several proposals at once differ.

Decisions, all for the sake of seconds and of a study that goes on with the same proposals after a
kill:

* The kernel's scales are chosen anew after every fifth result (`nasflow.search.belief`).
* Features of what was trained are computed one architecture at a time and remembered: in a batch of
  another size the last bits might differ.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.prediction.choice import choose
from nasflow.running.cached import cached_property
from nasflow.search.belief import AnyPosterior, Belief
from nasflow.search.candidates import Candidate, Candidates, Listed
from nasflow.search.known import BoolArray, FloatArray
from nasflow.search.strategies.base import History, Proposal, Strategy, drawn
from nasflow.search.strategies.registry import SearchConfig
from nasflow.search.two_objectives import expected_growth, expected_improvement
from nasflow.statistics.ranks import normal_scores

Start = Literal["random", "chosen"]

# on the logarithms of the kernel's scales: on ten results the likelihood alone may choose anything
PRIOR = 0.02
_MAX_BELIEVED = 32  # proposals made one after another; of more at once the best are taken together


@dataclass(frozen=True)
class BayesianConfig(SearchConfig):
    """What strategies with a Gaussian process have beside the options of all."""

    start: Start = "random"
    """The first trainings: random ones, or those whose results teach most (`nasflow choose`)."""
    n_parents: int = 20
    """The best so many are mutated."""
    n_pool: int = 1000
    """Mutations, and as many fresh samples, to choose from where a space is too
    large to list.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self._choice("start")
        self._positive_int("n_parents", "n_pool")


class Bayesian(Strategy):
    """The largest expected improvement of a Gaussian process."""

    n_initial = 10

    Config = BayesianConfig
    config: BayesianConfig

    def __init__(self, config: SearchConfig | None = None) -> None:
        super().__init__(config)
        self._belief: Belief | None = None
        # features never change: (d,) of each architecture that was proposed
        self._features: dict[Architecture, FloatArray] = {}
        # of a listed space: rows (N,) and their features (N, d)
        self._elements: tuple[npt.NDArray[np.int64], FloatArray] | None = None

    @abstractmethod
    def features(self, elements: ArchTable) -> FloatArray:
        """(N, d) float64: what the process sees of each element."""

    @abstractmethod
    def groups(self) -> Sequence[int]:
        """Numbers of consecutive features that share scales; their sum is d."""

    def propose(self, history: History, candidates: Candidates, n: int) -> list[Proposal]:
        """What to train next; see `Strategy.propose`."""
        n_missing = self.n_initial - history.n_proposed
        if self.config.start == "random" or n_missing < 1:
            return super().propose(history, candidates, n)
        wanted = min(n, n_missing)
        first = candidates.given(self._telling, wanted)
        # what was told before may be among them: then random ones fill the gap
        rest = candidates.fresh(wanted - len(first)) if len(first) < wanted else []
        return drawn(first, "telling") + drawn(rest, "random")

    def note_on_budget(self, budget: int, n_told: int = 0) -> str:
        """What to know of a budget that ends before anything is chosen by results."""
        note = super().note_on_budget(budget, n_told)
        if self.config.start == "chosen":
            note = note.replace("are drawn at random", "are those that teach most")
        return note

    @cached_property
    def _telling(self) -> list[Architecture]:
        """The first trainings: those that teach most of a listed space, or of a sample."""
        if self.whole is not None:
            elements = self.whole.table[np.flatnonzero(self.whole.allowed_first)]
        else:
            # the same whatever is told, so that a study goes on as it began
            rng = np.random.default_rng(self.config.seed)
            space = self.problem.space
            samples = [space.sample(rng) for _ in range(self.config.n_pool)]
            elements = ArchTable.from_architectures(samples)
        rows = choose(elements, min(self.n_initial, len(elements)), seed=self.config.seed)
        return [elements[row] for row in rows.tolist()]

    def choose(self, history: History, candidates: Candidates, n: int) -> list[Proposal]:
        """The `n` most promising unseen architectures; random ones where all results are equal."""
        if np.ptp(history.utility) == 0:
            return drawn(candidates.fresh(n), "random")
        pool = self._pool(history, candidates, n)
        if not pool.available.any():
            return []  # the space holds nothing else
        # single trainings, not means: how far those of one architecture lie apart is the noise
        architectures, utility = history.measurements()
        objectives = history.objectives
        learnt = utility if objectives is None else objectives[:, 0]  # (n_results,)
        scores = normal_scores(learnt)  # (n_results,)
        rows = self._rows_of(architectures)  # (n_results, d)
        posterior = self._posterior(rows, learnt, pool.features)
        if objectives is not None:
            second, front = pool.second(), self._expected_front(history, scores, posterior)
        # what is under way counts as having the expected result; of very many the newest do
        pending = self._rows_of(history.pending[-_MAX_BELIEVED:])  # (n_pending, d)
        for row in pending:
            posterior.add(row)
        n_believed = len(pending)
        proposals: list[Proposal] = []
        available = pool.available
        while len(proposals) < n and available.any():
            mean, deviation = posterior.at_pool(scores)  # (N,), (N,)
            if objectives is None:
                improvement = expected_improvement(mean, deviation, float(scores.max()))
            else:
                improvement = expected_growth(mean, deviation, second, front)
            improvement[~available] = -np.inf
            if n <= _MAX_BELIEVED:
                chosen = [int(improvement.argmax())]
            else:
                order = np.argsort(-improvement, kind="stable")
                chosen = order[: min(n, int(available.sum()))].tolist()
            for i in chosen:
                predicted = on_scale(mean[i], deviation[i], learnt)
                proposals.append(Proposal(*pool.take(i), *predicted))
            available[chosen] = False
            # the next one is made as if this one had the result that is expected of it
            if len(proposals) < n:
                best = chosen[0]
                posterior.add(pool.features[best])
                n_believed += 1
                if objectives is not None:
                    front = np.vstack([front, [mean[best], second[best]]])
        # the posterior is kept for the next call: what was believed is no result
        posterior.drop(n_believed)
        return proposals

    def _expected_front(
        self, history: History, scores: FloatArray, posterior: AnyPosterior
    ) -> FloatArray:
        """(n, 2): the first objective's score and the second, of results and what is under way."""
        assert history.objectives is not None
        results = np.stack([scores, history.objectives[:, 1]], axis=1)
        pending = history.pending[-_MAX_BELIEVED:]
        if not pending:
            return results
        expected = posterior.mean_at(self._rows_of(pending), scores)
        second = self.problem.second_gains(ArchTable.from_architectures(pending))
        return np.vstack([results, np.stack([expected, second], axis=1)])

    def _posterior(self, rows: FloatArray, utility: FloatArray, pool: FloatArray) -> AnyPosterior:
        """The posterior at a pool, given all results.

        Args:
            rows: (n_results, d) features of what has a result.
            utility: (n_results,) the results.
            pool: (N, d) features of what may be chosen.
        """
        if self._belief is None:
            self._belief = Belief(self.groups(), PRIOR)
        return self._belief.posterior(rows, utility, pool)

    def _rows_of(self, architectures: Sequence[Architecture]) -> FloatArray:
        """(n, d): the features of some architectures that were proposed; of none, none."""
        rows = []
        for architecture in architectures:
            if architecture not in self._features:
                # alone: in a batch of another size the last bits might differ
                table = ArchTable.from_architectures([architecture])
                self._features[architecture] = self.features(table)[0]
            rows.append(self._features[architecture])
        return np.array(rows).reshape(len(rows), sum(self.groups()))

    def _pool(self, history: History, candidates: Candidates, n: int) -> _Pool:
        """What to choose from: all of a listed space, a part of another."""
        if self.whole is not None:
            return self._listed_pool(self.whole, candidates)
        return self._drawn_pool(history, candidates, n)

    def _listed_pool(self, whole: Listed, candidates: Candidates) -> _Pool:
        """Every element that has no twin before it; available are the unseen ones."""
        if self._elements is None:
            rows = np.flatnonzero(whole.allowed_first)
            self._elements = rows, self.features(whole.table)[rows]
        rows, features = self._elements
        unseen = np.zeros(len(whole.table), bool)
        unseen[candidates.unseen()] = True

        def take(i: int) -> tuple[Candidate, str]:
            return candidates.take(int(rows[i])), "model"

        return _Pool(features, unseen[rows], take, lambda: self._second_of_whole[rows])

    @cached_property
    def _second_of_whole(self) -> FloatArray:
        """(N,): the second objective of all elements of a listed space; more is better."""
        assert self.whole is not None
        return self.problem.second_gains(self.whole.table)

    def _drawn_pool(self, history: History, candidates: Candidates, n: int) -> _Pool:
        """Mutations of the best results, and as many fresh samples."""
        size = max(n, self.config.n_pool)
        parents = history.best(self.config.n_parents)
        n_each = math.ceil(size / len(parents))
        mutations = candidates.mutations(parents, n_each)
        elements = [*mutations, *candidates.fresh(size)]
        architectures = [element.architecture for element in elements]
        table = ArchTable.from_architectures(architectures, None if elements else ("none",))
        features = self.features(table) if elements else self._rows_of([])

        def take(i: int) -> tuple[Candidate, str]:
            origin = "model, mutation" if i < len(mutations) else "model, sample"
            return elements[i], origin

        available = np.ones(len(elements), bool)
        return _Pool(features, available, take, lambda: self.problem.second_gains(table))


@dataclass(frozen=True, eq=False)
class _Pool:
    """Architectures to choose from, no two of them twins."""

    features: FloatArray
    """(N, d)"""
    available: BoolArray
    """(N,): which may be chosen."""
    take: Callable[[int], tuple[Candidate, str]]
    """Gives out row i, with its origin."""
    second: Callable[[], FloatArray]
    """Gives (N,) the second objective, where there is one; more is better."""


def on_scale(mean: float, deviation: float, values: FloatArray) -> tuple[float, float]:
    """A score's mean and standard deviation on the scale of the values that `normal_scores` ranked.

    Between the values in straight lines; beyond the best, on the line through the best and the
    upper quartile.
    """
    score, value = np.sort(normal_scores(values)), np.sort(values)
    # of two or three values the quartile would be the best itself: it takes two for a line
    quartile = min(3 * len(value) // 4, len(value) - 2)
    slope = 0.0
    if score[-1] > score[quartile]:
        slope = (value[-1] - value[quartile]) / (score[-1] - score[quartile])

    def to_value(s: float) -> float:
        return float(np.interp(s, score, value) + slope * max(0.0, s - score[-1]))

    half_spread = (to_value(mean + deviation) - to_value(mean - deviation)) / 2
    return to_value(mean), half_spread
