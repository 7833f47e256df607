"""Codes of architectures that need no learning, as features.

Numbers (N, d) whose columns mean the same in every table of a vocabulary.

`one_hot`: the operation at each node and a bit for each pair of nodes with an edge ("one-hot
adjacency": White et al., "A Study on Encodings for Neural Architecture Search", NeurIPS 2020).
Where the graph is fixed, as NAS-Bench-201's, that is the operation on each edge of the cell.

`counts`: how often each operation occurs, and an edge between each pair of operations: independent
of the order of the nodes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nasflow.graphs.table import ArchTable

FloatArray = npt.NDArray[np.float64]


def one_hot(table: ArchTable, n_nodes: int) -> FloatArray:
    """(N, n_nodes * n_ops + n_pairs): the operation at each node, then a bit for each pair.

    A pair of nodes has its bit if there is an edge, whichever way it goes. Nodes beyond the first
    `n_nodes` are left out, those that are missing are zeros.
    """
    n, graph = len(table), table.node_graph
    rank = np.arange(len(table.ops)) - table.node_ptr[graph]  # each node's number in its graph
    kept = rank < n_nodes
    ops = np.zeros((n, n_nodes, table.n_ops))
    ops[graph[kept], rank[kept], table.ops[kept]] = 1
    adjacent = np.zeros((n, n_nodes, n_nodes))
    source, target = table.edges.astype(np.int64)
    low, high = np.minimum(source, target), np.maximum(source, target)
    kept = high < n_nodes
    adjacent[table.edge_graph[kept], low[kept], high[kept]] = 1
    upper = np.triu_indices(n_nodes, 1)
    return np.hstack([ops.reshape(n, -1), adjacent[:, upper[0], upper[1]]])


def counts(table: ArchTable) -> FloatArray:
    """(N, n_ops + n_ops^2): how often each operation occurs, and an edge of each pair of them."""
    n_ops = table.n_ops
    ops = table.ops.astype(np.int64)
    source, target = table.global_edges()
    pairs = np.zeros((len(table), n_ops**2))
    np.add.at(pairs, (table.node_graph[source], ops[source] * n_ops + ops[target]), 1)
    return np.hstack([table.op_counts().astype(np.float64), pairs])
