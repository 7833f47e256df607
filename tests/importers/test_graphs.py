"""networkx and PyTorch Geometric graphs, and what all importers share: mappings, cycles, names."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch_geometric.data import Data

from nasflow.errors import (
    ConfigError,
    DataError,
    GraphError,
    MissingDataError,
    MissingExtraError,
    UnknownOperationsError,
)
from nasflow.graphs.architecture import Architecture
from nasflow.importers import from_networkx, from_pyg
from nasflow.importers.assemble import RawGraph, assemble, without_nodes
from nasflow.importers.cycles import components, condensed, find_cycle
from nasflow.importers.features import operation_names
from nasflow.importers.mapping import read_mapping
from nasflow.importers.vocabulary import convolution, is_known, plain_name

digraphs = st.integers(1, 9).flatmap(
    lambda n: st.tuples(
        st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=20)
    )
)


def graph(edges: list[tuple[Any, Any]], ops: dict[Any, str]) -> nx.DiGraph:
    """A directed graph with an operation on each node."""
    built = nx.DiGraph()
    built.add_nodes_from((node, {"op": op}) for node, op in ops.items())
    built.add_edges_from(edges)
    return built


OPS = {"in": "input", "a": "conv", "b": "relu", "out": "output"}


def test_a_networkx_graph_keeps_its_order() -> None:
    built = graph([("b", "out"), ("in", "a"), ("a", "b"), ("in", "b")], OPS)
    assert from_networkx(built) == Architecture(
        ("input", "conv", "relu", "output"), ((0, 1), (0, 2), (1, 2), (2, 3))
    )
    parallel = nx.MultiDiGraph(built)
    parallel.add_edge("in", "a")
    assert from_networkx(parallel) == from_networkx(built)


@given(digraphs)
def test_cycles_agree_with_networkx(case: tuple[int, list[tuple[int, int]]]) -> None:
    n, edges = case
    oracle = nx.DiGraph(edges)
    oracle.add_nodes_from(range(n))
    cycle = find_cycle(n, edges)
    assert (cycle is None) == nx.is_directed_acyclic_graph(oracle)
    if cycle is not None:
        assert all(pair in edges for pair in zip(cycle, [*cycle[1:], cycle[0]], strict=True))
    component = components(n, edges)
    members: dict[int, set[int]] = {}
    for node in range(n):
        members.setdefault(component[node], set()).add(node)
    expected = list(nx.strongly_connected_components(oracle))
    assert set(map(frozenset, members.values())) == set(map(frozenset, expected))
    ops, kept = condensed(["op"] * n, edges)
    assert nx.is_isomorphic(
        nx.DiGraph([*kept, *((v, v) for v in range(len(ops)))]),
        nx.DiGraph([*nx.condensation(oracle).edges, *((v, v) for v in range(len(expected)))]),
    )
    Architecture(tuple(ops), tuple(kept))


def test_a_cycle_is_refused_by_name_or_merged() -> None:
    built = graph([("in", "a"), ("a", "b"), ("b", "a"), ("b", "out")], OPS)
    with pytest.raises(
        GraphError,
        match='the graph has a cycle a -> b -> a; FGP needs a DAG: pass cycles="condense"',
    ):
        from_networkx(built)
    merged = from_networkx(built, cycles="condense")
    assert merged == Architecture(("input", "loop(conv+relu)", "output"), ((0, 1), (1, 2)))
    loop = graph([("a", "a")], {"a": "lstm"})
    with pytest.raises(GraphError, match="cycle a -> a"):
        from_networkx(loop)
    assert from_networkx(loop, cycles="condense") == Architecture(("lstm",))
    with pytest.raises(ConfigError, match="cycles='unroll'; legal: 'refuse', 'condense'"):
        from_networkx(built, cycles="unroll")


def test_ignored_nodes_join_their_neighbours() -> None:
    built = graph([("in", "a"), ("in", "b"), ("a", "out"), ("b", "a")], OPS)
    joined = from_networkx(built, mapping={"conv": "ignore", "relu": "gelu"})
    assert joined == Architecture(("input", "gelu", "output"), ((0, 1), (0, 2), (1, 2)))
    with pytest.raises(GraphError, match="nothing is left"):
        from_networkx(graph([], {"a": "x"}), mapping={"x": "ignore"})


@given(digraphs, st.sets(st.integers(0, 8)))
def test_joining_keeps_who_reaches_whom(
    case: tuple[int, list[tuple[int, int]]], dropped: set[int]
) -> None:
    n, edges = case
    oracle = nx.DiGraph(edges)
    oracle.add_nodes_from(range(n))
    left = nx.DiGraph(without_nodes(sorted(dropped), edges))
    left.add_nodes_from(set(range(n)) - dropped)
    assert not dropped & set(left.nodes)
    for a in left.nodes:
        for b in left.nodes:
            if a != b:
                assert nx.has_path(left, a, b) == nx.has_path(oracle, a, b)


def test_malformed_networkx_graphs_are_refused() -> None:
    with pytest.raises(GraphError, match="Graph is no directed networkx graph"):
        from_networkx(nx.Graph([(0, 1)]))
    built = graph([("a", "b")], {"a": "conv"})
    built.add_node("c", op=3)
    with pytest.raises(
        GraphError,
        match="2 nodes have no operation's name in the attribute 'op': 'b': None, 'c': 3",
    ):
        from_networkx(built)
    with pytest.raises(GraphError, match="nothing is left of the graph of 0 nodes"):
        from_networkx(nx.DiGraph())


@pytest.mark.parametrize("n", [1, 2, 20, 500])
def test_graphs_of_1_2_20_and_500_nodes(n: int) -> None:
    rng = np.random.default_rng(n)
    edges = {
        (int(min(e)), int(max(e))) for e in rng.integers(0, n, size=(3 * n, 2)) if e[0] != e[1]
    }
    built = graph(sorted(edges), {v: f"op{v % 5}" for v in range(n)})
    assert from_networkx(built).n_nodes == n
    x = torch.nn.functional.one_hot(torch.arange(n) % 5, 5)
    index = torch.tensor(sorted(edges), dtype=torch.long).reshape(-1, 2).T
    imported = from_pyg(Data(x=x.float(), edge_index=index))
    assert imported == from_networkx(built)
    assert from_pyg(Data(x=torch.arange(n) % 5, edge_index=index)) == imported
    assert imported.canonical_id == imported.relabelled(rng.permutation(n).tolist()).canonical_id


def test_pyg_graphs_with_names_and_cycles() -> None:
    data = Data(x=torch.eye(3), edge_index=torch.tensor([[0, 1, 2], [1, 2, 1]]))
    with pytest.raises(GraphError, match="cycle 1 -> 2 -> 1"):
        from_pyg(data)
    assert from_pyg(data, ["input", "conv", "relu"], cycles="condense").ops == (
        "input",
        "loop(conv+relu)",
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (Data(), "needs tensors x and edge_index"),
        (Data(x=torch.eye(2)), "needs tensors"),
        (Data(x=torch.eye(2), edge_index=torch.zeros(2, 1)), "edge_index has shape"),
        (Data(x=torch.ones(2, 2), edge_index=torch.zeros(2, 0).long()), "features of node 0 are"),
        (
            Data(x=torch.eye(2), edge_index=torch.tensor([[0], [5]])),
            r"leaves the graph; legal positions: 0\.\.1",
        ),
        (
            Data(x=torch.tensor([-1]), edge_index=torch.zeros(2, 0).long()),
            "operation of node 0 is -1",
        ),
        ("data", "str is no torch_geometric Data"),
    ],
)
def test_malformed_pyg_graphs_are_refused(data: Any, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        from_pyg(data)


@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float64, torch.int8, torch.bool]
)
def test_one_hot_features_of_any_type(dtype: torch.dtype) -> None:
    data = Data(x=torch.eye(3).to(dtype), edge_index=torch.tensor([[0, 1], [1, 2]]))
    assert from_pyg(data).ops == ("op0", "op1", "op2")


def test_features_with_too_few_names() -> None:
    with pytest.raises(GraphError, match="3 operations, but 2 names for them: a, b"):
        operation_names([0, 2], ["a", "b"])


@pytest.mark.parametrize(
    ("module", "call", "extra"),
    [
        ("networkx", lambda: from_networkx(None), "networkx"),
        ("torch_geometric.data", lambda: from_pyg(None), "pyg"),
    ],
)
def test_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, module: str, call: Any, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"nasflow\[{extra}\]"):
        call()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n- b\n", "is a list"),
        ("a: 1\n", "maps 'a' to 1"),
        ("no: conv\n", "maps False to 'conv'"),
        ("a: [\n", "no readable YAML"),
        ("", "is a NoneType"),
        ("a: ''\n", "maps 'a' to ''"),
        ("\x00", "no readable YAML"),
    ],
)
def test_malformed_mapping_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "m.yaml").write_text(text)
    with pytest.raises(DataError, match=message):
        read_mapping(tmp_path / "m.yaml")


def test_mappings() -> None:
    assert read_mapping(None) == {}
    assert read_mapping({"a": "b"}) == {"a": "b"}
    with pytest.raises(MissingDataError):
        read_mapping("nowhere.yaml")


def test_unknown_operations_list_at_most_fifty() -> None:
    raw = RawGraph([f"n{i}" for i in range(120)], [f"odd{i % 60}" for i in range(120)], [])
    with pytest.raises(
        UnknownOperationsError, match=r"60 unknown operations: odd0 \(2: n0, n60\), .* and 10 more"
    ):
        assemble(raw, known=[])


def test_names_are_stable() -> None:
    """A name means the same in every version: it is in people's tables."""
    pairs = {
        "BatchNorm1d": "batchnorm",
        "ReLU6": "relu6",
        "relu_": "relu",
        "_softmax": "softmax",
        "SiLU": "silu",
        "scaled_dot_product_attention": "attention",
        "GlobalAveragePool": "globalavgpool",
        "Gemm": "linear",
        "addmm": "linear",
        "ReduceMean": "mean",
        "view": "reshape",
        "hardswish_": "hardswish",
        "iadd": "add",
        "MyBlock": "myblock",
    }
    assert {name: plain_name(name) for name in pairs} == pairs
    assert convolution((3, 3), 1, 8) == "conv3x3"
    assert convolution((5, 5), 8, 8) == "dwconv5x5"
    assert convolution(None, 1, None) == "conv"
    assert all(is_known(name) for name in ("conv3x3", "dwconv7", "maxpool2x2x2", "skip", "conv"))
    assert not any(is_known(name) for name in ("conv3x", "myblock", "relu3x3"))
