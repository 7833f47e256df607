"""PyTorch Geometric graphs (extra `pyg`): operations in `x`, edges in `edge_index`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.importers.assemble import RawGraph, assemble
from nasflow.importers.features import operation_names
from nasflow.importers.mapping import Names
from nasflow.running.extras import require_extra


def from_pyg(
    data: Any, names: Sequence[str] | None = None, mapping: Names = None, cycles: str = "refuse"
) -> Architecture:
    """The architecture of a `torch_geometric.data.Data`.

    Args:
        data: with `x`, (n_nodes, n_ops) one-hot or (n_nodes,) indices, and `edge_index`, (2,
            n_edges) integers.
        names: what column or index i of `x` is called; `op0`, `op1`, ... by default.
        mapping: other names for operations, or a mapping file; `ignore` drops a node and joins its
            neighbours.
        cycles: "refuse" (an error that names the cycle) or "condense" (each one becomes a node).

    Raises:
        MissingExtraError: torch-geometric is not installed.
        GraphError: no `Data` of one graph, no such tensors, an edge to nowhere, a cycle. (An
            undirected graph, with each edge in both directions, is full of cycles.)
    """
    module = require_extra("torch_geometric.data", "pyg", "importing PyTorch Geometric graphs")
    # a batch is a Data too: one graph of several unconnected ones
    if not isinstance(data, module.Data) or isinstance(data, module.Batch):
        raise GraphError(
            f"{type(data).__name__} is no torch_geometric Data; give one graph at a time"
        )
    features, edges = data.x, data.edge_index
    if not isinstance(features, torch.Tensor) or not isinstance(edges, torch.Tensor):
        raise GraphError(f"the graph needs tensors x and edge_index; it has {sorted(data.keys())}")
    if edges.ndim != 2 or edges.shape[0] != 2 or edges.is_floating_point() or edges.is_complex():
        raise GraphError(
            f"edge_index has shape {tuple(edges.shape)} and type {edges.dtype}; "
            "legal: (2, n_edges) integers"
        )
    values = features.detach().cpu()
    # half precision of every kind to a type that NumPy has
    if values.is_floating_point():
        values = values.float()
    ops = operation_names(values.numpy(), names)
    raw = RawGraph(
        names=[str(node) for node in range(len(ops))],
        ops=ops,
        edges=[(source, target) for source, target in edges.T.tolist()],
    )
    return assemble(raw, mapping, cycles)
