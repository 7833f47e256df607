"""layers-gp, layers-sums-gp: Gaussian processes on sums over the nodes of graphs with numbers.

The members for latency, energy and memory, which are nearly such sums, and for spaces of sizes
(`nasflow.prediction.layers_process`). Beside the nodes they look at features of the whole graph.
Of tables without numbers they have nothing to say but the mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from nasflow.graphs.number_units import log1p
from nasflow.graphs.table import ArchTable
from nasflow.prediction.layers_process import Layers, LayersProcess
from nasflow.prediction.members.base import FloatArray, Member, Prediction, Rows

N_FOLDS = 8
MAX_FOLDED = 200  # rows: of more, what all of them chose is what all but one would have
MAX_ROWS = 200  # every step of the search compares all nodes: beyond, a sample chooses the scales
N_STEPS_OF_FOLD = 12  # from the scales of all rows, which are near


class LayersGP(Member):
    """The process on nodes, their numbers in logarithms, and on sums of them."""

    groups: ClassVar[tuple[str, ...]] = ("totals", "log-totals", "counts", "proxies")
    reads_graph = True
    _process: LayersProcess | None
    _unseen: Prediction | None

    def fit(self, rows: Rows, scores: FloatArray) -> Self:
        """See `Member.fit`."""
        layers = self._begin(rows, scores)
        n_rows = len(scores)
        # equal labels, or graphs that carry no number: the mean is all there is to say
        if not rows.table.has_numbers or np.ptp(scores) == 0:
            return self
        order = np.random.RandomState(self.seed).permutation(n_rows)
        sample = np.sort(order[:MAX_ROWS])
        process = LayersProcess().fit(layers.rows(sample).merged(), scores[sample])
        self._process = process.condition(layers.merged(), scores)
        if n_rows <= MAX_FOLDED:
            self._unseen = self._by_folds(layers, scores, order % min(N_FOLDS, n_rows))
        return self

    def _by_folds(
        self, layers: Layers, scores: FloatArray, fold: npt.NDArray[np.int64]
    ) -> Prediction:
        """What would be said of each row with scales chosen by the others."""
        mean, deviation = np.zeros(len(scores)), np.zeros(len(scores))
        for number in range(fold.max() + 1):
            held_out, trained = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
            # one label, or equal ones, choose no scales
            if np.ptp(scores[trained]) == 0:
                mean[held_out], deviation[held_out] = scores[trained].mean(), self._deviation
                continue
            without = LayersProcess()
            seen = layers.rows(trained).merged()
            without.fit(seen, scores[trained], self._process, N_STEPS_OF_FOLD)
            mean[held_out], deviation[held_out] = without.predict(layers.rows(held_out))
        return Prediction(mean, deviation)

    def predict(self, rows: Rows) -> Prediction:
        """See `Member.predict`."""
        if self._process is None:
            return self._the_same(len(rows))
        return Prediction(*self._process.predict(self._layers(rows)))

    def predict_mean(self, rows: Rows) -> FloatArray:
        """See `Member.predict_mean`."""
        if self._process is None:
            return self._the_same(len(rows)).mean
        return self._process.predict_mean(self._layers(rows))

    def out_of_fold(self) -> Prediction:
        """See `Member.out_of_fold`."""
        if self._process is None:
            return self._the_same(self._n_rows)
        if self._unseen is not None:
            return self._unseen
        return Prediction(*self._process.leave_one_out())

    def state(self) -> dict[str, FloatArray]:
        """See `Member.state`: scales and landmarks."""
        return {} if self._process is None else self._process.state()

    def restore(self, rows: Rows, scores: FloatArray, state: Mapping[str, FloatArray]) -> Self:
        """See `Member.restore`."""
        layers = self._begin(rows, scores)
        if state:
            self._process = LayersProcess.restore(state, layers.merged(), scores)
        return self

    def _the_same(self, n_rows: int) -> Prediction:
        return Prediction(np.full(n_rows, self._mean), np.full(n_rows, self._deviation))

    # -- nodes and groups in units of the labelled rows -------------------------------------------

    def _begin(self, rows: Rows, scores: FloatArray) -> Layers:
        """Take note of units and of what varies; the labelled rows in them."""
        self._mean, self._deviation = float(scores.mean()), float(scores.std()) or 1.0
        self._process, self._unseen, self._n_rows = None, None, len(scores)
        self._of_nodes = _Unit(_numbers(rows.table.pruned()))
        self._of_groups = [_Unit(block) for block in rows.columns(self.groups)]
        return self._layers(rows)

    def _layers(self, rows: Rows) -> Layers:
        table = rows.table.pruned() if len(rows) else rows.table
        blocks = rows.columns(self.groups)
        groups = [unit(block) for unit, block in zip(self._of_groups, blocks, strict=True)]
        # a group in which all labelled rows are equal says nothing of them
        there = [group for group in groups if group.shape[1]]
        ops, numbers = table.ops.astype(np.int64), self._of_nodes(_numbers(table))
        return Layers.of(ops, numbers, table.node_ptr, there)


class LayersSumsGP(LayersGP):
    """The same, beside the nodes with what their numbers add up to for each operation."""

    groups = ("sums", "log-sums", "log-totals", "proxies")


class _Unit:
    """The columns that vary in some rows, with mean 0 and deviation 1 in these."""

    def __init__(self, columns: FloatArray) -> None:
        there = ~np.isnan(columns)
        n_there = np.maximum(there.sum(axis=0), 1)
        self._mean = np.where(there, columns, 0.0).sum(axis=0) / n_there
        away = np.where(there, columns - self._mean, 0.0)
        self._scale = np.sqrt((away**2).sum(axis=0) / n_there)
        # by rounding alone a column of equal values has a deviation as well
        self._varies = self._scale > 1e-9 * np.maximum(np.abs(self._mean), 1e-9)

    def __call__(self, columns: FloatArray) -> FloatArray:
        kept = columns[:, self._varies]
        scaled = (kept - self._mean[self._varies]) / self._scale[self._varies]
        # in the middle: that it is missing another column says
        there: FloatArray = np.nan_to_num(scaled)
        return there


def _numbers(table: ArchTable) -> FloatArray:
    """(n_nodes, 2 n_attrs): numbers of nodes in logarithms, NaN for none; and whether there are."""
    numbers = log1p(table.attrs.astype(np.float64))
    return np.hstack([numbers, ~np.isnan(numbers)])
