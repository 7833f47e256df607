"""PyTorch Geometric graphs (extra `pyg`): operations in `x`, edges in `edge_index`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.importers.assemble import RawGraph, assemble
from nasflow.importers.columns import numbers_of_nodes
from nasflow.importers.features import operation_names
from nasflow.importers.mapping import Names
from nasflow.running.extras import require_extra


def from_pyg(
    data: Any,
    names: Sequence[str] | None = None,
    mapping: Names = None,
    cycles: str = "refuse",
    *,
    attrs: Sequence[str] = (),
) -> Architecture:
    """The architecture of a `torch_geometric.data.Data`.

    Args:
        data: with `x`, (n_nodes, n_ops) one-hot or (n_nodes,) indices, and `edge_index`, (2,
            n_edges) integers.
        names: what column or index i of `x` is called; `op0`, `op1`, ... by default.
        mapping: other names for operations, or a mapping file; `ignore` drops a node and joins its
            neighbours.
        cycles: "refuse" (an error that names the cycle) or "condense" (each one becomes a node).
        attrs: names of numbers of the nodes. A tensor of that name in `data`, (n_nodes,) or
            (n_nodes, 1), has the numbers; those without are the last columns of `x`, in their
            order. NaN is none.

    Raises:
        MissingExtraError: torch-geometric is not installed.
        GraphError: no `Data` of one graph, no such tensors or columns, an edge to nowhere, a cycle.
            (An undirected graph, with each edge in both directions, is full of cycles.)
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
    in_x = [name for name in attrs if not isinstance(data.get(name), torch.Tensor)]
    features_of_ops, numbers = _split(values, in_x)
    for name in attrs:
        if name not in in_x:
            numbers[name] = _column(name, data[name], len(values))
    ops = operation_names(features_of_ops.numpy(), names)
    raw = RawGraph(
        names=[str(node) for node in range(len(ops))],
        ops=ops,
        edges=[(source, target) for source, target in edges.T.tolist()],
    )
    of_nodes: list[tuple[str, dict[str, float]]] = [(str(node), {}) for node in range(len(ops))]
    for name, column in numbers.items():
        for (_, attributes), value in zip(of_nodes, column, strict=True):
            attributes[name] = value
    raw.numbers = numbers_of_nodes(of_nodes, "", list(attrs))
    return assemble(raw, mapping, cycles)


def _split(values: torch.Tensor, names: list[str]) -> tuple[torch.Tensor, dict[str, list[float]]]:
    """The columns of operations, and those behind them that have names."""
    if not names:
        return values, {}
    n_ops = values.shape[1] - len(names) if values.ndim == 2 else 0
    if n_ops < 1:
        raise GraphError(
            f"attrs names {', '.join(names)}, which are no tensors of the graph, and x of shape"
            f" {tuple(values.shape)} has no column for each behind the operations"
        )
    columns = values[:, n_ops:].double().T.tolist()
    return values[:, :n_ops], dict(zip(names, columns, strict=True))


def _column(name: str, tensor: torch.Tensor, n_nodes: int) -> list[float]:
    if tensor.is_complex() or tuple(tensor.shape) not in ((n_nodes,), (n_nodes, 1)):
        raise GraphError(
            f"{name} has shape {tuple(tensor.shape)} and type {tensor.dtype}; legal: a number for"
            f" each of {n_nodes} nodes"
        )
    column: list[float] = tensor.detach().cpu().reshape(-1).double().tolist()
    return column
