"""Gaussian processes on different groups of features, which err differently.

Each group has scales of its own (`nasflow.GaussianProcess`), and what a row would have been
predicted without its label is known in closed form (Rasmussen & Williams 2006, equations 5.10 to
5.12), with the scales that all labels chose.
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from nasflow.prediction.gp import GaussianProcess
from nasflow.prediction.members.base import Blocks, FloatArray, Member, Prediction

MAX_ROWS = 500  # a fit takes the cube of the rows: beyond, a sample of them chooses the scales


class GroupsGP(Member):
    """The process on everything that is known of a graph."""

    groups: ClassVar[tuple[str, ...]] = ("paths", "one-hot", "flow", "proxies")

    def fit(self, blocks: Blocks, scores: FloatArray) -> Self:
        """See `Member.fit`."""
        parts = self._columns(blocks)
        # a column that is the same in all labelled rows says nothing of their labels, and how far
        # another row's value is from it has no unit
        self._varies = [np.ptp(part, axis=0) > 0 for part in parts]
        features, sizes = self._seen(blocks)
        # where all rows look the same the process has nothing to say: their mean is all there is
        self._mean, self._deviation = float(scores.mean()), float(scores.std()) or 1.0
        self._process: GaussianProcess | None = None
        self._n_rows = len(scores)
        if not sizes:
            return self
        process = GaussianProcess(sizes, prior=0.1)
        if len(scores) > MAX_ROWS:
            sample = np.random.RandomState(self.seed).permutation(len(scores))[:MAX_ROWS]
            process.fit(features[sample], scores[sample]).condition(features, scores)
        else:
            process.fit(features, scores)
        self._process = process
        return self

    def predict(self, blocks: Blocks) -> Prediction:
        """See `Member.predict`."""
        features, _ = self._seen(blocks)
        if self._process is None:
            return self._the_same(len(features))
        return Prediction(*self._process.predict(features))

    def out_of_fold(self) -> Prediction:
        """See `Member.out_of_fold`."""
        if self._process is None:
            return self._the_same(self._n_rows)
        return Prediction(*self._process.leave_one_out())

    def _the_same(self, n_rows: int) -> Prediction:
        return Prediction(np.full(n_rows, self._mean), np.full(n_rows, self._deviation))

    def _seen(self, blocks: Blocks) -> tuple[FloatArray, list[int]]:
        """The columns that vary among the labelled rows, and how many of each group."""
        parts = self._columns(blocks)
        kept = [part[:, varies] for part, varies in zip(parts, self._varies, strict=True)]
        kept = [part for part in kept if part.shape[1]]
        n_rows = len(next(iter(blocks.values())))
        return np.hstack([np.zeros((n_rows, 0)), *kept]), [part.shape[1] for part in kept]


class GraphGP(GroupsGP):
    """The process on the graph alone: what it says does not rest on proxies."""

    groups = ("paths", "one-hot", "flow", "counts")


class FlowGP(GroupsGP):
    """The process on counts and flow: smooth where paths are many and labels few."""

    groups = ("counts", "flow")


class CountsGP(GroupsGP):
    """The process on counts and proxies, the fewest columns of all."""

    groups = ("counts", "proxies")
