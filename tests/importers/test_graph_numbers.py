"""Numbers on the nodes of networkx and PyTorch Geometric graphs."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.importers import from_networkx, from_pyg


def digraph(**attributes: list[Any]) -> nx.DiGraph:
    """Input, convolution, output, with attributes; `...` is left out."""
    graph = nx.DiGraph([("a", "b"), ("b", "c")])
    ops = dict(zip("abc", ("input", "conv", "output"), strict=True))
    nx.set_node_attributes(graph, ops, "op")
    for name, values in attributes.items():
        for node, value in zip("abc", values, strict=True):
            if value is not ...:
                graph.nodes[node][name] = value
    return graph


def test_numeric_node_attributes_are_numbers() -> None:
    graph = digraph(
        width=[..., 64, None],
        kernel=[np.float32(0.1), np.int64(3), float("nan")],
        frozen=[True, False, ...],
        label=["stem", "body", "head"],
        shape=[[1, 2], ..., ...],
    )
    graph.graph["accuracy"] = 0.9
    expected = {
        "width": [None, 64, None],
        "kernel": [0.1, 3, None],
        "frozen": [1, 0, None],
    }
    read = from_networkx(graph)
    assert read == Architecture(("input", "conv", "output"), ((0, 1), (1, 2)), expected)
    # a label of the whole graph is none of its numbers
    assert not read.globals
    assert dict(from_networkx(graph, attrs=["width"]).attrs) == {"width": (None, 64, None)}
    assert not from_networkx(graph, attrs=()).attrs


@pytest.mark.parametrize(
    ("attributes", "attrs", "message"),
    [
        ({"width": [1, "64", 2]}, None, "the attribute 'width' of node 'b' is '64'"),
        ({"width": [..., float("inf"), ...]}, None, r"attrs\['width'\] of node 1 is inf"),
        ({"width": [..., 10**400, ...]}, None, r"attrs\['width'\] of node 1"),
        ({"width": [..., 1e300, ...]}, None, r"attrs\['width'\] of node 1 is 1e\+300"),
        ({" width": [..., 1, ...]}, None, "attrs has the name ' width'"),
        ({"label": ["a", "b", "c"]}, ["label"], "the attribute 'label' of node 'a' is 'a'"),
        (
            {"width": [1, 2, 3]},
            ["with"],
            "no node has the attribute 'with'; the first has op, width",
        ),
    ],
)
def test_what_is_no_number_is_refused_by_name(
    attributes: dict[str, list[Any]], attrs: list[str] | None, message: str
) -> None:
    with pytest.raises(GraphError, match=message):
        from_networkx(digraph(**attributes), attrs=attrs)


def test_nodes_that_are_ignored_or_merged() -> None:
    graph = digraph(width=[1, 2, 3], params=[1, 2, 4])
    ignored = from_networkx(graph, mapping={"conv": "ignore"})
    assert dict(ignored.attrs) == {"width": (1, 3), "params": (1, 4)}
    graph.add_edge("c", "b")
    merged = from_networkx(graph, cycles="condense")
    # parameters add up; of two widths there is no one
    assert dict(merged.attrs) == {"width": (1, None), "params": (1, 6)}


EDGES = torch.tensor([[0, 1], [1, 2]])


@pytest.mark.parametrize("kind", ["columns", "tensors", "mixed", "indices"])
def test_pyg(kind: str) -> None:
    one_hot, width = torch.eye(3), torch.tensor([float("nan"), 64.0, float("nan")])
    depth = torch.tensor([[1], [2], [3]])
    data = {
        "columns": Data(torch.cat([one_hot, width[:, None], depth], 1), EDGES),
        "tensors": Data(one_hot, EDGES, width=width, depth=depth),
        "mixed": Data(torch.cat([one_hot, width[:, None]], 1), EDGES, depth=depth),
        "indices": Data(torch.tensor([0, 1, 2]), EDGES, width=width, depth=depth),
    }[kind]
    names = ["input", "conv", "output"]
    expected = {"width": [None, 64, None], "depth": [1, 2, 3]}
    graph = from_pyg(data, names, attrs=["width", "depth"])
    assert graph == Architecture(tuple(names), ((0, 1), (1, 2)), expected)


@pytest.mark.parametrize(
    ("data", "attrs", "message"),
    [
        (Data(torch.eye(3), EDGES, width=torch.ones(2)), ["width"], r"width has shape \(2,\)"),
        (Data(torch.eye(3), EDGES, width=torch.ones(3, 2)), ["width"], r"shape \(3, 2\)"),
        (
            Data(torch.tensor([0, 1, 2]), EDGES),
            ["width"],
            "attrs names width, which are no tensors",
        ),
        (Data(torch.eye(3), EDGES), ["a", "b", "c"], "no column for each"),
        (Data(torch.eye(3), EDGES), ["width"], "one-hot"),
        (
            Data(torch.eye(3), EDGES, w=torch.full((3,), torch.inf)),
            ["w"],
            r"attrs\['w'\] of node 0",
        ),
    ],
)
def test_pyg_columns_that_are_none(data: Data, attrs: list[str], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        from_pyg(data, attrs=attrs)
