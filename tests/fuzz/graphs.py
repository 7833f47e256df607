"""Graphs and models for the importers, drawn at random or damaged."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from fuzz.mutations import Rng, mutated
from nasflow.graphs.architecture import Architecture
from nasflow.importers import from_networkx, from_onnx, from_pyg, from_torch
from nasflow.importers.mapping import read_mapping

_MAPPING = b"conv: conv3x3\nrelu6: ignore\n'on': skip\n"


@cache
def onnx_bytes() -> bytes:
    """A file of three operations."""
    from onnx import TensorProto, helper

    value = helper.make_tensor_value_info
    weight = helper.make_tensor("w", TensorProto.FLOAT, [8, 3, 3, 3], [0.0] * 216)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], name="conv", kernel_shape=[3, 3]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Add", ["a", "b"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [value("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [value("y", TensorProto.FLOAT, [1, 8, 6, 6])],
        [weight],
    )
    return bytes(helper.make_model(graph).SerializeToString())


def _cycles(rng: Rng) -> str:
    return str(rng.choice(["refuse", "condense", "condense", "other"], p=[0.3, 0.3, 0.39, 0.01]))


def _import_onnx(rng: Rng, folder: Path) -> Architecture:
    (folder / "a.onnx").write_bytes(mutated(onnx_bytes(), rng))
    return from_onnx(folder / "a.onnx", cycles=_cycles(rng))


def _edges(rng: Rng, n_nodes: int) -> list[tuple[int, int]]:
    n_edges = int(rng.integers(0, 2 * n_nodes + 1))
    # now and then with edges to nowhere
    slack = int(rng.random() < 0.05)
    pairs = rng.integers(-slack, n_nodes + slack, size=(n_edges, 2))
    return [(int(source), int(target)) for source, target in pairs]


def _import_networkx(rng: Rng, _folder: Path) -> Architecture:
    import networkx as nx

    kinds = [nx.DiGraph, nx.DiGraph, nx.DiGraph, nx.MultiDiGraph, nx.Graph]
    graph = kinds[int(rng.integers(len(kinds)))]()
    n_nodes = int(rng.integers(0, 20))
    names: list[Any] = ["input", "conv", "output", "none", "skip"]
    if rng.random() < 0.1:
        names += [None, 3, ""]
    for node in range(n_nodes):
        graph.add_node(node, op=names[int(rng.integers(len(names)))])
    graph.add_edges_from(_edges(rng, max(n_nodes, 1)))
    ignored = {"conv": "ignore"} if rng.random() < 0.3 else {}
    return from_networkx(graph, mapping=ignored, cycles=_cycles(rng))


def _import_pyg(rng: Rng, _folder: Path) -> Architecture:
    import torch
    from torch_geometric.data import Data

    n_nodes = int(rng.integers(0, 12))
    if rng.random() < 0.5:
        scale = float(rng.choice([1.0, 1.0, 1.0, 2.0, np.nan]))
        x = torch.eye(5)[torch.from_numpy(rng.integers(0, 5, n_nodes))] * scale
    else:
        lowest = -1 if rng.random() < 0.1 else 0
        x = torch.from_numpy(rng.integers(lowest, 9, n_nodes))
    edges = torch.tensor(_edges(rng, max(n_nodes, 1)), dtype=torch.long).reshape(-1, 2).T
    data = Data(x=x, edge_index=edges if rng.random() < 0.9 else edges.float())
    names = None
    if rng.random() < 0.5:
        names = ["a", "b", "c", "d", "e"][: int(rng.integers(3, 6))]
    return from_pyg(data, names=names, cycles=_cycles(rng))


def _import_torch(rng: Rng, _folder: Path) -> Architecture:
    import torch
    from torch import fx, nn

    functions = [
        operator.add,
        torch.relu,
        torch.cat,
        operator.getitem,
        getattr,
        torch.conv2d,
        nn.functional.max_pool2d,
        nn.functional.hardtanh,
        len,
        print,
        torch.flatten,
        nn.functional.adaptive_avg_pool2d,
    ]
    graph = fx.Graph()
    nodes = [graph.placeholder(f"x{i}") for i in range(int(rng.integers(0, 3)))]
    for _ in range(int(rng.integers(0, 8))):
        arguments = tuple(_argument(nodes, rng) for _ in range(int(rng.integers(0, 4))))
        if rng.random() < 0.2:
            method = str(rng.choice(["view", "size", "relu_", "oddity"]))
            nodes.append(graph.call_method(method, arguments))
        else:
            function = functions[int(rng.integers(len(functions)))]
            nodes.append(graph.call_function(function, arguments))
    graph.output(tuple(nodes[-2:]))
    module = fx.GraphModule(nn.Module(), fx.Graph())
    # the setter would compile the graph's code, which here need not make sense
    module._graph = graph
    return from_torch(module, {"oddity": "relu"} if rng.random() < 0.5 else None)


def _argument(nodes: list[Any], rng: Rng) -> Any:
    """A node before, or a constant."""
    if nodes and rng.random() < 0.7:
        return nodes[int(rng.integers(len(nodes)))]
    return [3, "T", (1, 1), None][int(rng.integers(4))]


def _import_mapping(rng: Rng, folder: Path) -> dict[str, str]:
    (folder / "map.yaml").write_bytes(mutated(_MAPPING, rng))
    return read_mapping(folder / "map.yaml")


IMPORTERS: dict[str, Callable[[Rng, Path], Any]] = {
    "onnx": _import_onnx,
    "networkx": _import_networkx,
    "pyg-data": _import_pyg,
    "torch": _import_torch,
    "mapping": _import_mapping,
}
"""By label: what imports a graph that it draws."""
