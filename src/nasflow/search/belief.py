"""`Belief`: a Gaussian process that learns result by result, and a mixture of several.

The kernel's scales are chosen anew after every fifth result, on the first 5, 10, 15, ... of them,
always from the same start: they are a function of these results alone, and a study goes on with the
same proposals after a kill. All results count in the posterior, which is made anew with the scales
and takes up the results after that one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nasflow.prediction.blend_weights import weights_of
from nasflow.prediction.gp import GaussianProcess
from nasflow.search.known import FloatArray
from nasflow.search.posterior import Posterior
from nasflow.statistics.ranks import normal_scores

_REFIT = 5  # results between two choices of the kernel's scales


class AnyPosterior(Protocol):
    """What is expected at a pool (`nasflow.search.posterior.Posterior`)."""

    rows: FloatArray

    def add(self, row: FloatArray) -> None:
        """One more row (d,) with a result."""

    def drop(self, n: int) -> None:
        """Forget the last `n` rows that were added."""

    def at_pool(self, labels: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean (N,) and standard deviation (N,)."""

    def mean_at(self, rows: FloatArray, labels: FloatArray) -> FloatArray:
        """(k,): what is expected of other rows (k, d)."""


class Belief:
    """A process with what it has learnt so far.

    Args:
        groups: numbers of consecutive features that share scales.
        prior: precision of the prior of the scales' logarithms.
    """

    def __init__(self, groups: Sequence[int], prior: float) -> None:
        self._groups, self._prior = groups, prior
        # kept for the next call, and used only where it would be made again just so
        self._fit: _Fit | None = None
        self._last: tuple[Posterior, FloatArray] | None = None  # with its pool's features

    def posterior(self, rows: FloatArray, utility: FloatArray, pool: FloatArray) -> Posterior:
        """The posterior at a pool, given all results.

        Args:
            rows: (n_results, d) features of what has a result.
            utility: (n_results,) the results.
            pool: (N, d) features of what may be chosen; the same array while it is the same pool.
        """
        process, n_fitted = self._process(rows, utility)
        if self._last is not None:
            posterior, its_pool = self._last
            n_kept = len(posterior.rows)
            is_same = posterior.process is process and its_pool is pool
            # the result of an early proposal may come late: then the first rows are others
            if not is_same or not np.array_equal(posterior.rows, rows[:n_kept]):
                self._last = None
        if self._last is None:
            self._last = Posterior(process, rows[:n_fitted], pool), pool
        posterior, _ = self._last
        for row in rows[len(posterior.rows) :]:
            posterior.add(row)
        return posterior

    def _process(self, rows: FloatArray, utility: FloatArray) -> tuple[GaussianProcess, int]:
        """The process, and on how many of the first results its scales were chosen."""
        # of fewer than `_REFIT` on all: the search may begin with two
        n = max(len(utility) // _REFIT * _REFIT, min(len(utility), _REFIT))
        first_rows, scores = rows[:n], normal_scores(utility[:n])
        if self._fit is None or not self._fit.matches(first_rows, scores):
            process = GaussianProcess(self._groups, self._prior).fit(first_rows, scores)
            self._fit = _Fit(first_rows, scores, process)
        return self._fit.process, n


@dataclass(frozen=True, eq=False)
class _Fit:
    """A process, and what its scales were chosen on."""

    rows: FloatArray
    """(n, d)"""
    scores: FloatArray
    """(n,)"""
    process: GaussianProcess

    def matches(self, rows: FloatArray, scores: FloatArray) -> bool:
        """Whether a process fitted to these would be the same."""
        return np.array_equal(self.rows, rows) and np.array_equal(self.scores, scores)


class View:
    """A belief that sees some of the features.

    Args:
        columns: those that it sees, in its order.
        groups: numbers of consecutive ones that share scales.
        prior: as in `Belief`.
    """

    def __init__(self, columns: Sequence[int], groups: Sequence[int], prior: float) -> None:
        self.columns = list(columns)
        self._belief = Belief(groups, prior)
        self._pool: tuple[FloatArray, FloatArray] | None = None  # of all features, and its own

    def posterior(self, rows: FloatArray, utility: FloatArray, pool: FloatArray) -> Posterior:
        """As `Belief.posterior`, of rows and pool with all features."""
        # the same pool must be the same array for what it is built on
        if self._pool is None or self._pool[0] is not pool:
            self._pool = pool, np.ascontiguousarray(pool[:, self.columns])
        return self._belief.posterior(rows[:, self.columns], utility, self._pool[1])


class MixedPosterior:
    """The mixture of several posteriors over views of the same rows.

    Args:
        parts: a view and its posterior, each.
        rows: (n, d) what has results, with all features.
        scores: (n,) their normal scores.
        ridge: how strongly the weights are drawn to equal ones (`nasflow.Blend`).
    """

    def __init__(
        self,
        parts: Sequence[tuple[View, Posterior]],
        rows: FloatArray,
        scores: FloatArray,
        ridge: float,
    ) -> None:
        self._parts = parts
        self.rows = rows
        # what each would have said of a result that it did not have, as a blend weighs its members
        unseen = []
        for _, posterior in parts:
            posterior.process.condition(posterior.rows, scores)
            unseen.append(posterior.process.leave_one_out()[0])
        self._weights = weights_of(np.stack(unseen), scores, ridge)

    def add(self, row: FloatArray) -> None:
        """One more row (d,) with a result."""
        for view, posterior in self._parts:
            posterior.add(row[view.columns])

    def drop(self, n: int) -> None:
        """Forget the last `n` rows that were added."""
        for _, posterior in self._parts:
            posterior.drop(n)

    def at_pool(self, labels: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean (N,) and standard deviation (N,): their own, and how far apart they are."""
        said = [posterior.at_pool(labels) for _, posterior in self._parts]
        means = np.stack([mean for mean, _ in said])  # (n_views, N)
        variances = np.stack([deviation for _, deviation in said]) ** 2
        mean = self._weights @ means
        variance = self._weights @ (variances + (means - mean) ** 2)
        return mean, np.sqrt(variance)

    def mean_at(self, rows: FloatArray, labels: FloatArray) -> FloatArray:
        """(k,): what they expect of other rows (k, d) with all features."""
        said = [posterior.mean_at(rows[:, view.columns], labels) for view, posterior in self._parts]
        mean: FloatArray = self._weights @ np.stack(said)
        return mean
