"""Gaussian processes on different groups of features, which err differently.

Each group has scales of its own (`nasflow.GaussianProcess`). What a row would have been predicted
without its label is known in closed form (Rasmussen & Williams 2006, equations 5.10 to 5.12), but
with scales that its label has helped to choose: with few labels that makes a process look better,
and surer, than it is. There folds choose their scales anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from nasflow.errors import CheckpointError
from nasflow.prediction.gp import GaussianProcess
from nasflow.prediction.members.base import FloatArray, Member, Prediction, Rows, folds

PRIOR = 0.1
N_FOLDS = 8
MAX_FOLDED = 200  # rows: of more, what all of them chose is what all but one would have
MAX_ROWS = 500  # a fit takes the cube of the rows: beyond, a sample of them chooses the scales


class GroupsGP(Member):
    """The process on everything that is known of a graph."""

    groups: ClassVar[tuple[str, ...]] = (
        *("paths", "one-hot", "flow", "proxies"),
        # of graphs whose nodes carry numbers; others have no such columns
        *("log-totals", "log-sums"),
    )
    _process: GaussianProcess | None
    _unseen: Prediction | None

    def fit(self, rows: Rows, scores: FloatArray) -> Self:
        """See `Member.fit`."""
        features, sizes = self._begin(rows, scores)
        if not sizes:
            return self
        process = GaussianProcess(sizes, prior=PRIOR)
        sample = self._sample(len(scores))
        process.fit(features[sample], scores[sample])
        if len(scores) > MAX_ROWS:
            process.condition(features, scores)
        self._process = process
        self._unseen = self._by_folds(features, sizes, scores)
        return self

    def _sample(self, n_rows: int) -> slice | npt.NDArray[np.int64]:
        """The labelled rows that choose the scales."""
        if n_rows <= MAX_ROWS:
            return slice(None)
        return np.random.RandomState(self.seed).permutation(n_rows)[:MAX_ROWS]

    def _by_folds(
        self, features: FloatArray, sizes: list[int], scores: FloatArray
    ) -> Prediction | None:
        """What would be said of each row with scales chosen by the others; None of many rows."""
        process, n_rows = self._process, len(scores)
        if process is None or n_rows > MAX_FOLDED:
            return None
        fold = folds(n_rows, N_FOLDS, self.seed)
        mean, deviation = np.zeros(n_rows), np.zeros(n_rows)
        for number in range(fold.max() + 1):
            held_out, trained = fold == number, fold != number
            if trained.sum() < 2:
                return None
            without = GaussianProcess(sizes, prior=PRIOR)
            without.fit(features[trained], scores[trained], process.log_scales)
            mean[held_out], deviation[held_out] = without.predict(features[held_out])
        return Prediction(mean, deviation)

    def state(self) -> dict[str, FloatArray]:
        """See `Member.state`: the scales."""
        return {} if self._process is None else self._process.state()

    def restore(self, rows: Rows, scores: FloatArray, state: Mapping[str, FloatArray]) -> Self:
        """See `Member.restore`.

        Raises:
            CheckpointError: the columns are others than those that it was fitted on.
        """
        features, sizes = self._begin(rows, scores)
        if sizes:
            # files of earlier versions may have several zero-cost columns in another order
            mean = features[self._sample(len(scores))].mean(axis=0)
            if mean.shape != state["mean"].shape or not np.allclose(mean, state["mean"]):
                raise CheckpointError(
                    "the model's zero-cost columns stand in another order than when it was fitted,"
                    " which earlier versions did not keep: fit it anew"
                )
            self._process = GaussianProcess.restore(state, features, scores)
        return self

    def _begin(self, rows: Rows, scores: FloatArray) -> tuple[FloatArray, list[int]]:
        """Take note of what varies; the columns that do, and how many of each group."""
        parts = rows.columns(self.groups)
        # a column that is the same in all labelled rows says nothing of their labels, and how far
        # another row's value is from it has no unit
        self._varies = [np.ptp(part, axis=0) > 0 for part in parts]
        # where all rows look the same the process has nothing to say: their mean is all there is
        self._mean, self._deviation = float(scores.mean()), float(scores.std()) or 1.0
        self._process = None
        self._unseen = None
        self._n_rows = len(scores)
        return self._seen(rows)

    def predict(self, rows: Rows) -> Prediction:
        """See `Member.predict`."""
        features, _ = self._seen(rows)
        if self._process is None:
            return self._the_same(len(features))
        return Prediction(*self._process.predict(features))

    def predict_mean(self, rows: Rows) -> FloatArray:
        """See `Member.predict_mean`."""
        if self._process is None:
            return self.predict(rows).mean
        return self._process.predict_mean(self._seen(rows)[0])

    def out_of_fold(self) -> Prediction:
        """See `Member.out_of_fold`."""
        if self._process is None:
            return self._the_same(self._n_rows)
        if self._unseen is not None:
            return self._unseen
        return Prediction(*self._process.leave_one_out())

    def _the_same(self, n_rows: int) -> Prediction:
        return Prediction(np.full(n_rows, self._mean), np.full(n_rows, self._deviation))

    def _seen(self, rows: Rows) -> tuple[FloatArray, list[int]]:
        """The columns that vary among the labelled rows, and how many of each group."""
        parts = rows.columns(self.groups)
        kept = [part[:, varies] for part, varies in zip(parts, self._varies, strict=True)]
        kept = [part for part in kept if part.shape[1]]
        return np.hstack([np.zeros((len(rows), 0)), *kept]), [part.shape[1] for part in kept]


class GraphGP(GroupsGP):
    """The process on the graph alone: what it says does not rest on proxies."""

    groups = ("paths", "one-hot", "flow", "counts")


class TotalsGP(GroupsGP):
    """The process on sums of numbers over the graph: what a person would plot labels against."""

    groups = ("totals", "log-totals", "proxies")


class SumsGP(GroupsGP):
    """The process on the numbers of each operation's nodes."""

    groups = ("sums", "log-sums", "log-totals", "values", "proxies")


class FlowGP(GroupsGP):
    """The process on counts and flow: smooth where paths are many and labels few."""

    groups = ("counts", "flow")


class CountsGP(GroupsGP):
    """The process on counts and proxies, the fewest columns of all."""

    groups = ("counts", "proxies")
