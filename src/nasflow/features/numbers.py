"""totals, log-totals, numbers, log-numbers: what nodes and graphs carry as numbers.

    totals       of each number over all nodes: sum, mean, max, min, how many nodes have it; the
                 numbers of the whole graph, and whether it has them
    numbers      the same of each number over the nodes of each operation, and its value at the
                 deepest of these: the last on the longest path
    log-...      the same in logarithms: of the sum, and of the values of mean, max, min and last

Sizes span decades and costs are products of sizes, so that both scales have their use; the
logarithm is sign(x) log(1 + |x|), which 0 and negative numbers have too. A number that no node has
is 0 in all of its columns, the count among them, which tells it from a true 0.

Only pairs of operation and number that can occur together are worth a column, but which these are
a row alone cannot tell: all have one, and models leave out what is constant. Tables without numbers
have no column at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nasflow.features.base import FeatureGroup, FloatArray, Seen
from nasflow.graphs.table import ArchTable

OVER_NODES = ("sum", "mean", "max", "min", "count")


class Totals(FeatureGroup):
    """Over all nodes, and of the graph."""

    prefix = "totals"
    logarithmic = False

    @property
    def names(self) -> list[str]:
        """`totals.sum.params`, then `totals.resolution` and `totals.has.resolution`."""
        names = []
        for number in self.setting.attr_names:
            names += [f"{self.prefix}.{kind}.{number}" for kind in OVER_NODES]
        for number in self.setting.global_names:
            names += [f"{self.prefix}.{number}", f"{self.prefix}.has.{number}"]
        return names

    def __call__(self, rows: Seen) -> FloatArray:
        """(N, 5 n_attrs + 2 n_globals): see this module's first page."""
        table = rows.pruned
        parts = [np.zeros((len(table), 0))]
        for column in table.attrs.T:
            numbers = _Numbers(table.node_graph, len(table), column, self.logarithmic)
            parts.append(np.stack(numbers.over_nodes, axis=1))
        for column in table.globals.T.astype(np.float64):
            # beside a 0 that stands for none a row needs to say whether it is one
            has = ~np.isnan(column)
            value = np.where(has, column, 0.0)
            parts.append(np.stack([log1p(value) if self.logarithmic else value, has], axis=1))
        return np.hstack(parts)


class LogTotals(Totals):
    """The same in logarithms."""

    prefix = "log-totals"
    logarithmic = True


class Numbers(FeatureGroup):
    """Over the nodes of each operation."""

    prefix = "numbers"
    logarithmic = False

    @property
    def names(self) -> list[str]:
        """`numbers.sum.params@conv`: number by number, operation by operation."""
        names = []
        for number in self.setting.attr_names:
            for op in self.setting.vocabulary:
                names += [f"{self.prefix}.{kind}.{number}@{op}" for kind in (*OVER_NODES, "last")]
        return names

    def __call__(self, rows: Seen) -> FloatArray:
        """(N, 6 n_ops n_attrs): see this module's first page."""
        table = rows.pruned
        n_rows, n_ops = len(table), table.n_ops
        parts = [np.zeros((n_rows, 0))]
        cell = table.node_graph * n_ops + table.ops  # (n_nodes,): row and operation in one
        for column in table.attrs.T:
            numbers = _Numbers(cell, n_rows * n_ops, column, self.logarithmic)
            kinds = [*numbers.over_nodes, numbers.last(table)]
            parts.append(np.stack(kinds, axis=1).reshape(n_rows, n_ops * len(kinds)))
        return np.hstack(parts)


class LogNumbers(Numbers):
    """The same in logarithms."""

    prefix = "log-numbers"
    logarithmic = True


class _Numbers:
    """One number of all nodes, pooled by cells: by row, or by row and operation."""

    def __init__(
        self,
        cell: npt.NDArray[np.int64],
        n_cells: int,
        column: npt.NDArray[np.float32],
        logarithmic: bool,
    ) -> None:
        self.there = np.flatnonzero(~np.isnan(column))  # the nodes that have it
        self.cell, self.n_cells = cell[self.there], n_cells
        value = column[self.there].astype(np.float64)
        self.count = np.bincount(self.cell, minlength=n_cells)
        # the logarithm of the sum, not the sum of logarithms: costs add up
        total: FloatArray = np.bincount(self.cell, value, n_cells).astype(np.float64)
        self.sum = log1p(total) if logarithmic else total
        self.value = log1p(value) if logarithmic else value

    @property
    def over_nodes(self) -> Sequence[npt.NDArray[np.generic]]:
        """(n_cells,) each: as OVER_NODES has them."""
        largest, smallest = np.full(self.n_cells, -np.inf), np.full(self.n_cells, np.inf)
        np.maximum.at(largest, self.cell, self.value)
        np.minimum.at(smallest, self.cell, self.value)
        # infinity is no feature: where nothing was pooled there is 0, and a count that says so
        empty = self.count == 0
        largest[empty] = smallest[empty] = 0.0
        return self.sum, self._mean(self.cell, self.value), largest, smallest, self.count

    def last(self, table: ArchTable) -> FloatArray:
        """(n_cells,): the value at the deepest node; the mean of those that are equally deep."""
        # several may be equally deep, and which of them comes last in the table must not matter
        depth = table.generation[self.there].astype(np.int64)
        deepest = np.full(self.n_cells, -1)
        np.maximum.at(deepest, self.cell, depth)
        last = depth == deepest[self.cell]
        return self._mean(self.cell[last], self.value[last])

    def _mean(self, cell: npt.NDArray[np.int64], value: FloatArray) -> FloatArray:
        total = np.bincount(cell, value, self.n_cells)
        mean: FloatArray = total / np.maximum(np.bincount(cell, minlength=self.n_cells), 1)
        return mean


def log1p(values: npt.NDArray[np.float64]) -> FloatArray:
    """sign(x) log(1 + |x|): a logarithm that 0 and negative numbers have too."""
    logarithm: FloatArray = np.sign(values) * np.log1p(np.abs(values))
    return logarithm
