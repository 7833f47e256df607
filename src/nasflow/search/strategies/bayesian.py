"""`Bayesian`: search with a Gaussian process over features of architectures, whatever these are.

The results become normal scores (the quantiles of their ranks): accuracies have a long lower tail, and what matters
is the order at the top. A proposal has the largest expected improvement over the best score,

    EI = s (z Phi(z) + phi(z)),   z = (m - best) / s        (Jones, Schonlau and Welch 1998, equation 15)

with m and s the process's mean and standard deviation.
Of a space that is small enough every unseen element is looked at; of a larger one, mutations of the best results and
fresh samples. What is being trained counts as having the result that the process expects (the "Kriging believer" of
Ginsbourger, Le Riche and Carraro 2010), so that several proposals at once differ.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.stats

from nasflow.architecture import Architecture
from nasflow.gp import GaussianProcess
from nasflow.search.candidates import Candidate, Candidates
from nasflow.search.known import FloatArray
from nasflow.search.strategies.base import History, Proposal, Strategy, drawn
from nasflow.table import ArchTable

PRIOR = 0.02  # on the logarithms of the kernel's scales: with ten results the likelihood alone may choose anything
_MAX_BELIEVED = 32  # proposals made one after another; of more at once the best are taken together
_CHUNK = 20_000  # rows whose posterior is computed at a time


class Bayesian(Strategy):
    """The largest expected improvement of a Gaussian process."""

    n_initial = 10

    @abstractmethod
    def features(self, elements: ArchTable) -> FloatArray:
        """(N, d) float64: what the process sees of each element."""

    @abstractmethod
    def groups(self) -> Sequence[int]:
        """Numbers of consecutive features that share scales; their sum is d."""

    def choose(self, history: History, candidates: Candidates, n: int) -> list[Proposal]:
        """The `n` most promising unseen architectures; fresh samples where all results are equal."""
        if np.ptp(history.utility) == 0:
            return drawn(candidates.fresh(n), "random")
        pool = self._listed_pool(candidates) if self.whole is not None else self._drawn_pool(history, candidates, n)
        if not len(pool.features):
            return []
        scores = normal_scores(history.utility)
        x = self._features_of(history.told)
        process = GaussianProcess(self.groups(), PRIOR).fit(x, scores)
        believed = self._features_of(history.pending)
        chosen: list[Proposal] = []
        left = np.ones(len(pool.features), bool)
        while len(chosen) < n and left.any():
            if len(believed):
                expected = process.condition(x, scores).predict(believed)[0]
                process.condition(np.vstack([x, believed]), np.concatenate([scores, expected]))
            mean, deviation = _in_chunks(process, pool.features)
            promise = np.where(left, expected_improvement(mean, deviation, float(scores.max())), -np.inf)
            n_now = 1 if n <= _MAX_BELIEVED else min(n, int(left.sum()))
            best = np.argsort(-promise, kind="stable")[:n_now]
            chosen += [Proposal(*pool.take(row), *on_scale(mean[row], deviation[row], history.utility))
                       for row in best.tolist()]
            left[best] = False
            believed = np.vstack([believed, pool.features[best]])
        return chosen

    def _features_of(self, architectures: Sequence[Architecture]) -> FloatArray:
        """(n, d): the features of some architectures; of none, none."""
        if not architectures:
            return np.zeros((0, sum(self.groups())))
        return self.features(ArchTable.from_architectures(architectures))

    def _listed_pool(self, candidates: Candidates) -> _Pool:
        """Every unseen element of a listed space."""
        assert self.whole is not None
        rows = candidates.unseen()
        return _Pool(self.features(self.whole.table)[rows], lambda i: (candidates.take(int(rows[i])), "model"))

    def _drawn_pool(self, history: History, candidates: Candidates, n: int) -> _Pool:
        """Mutations of the best results, and fresh samples."""
        size = max(n, self.config.n_pool)
        best = np.argsort(-history.utility, kind="stable")[: self.config.n_parents]
        mutations = candidates.mutations([history.told[int(i)] for i in best], -(-size // len(best)))
        fresh = candidates.fresh(size)
        found = [*mutations, *fresh]
        return _Pool(self._features_of([c.architecture for c in found]),
                     lambda i: (found[i], "model, mutation" if i < len(mutations) else "model, sample"))


@dataclass(frozen=True, eq=False)
class _Pool:
    """What may be chosen, no two of it twins: features (N, d), and a function that gives row i out."""

    features: FloatArray
    take: Callable[[int], tuple[Candidate, str]]


def normal_scores(values: FloatArray) -> FloatArray:
    """(n,): quantiles of the standard normal distribution at the values' ranks, equal for equal values."""
    scores: FloatArray = scipy.stats.norm.ppf((scipy.stats.rankdata(values) - 0.5) / len(values))
    return scores


def on_scale(mean: float, deviation: float, values: FloatArray) -> tuple[float, float]:
    """A score's mean and standard deviation on the scale of the values that `normal_scores` ranked.

    Between the values in straight lines; beyond the best, on the line through the best and the upper quartile.
    """
    score, value = np.sort(normal_scores(values)), np.sort(values)
    quarter = min(3 * len(value) // 4, len(value) - 2)
    rise = (value[-1] - value[quarter]) / (score[-1] - score[quarter]) if score[-1] > score[quarter] else 0.0

    def back(s: float) -> float:
        return float(np.interp(s, score, value) + rise * max(0.0, s - score[-1]))

    return back(mean), (back(mean + deviation) - back(mean - deviation)) / 2


def expected_improvement(mean: FloatArray, deviation: FloatArray, best: float) -> FloatArray:
    """(N,): how much above `best` the results are expected to be, counting those below as 0."""
    s = np.maximum(deviation, 1e-12)
    z = (mean - best) / s
    improvement: FloatArray = s * (z * scipy.stats.norm.cdf(z) + scipy.stats.norm.pdf(z))
    return improvement


def _in_chunks(process: GaussianProcess, features: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of all rows, in bounded memory."""
    parts = [process.predict(features[i : i + _CHUNK]) for i in range(0, len(features), _CHUNK)]
    means, deviations = zip(*parts, strict=True)
    return np.concatenate(means), np.concatenate(deviations)
