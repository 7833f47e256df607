"""totals, sums, values: what nodes and graphs carry as numbers, pooled over nodes.

    totals       of each number the sum over all nodes; the numbers of the graph, and whether it
                 has them
    sums         of each number the sum over the nodes of each operation
    log-...      both in logarithms
    values       of each number, over the nodes of each operation: mean, largest and smallest, in
                 logarithms, how many nodes have it, and its value at the deepest of them: the last
                 on the longest path

Sizes span decades and costs are products of sizes, but costs add up: so sums have both scales. The
logarithm is sign(x) log(1 + |x|), which 0 and negative numbers have too. A number that no node has
is 0 in all of its columns, the count among them, which tells it from a true 0.

Only pairs of operation and number that can occur together are worth a column, but which these are
a row alone cannot tell: all have one, and models leave out what is constant. Tables without numbers
have no column at all.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nasflow.features.base import FeatureGroup, FloatArray, Seen
from nasflow.graphs.number_units import log1p
from nasflow.graphs.table import ArchTable

KINDS = ("mean", "max", "min", "count", "last")


class Totals(FeatureGroup):
    """What adds up over the graph, and what it has as a whole."""

    prefix = "totals"
    logarithmic = False

    @property
    def names(self) -> list[str]:
        """`totals.sum.params`, then `totals.resolution` and `totals.has.resolution`."""
        names = [f"{self.prefix}.sum.{number}" for number in self.setting.attr_names]
        for number in self.setting.global_names:
            names += [f"{self.prefix}.{number}", f"{self.prefix}.has.{number}"]
        return names

    def __call__(self, rows: Seen) -> FloatArray:
        """(N, n_attrs + 2 n_globals): see this module's first page."""
        table = rows.pruned
        parts = [np.zeros((len(table), 0)), _sums(table, table.node_graph, len(table))]
        for column in table.globals.T.astype(np.float64):
            # beside a 0 that stands for none a row needs to say whether it is one
            has = ~np.isnan(column)
            parts.append(np.stack([np.where(has, column, 0.0), has], axis=1))
        totals = np.hstack(parts)
        return log1p(totals) if self.logarithmic else totals


class LogTotals(Totals):
    """The same in logarithms."""

    prefix = "log-totals"
    logarithmic = True


class Sums(FeatureGroup):
    """What adds up over the nodes of each operation."""

    prefix = "sums"
    logarithmic = False

    @property
    def names(self) -> list[str]:
        """`sums.params@conv`: number by number, operation by operation."""
        ops = self.setting.vocabulary
        return [f"{self.prefix}.{name}@{op}" for name in self.setting.attr_names for op in ops]

    def __call__(self, rows: Seen) -> FloatArray:
        """(N, n_attrs n_ops): see this module's first page."""
        table = rows.pruned
        n_columns = len(table.attr_names) * table.n_ops
        cells = _sums(table, _cells(table), len(table) * table.n_ops)  # (N n_ops, n_attrs)
        by_row = cells.reshape(len(table), table.n_ops, len(table.attr_names)).swapaxes(1, 2)
        sums = by_row.reshape(len(table), n_columns)
        return log1p(sums) if self.logarithmic else sums


class LogSums(Sums):
    """The same in logarithms: of the sum, since costs add up."""

    prefix = "log-sums"
    logarithmic = True


class Values(FeatureGroup):
    """What the nodes of each operation have."""

    @property
    def names(self) -> list[str]:
        """`values.mean.width@conv`: number by number, operation by operation."""
        # as `__call__` stacks them: by number, then by operation, then by kind
        names = []
        for number in self.setting.attr_names:
            for op in self.setting.vocabulary:
                names += [f"values.{kind}.{number}@{op}" for kind in KINDS]
        return names

    def __call__(self, rows: Seen) -> FloatArray:
        """(N, 5 n_ops n_attrs): see this module's first page."""
        table = rows.pruned
        cell, n_cells = _cells(table), len(table) * table.n_ops
        n_columns = table.n_ops * len(KINDS)
        parts = [np.zeros((len(table), 0))]
        for column in table.attrs.T:
            there = np.flatnonzero(~np.isnan(column))  # the nodes that have it
            value = log1p(column[there].astype(np.float64))
            depth = table.generation[there].astype(np.int64)
            kinds = _pooled(cell[there], value, depth, n_cells)
            parts.append(np.stack(kinds, axis=1).reshape(len(table), n_columns))
        return np.hstack(parts)


def _cells(table: ArchTable) -> npt.NDArray[np.int64]:
    """(n_nodes,): row and operation of each node in one number."""
    cells: npt.NDArray[np.int64] = table.node_graph * table.n_ops + table.ops
    return cells


def _sums(table: ArchTable, cell: npt.NDArray[np.int64], n_cells: int) -> FloatArray:
    """(n_cells, n_attrs): each number summed over the nodes of each cell (n_nodes,)."""
    # in float64: float32 would lose the small layers beside a large one
    values = np.nan_to_num(table.attrs.astype(np.float64))
    sums = np.zeros((n_cells, values.shape[1]))
    for i, column in enumerate(values.T):
        sums[:, i] = np.bincount(cell, column, n_cells)
    return sums


def _pooled(
    cell: npt.NDArray[np.int64], value: FloatArray, depth: npt.NDArray[np.int64], n_cells: int
) -> list[FloatArray]:
    """(n_cells,) each, as KINDS has them, of nodes (n,) that have a number."""
    count = np.bincount(cell, minlength=n_cells)
    largest, smallest = np.full(n_cells, -np.inf), np.full(n_cells, np.inf)
    np.maximum.at(largest, cell, value)
    np.minimum.at(smallest, cell, value)
    # infinity is no feature: where nothing was pooled there is 0, and a count that says so
    largest[count == 0] = smallest[count == 0] = 0.0
    # several may be equally deep, and which of them comes last in the table must not matter
    deepest = np.full(n_cells, -1)
    np.maximum.at(deepest, cell, depth)
    last = depth == deepest[cell]
    last_value = _mean(cell[last], value[last], n_cells)
    return [_mean(cell, value, n_cells), largest, smallest, count * 1.0, last_value]


def _mean(cell: npt.NDArray[np.int64], value: FloatArray, n_cells: int) -> FloatArray:
    total = np.bincount(cell, value, n_cells)
    mean: FloatArray = total / np.maximum(np.bincount(cell, minlength=n_cells), 1)
    return mean
