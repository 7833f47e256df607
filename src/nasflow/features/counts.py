"""counts: how often each operation occurs, and an edge between each pair of operations."""

from __future__ import annotations

import numpy as np

from nasflow.features.base import FeatureGroup, FloatArray, Seen
from nasflow.graphs.table import ArchTable


class Counts(FeatureGroup):
    """Independent of the order of the nodes."""

    @property
    def names(self) -> list[str]:
        """`counts.conv3x3`, then `counts.conv3x3>skip`."""
        ops = self.setting.vocabulary
        pairs = [f"counts.{source}>{target}" for source in ops for target in ops]
        return [f"counts.{op}" for op in ops] + pairs

    def __call__(self, rows: Seen) -> FloatArray:
        """(N, n_ops + n_ops^2): operations, then edges by operation pair."""
        return counts(rows.pruned)


def counts(table: ArchTable) -> FloatArray:
    """(N, n_ops + n_ops^2): operations, then edges by operation pair, of the rows as they are."""
    n_ops = table.n_ops
    ops = table.ops.astype(np.int64)
    source, target = table.global_edges()
    # (n_edges,): row, operation it leaves, operation it arrives at, as one number
    pair = (table.node_graph[source] * n_ops + ops[source]) * n_ops + ops[target]
    pairs = np.bincount(pair, minlength=len(table) * n_ops**2).reshape(len(table), n_ops**2)
    return np.hstack([table.op_counts(), pairs]).astype(np.float64)
