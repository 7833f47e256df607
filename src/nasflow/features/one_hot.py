"""one-hot: the operation at each node and a bit for each pair of nodes with an edge.

The "one-hot adjacency" of White et al., "A Study on Encodings for Neural Architecture Search",
NeurIPS 2020. Where the graph is fixed, as NAS-Bench-201's, that is the operation on each edge of
the cell. What is on no path from input to output counts as not there.

It is NOT invariant to the order of the nodes: a position is a node's number.
"""

from __future__ import annotations

import numpy as np

from nasflow.features.base import FeatureGroup, FloatArray, Seen
from nasflow.graphs.flat_graphs import BoolArray
from nasflow.graphs.table import ArchTable


class OneHot(FeatureGroup):
    """Positions and what is there."""

    @property
    def names(self) -> list[str]:
        """`one-hot.3=skip`, then `one-hot.0-3`."""
        n_nodes = self.setting.n_nodes
        names = []
        for node in range(n_nodes):
            names += [f"one-hot.{node}={op}" for op in self.setting.vocabulary]
        low, high = np.triu_indices(n_nodes, 1)
        return names + [
            f"one-hot.{i}-{j}" for i, j in zip(low.tolist(), high.tolist(), strict=True)
        ]

    def __call__(self, rows: Seen) -> FloatArray:
        """(N, n_nodes * n_ops + n_nodes (n_nodes - 1) / 2); see `one_hot`."""
        return one_hot(rows.table, self.setting.n_nodes, rows.table.live_nodes())


def one_hot(table: ArchTable, n_nodes: int, there: BoolArray | None = None) -> FloatArray:
    """(N, n_nodes * n_ops + n_nodes (n_nodes - 1) / 2): the operation of each node, then the edges.

    Nodes beyond the first `n_nodes` are left out, those that are missing are zeros.

    Args:
        table: the rows.
        n_nodes: positions that are looked at.
        there: (n_nodes of all rows,) bool, which nodes count; all by default.
    """
    n = len(table)
    graph = table.node_graph
    position = np.arange(len(table.ops)) - table.node_ptr[graph]
    counts = np.ones(len(table.ops), bool) if there is None else there
    # a node beyond the last position has no column, and neither have its edges
    kept = counts & (position < n_nodes)
    ops = np.zeros((n, n_nodes, table.n_ops))
    ops[graph[kept], position[kept], table.ops[kept]] = 1
    source, target = table.global_edges()
    kept = kept[source] & kept[target]
    # the pair of positions, whichever way the edge runs between them
    low = np.minimum(position[source], position[target])[kept]
    high = np.maximum(position[source], position[target])[kept]
    adjacent = np.zeros((n, n_nodes, n_nodes))
    adjacent[graph[source[kept]], low, high] = 1
    upper = np.triu_indices(n_nodes, 1)
    return np.hstack([ops.reshape(n, n_nodes * table.n_ops), adjacent[:, upper[0], upper[1]]])
