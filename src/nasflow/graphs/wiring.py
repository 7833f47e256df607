"""`one_wiring`: whether architectures differ in their operations alone."""

from __future__ import annotations

import numpy as np

from nasflow.graphs.table import ArchTable


def one_wiring(table: ArchTable) -> bool:
    """Whether all graphs have the same nodes and edges; False of no graph.

    Example:
        >>> ops = [[0, 1, 2], [0, 0, 2]]
        >>> one_wiring(ArchTable.from_template(("input", "mlp", "output"), ops, [(0, 1), (1, 2)]))
        True
    """
    sizes, n_edges = np.diff(table.node_ptr), np.diff(table.edge_ptr)
    if not len(table) or np.ptp(sizes) or np.ptp(n_edges):
        return False
    edges = table.edges.reshape(2, len(table), -1)  # (2, N, edges of a graph)
    return bool((edges == edges[:, :1]).all())
