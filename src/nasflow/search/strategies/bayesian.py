"""`Bayesian`: search with a Gaussian process over features of architectures, whatever these are.

The results become normal scores (the quantiles of their ranks): accuracies have a long lower tail,
and what matters is the order at the top. A proposal has the largest expected improvement over the
best score,

    EI = s (z Phi(z) + phi(z)),   z = (m - best) / s        (Jones, Schonlau and Welch 1998, equation 15)

with m and s the process's mean and standard deviation.
Of a space that is small enough every unseen element is looked at; of a larger one, mutations of the
best results and fresh samples. What is being trained counts as having the result that the process
expects (the "Kriging believer" of Ginsbourger, Le Riche and Carraro 2010), so that several
proposals at once differ.

Decisions, all for the sake of seconds and of a study that goes on with the same proposals after a
kill:

* The kernel's scales are chosen anew after every fifth result, on the first 5, 10, 15, ... of them,
  always from the
  same start: they are a function of these results alone. All results count in the posterior, which
  is made anew with the scales and takes up the results after that one by one.
* Features of what was trained are computed one architecture at a time and remembered: in a batch of
  another size the last bits might differ.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.special

from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.prediction.gp import GaussianProcess
from nasflow.search.candidates import Candidate, Candidates
from nasflow.search.known import BoolArray, FloatArray
from nasflow.search.posterior import Posterior
from nasflow.search.strategies.base import History, Proposal, Strategy, drawn
from nasflow.search.strategies.registry import SearchConfig
from nasflow.statistics.ranks import normal_scores

PRIOR = 0.02  # on the logarithms of the kernel's scales: with ten results the likelihood alone may choose anything
_REFIT = 5  # results between two choices of the kernel's scales
_MAX_BELIEVED = 32  # proposals made one after another; of more at once the best are taken together


@dataclass(frozen=True)
class BayesianConfig(SearchConfig):
    """What strategies with a Gaussian process have beside the options of all."""

    n_parents: int = 20
    """The best so many are mutated."""
    n_pool: int = 1000
    """Mutations, and as many fresh samples, to choose from where a space is too
    large to list.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self._positive_int("n_parents", "n_pool")


class Bayesian(Strategy):
    """The largest expected improvement of a Gaussian process."""

    n_initial = 10

    Config = BayesianConfig
    config: BayesianConfig

    def __init__(self, config: SearchConfig | None = None) -> None:
        super().__init__(config)
        self._rows: dict[Architecture, FloatArray] = {}  # features of what was proposed
        # kept for the next call, and looked at only if it would be made again just so:
        # the process with the features and scores that it was fitted to
        self._fitted: tuple[FloatArray, FloatArray, GaussianProcess] | None = None
        # the posterior with its pool
        self._last: tuple[Posterior, FloatArray] | None = None
        # of a listed space: rows and their features
        self._elements: tuple[npt.NDArray[np.int64], FloatArray] | None = None

    @abstractmethod
    def features(self, elements: ArchTable) -> FloatArray:
        """(N, d) float64: what the process sees of each element."""

    @abstractmethod
    def groups(self) -> Sequence[int]:
        """Numbers of consecutive features that share scales; their sum is d."""

    def choose(self, history: History, candidates: Candidates, n: int) -> list[Proposal]:
        """The `n` most promising unseen architectures; fresh samples where all results are
        equal.
        """
        if np.ptp(history.utility) == 0:
            return drawn(candidates.fresh(n), "random")
        pool = (
            self._listed_pool(candidates)
            if self.whole is not None
            else self._drawn_pool(history, candidates, n)
        )
        left = pool.left
        if not left.any():
            return []
        scores = normal_scores(history.utility)
        posterior = self._posterior(self._features_of(history.told), history.utility, pool.features)
        # what is under way counts as having the expected result; of very many the newest do
        believed = self._features_of(history.pending[-_MAX_BELIEVED:])
        for row in believed:
            posterior.add(row)
        n_believed, chosen = len(believed), list[Proposal]()
        while len(chosen) < n and left.any():
            mean, deviation = posterior.at_pool(scores)
            promise = np.where(
                left, expected_improvement(mean, deviation, float(scores.max())), -np.inf
            )
            if n <= _MAX_BELIEVED:
                best = [int(promise.argmax())]
            else:
                best = np.argsort(-promise, kind="stable")[: min(n, int(left.sum()))].tolist()
            chosen += [
                Proposal(*pool.take(row), *on_scale(mean[row], deviation[row], history.utility))
                for row in best
            ]
            left[best] = False
            if len(chosen) < n:
                posterior.add(pool.features[best[0]])
                n_believed += 1
        posterior.drop(n_believed)
        return chosen

    def _posterior(self, rows: FloatArray, utility: FloatArray, pool: FloatArray) -> Posterior:
        """The posterior at a pool, given all results; the last call's, as far as its rows and pool
        are the same.
        """
        process, n_fitted = self._process(rows, utility)
        last = self._last
        if (
            last is None
            or last[0].process is not process
            or last[1] is not pool
            or not np.array_equal(last[0].rows, rows[: len(last[0].rows)])
        ):
            last = self._last = Posterior(process, rows[:n_fitted], pool), pool
        for row in rows[len(last[0].rows) :]:
            last[0].add(row)
        return last[0]

    def _process(self, rows: FloatArray, utility: FloatArray) -> tuple[GaussianProcess, int]:
        """The process with scales chosen on the first results (of fewer than `_REFIT`, on all), and
        their number.
        """
        n = max(len(utility) // _REFIT * _REFIT, min(len(utility), _REFIT))
        x, scores = rows[:n], normal_scores(utility[:n])
        if self._fitted is None or not (
            np.array_equal(self._fitted[0], x) and np.array_equal(self._fitted[1], scores)
        ):
            self._fitted = x, scores, GaussianProcess(self.groups(), PRIOR).fit(x, scores)
        return self._fitted[2], n

    def _features_of(self, architectures: Sequence[Architecture]) -> FloatArray:
        """(n, d): the features of some architectures that were proposed; of none, none."""
        for architecture in architectures:
            if architecture not in self._rows:
                self._rows[architecture] = self.features(
                    ArchTable.from_architectures([architecture])
                )[0]
        rows = [self._rows[architecture] for architecture in architectures]
        return np.array(rows).reshape(len(rows), sum(self.groups()))

    def _listed_pool(self, candidates: Candidates) -> _Pool:
        """Every element of a listed space that has no twin before it; left are the unseen ones."""
        assert self.whole is not None
        if self._elements is None:
            rows = np.flatnonzero(self.whole.allowed_first)
            self._elements = rows, self.features(self.whole.table)[rows]
        rows, features = self._elements
        left = np.zeros(len(self.whole.table), bool)
        left[candidates.unseen()] = True
        return _Pool(features, left[rows], lambda i: (candidates.take(int(rows[i])), "model"))

    def _drawn_pool(self, history: History, candidates: Candidates, n: int) -> _Pool:
        """Mutations of the best results, and fresh samples."""
        size = max(n, self.config.n_pool)
        best = np.argsort(-history.utility, kind="stable")[: self.config.n_parents]
        mutations = candidates.mutations(
            [history.told[int(i)] for i in best], -(-size // len(best))
        )
        fresh = candidates.fresh(size)
        found = [*mutations, *fresh]
        features = self._features_of([])
        if found:
            features = self.features(ArchTable.from_architectures([c.architecture for c in found]))
        return _Pool(
            features,
            np.ones(len(found), bool),
            lambda i: (found[i], "model, mutation" if i < len(mutations) else "model, sample"),
        )


@dataclass(frozen=True, eq=False)
class _Pool:
    """Features (N, d) of architectures, no two of them twins; which (N,) may be chosen; what gives
    row i out.
    """

    features: FloatArray
    left: BoolArray
    take: Callable[[int], tuple[Candidate, str]]


def on_scale(mean: float, deviation: float, values: FloatArray) -> tuple[float, float]:
    """A score's mean and standard deviation on the scale of the values that `normal_scores` ranked.

    Between the values in straight lines; beyond the best, on the line through the best and the
    upper quartile.
    """
    score, value = np.sort(normal_scores(values)), np.sort(values)
    quarter = min(3 * len(value) // 4, len(value) - 2)
    rise = (
        (value[-1] - value[quarter]) / (score[-1] - score[quarter])
        if score[-1] > score[quarter]
        else 0.0
    )

    def back(s: float) -> float:
        return float(np.interp(s, score, value) + rise * max(0.0, s - score[-1]))

    return back(mean), (back(mean + deviation) - back(mean - deviation)) / 2


def expected_improvement(mean: FloatArray, deviation: FloatArray, best: float) -> FloatArray:
    """(N,): how much above `best` the results are expected to be, counting those below as 0."""
    s = np.maximum(deviation, 1e-12)
    z = (mean - best) / s
    improvement: FloatArray = s * (
        z * scipy.special.ndtr(z) + np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    )
    return improvement
