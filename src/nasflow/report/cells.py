"""The architectures of a report as arrays, which the page unpacks and draws on hover.

    vocabulary   (n_ops,) names         operations
    rows         (n,) int               rows of the data set that are here
    n_nodes      (n,)                   nodes of each architecture
    ops          (n_nodes.sum(),)       operation of every node, architecture after architecture
    n_edges      (n,)                   edges of each
    sources      (n_edges.sum(),)       and
    targets      (n_edges.sum(),)       their ends, counted from 0 within the architecture

Each array is {"type": its NumPy type, "zlib": base64 of its little-endian bytes, compressed}: the
15,625 cells of NAS-Bench-201 take 32 kB so, and a browser unpacks them by itself
(DecompressionStream).
"""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.graphs.table import ArchTable
from nasflow.report.section import Data


def pack_cells(table: ArchTable, rows: npt.NDArray[np.int64]) -> Data:
    """The architectures `rows` of `table` in the form above."""
    part = table[rows]
    return {
        "vocabulary": list(part.vocabulary),
        "rows": packed(rows.astype(np.uint32)),
        "n_nodes": packed(np.diff(part.node_ptr).astype(np.uint32)),
        "ops": packed(part.ops),
        "n_edges": packed(np.diff(part.edge_ptr).astype(np.uint32)),
        # as two arrays: targets ascend within an architecture, which compresses better by itself
        "sources": packed(_unsigned(part.edges[0])),
        "targets": packed(_unsigned(part.edges[1])),
    }


def packed(array: npt.NDArray[Any]) -> Data:
    """An unsigned array as JSON."""
    content = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"))).tobytes()
    return {"type": array.dtype.name, "zlib": base64.b64encode(zlib.compress(content, 9)).decode()}


def _unsigned(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return array if array.dtype.kind == "u" else array.astype(np.uint32)
