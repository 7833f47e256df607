"""Numbers on nodes and graphs: there and back, ids that count them, and what is refused."""

from __future__ import annotations

import math
import pickle
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasflow.errors import DataError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from oracles import to_networkx
from strategies import OPS, numbered


def same(a: Architecture, b: Architecture) -> bool:
    """Isomorphic, numbers included, by networkx."""
    graphs = []
    for architecture in (a, b):
        graph = to_networkx(architecture)
        for node in graph:
            numbers = {name: values[node] for name, values in architecture.attrs.items()}
            graph.nodes[node]["numbers"] = {k: v for k, v in numbers.items() if v is not None}
        graphs.append(graph)
    return a.globals == b.globals and nx.is_isomorphic(
        *graphs, node_match=lambda x, y: x["op"] == y["op"] and x["numbers"] == y["numbers"]
    )


def without_identities(graph: Architecture) -> bool:
    """Whether the canonical form is the graph itself."""
    return "skip" not in graph.ops and graph.pruned() == graph


@given(st.lists(numbered(), min_size=1, max_size=5))
def test_a_table_gives_back_each_graph_with_its_numbers(graphs: list[Architecture]) -> None:
    table = ArchTable.from_architectures(graphs, OPS)
    assert list(table) == graphs
    assert list(table[np.arange(len(graphs))[::-1]]) == graphs[::-1]
    assert list(table[1:]) == graphs[1:]
    assert list(ArchTable.concatenate([table, table])) == graphs + graphs
    assert table.canonical_ids.tolist() == [graph.canonical_id for graph in graphs]


@given(numbered())
def test_json_and_pickles_give_back_the_same_graph(graph: Architecture) -> None:
    assert Architecture.from_dict(graph.to_dict()) == graph
    again = pickle.loads(pickle.dumps(graph))
    assert again == graph
    assert hash(again) == hash(graph)


@given(numbered(), numbered(), st.randoms(use_true_random=False))
def test_ids_are_equal_exactly_for_graphs_with_equal_numbers(
    a: Architecture, b: Architecture, random: Any
) -> None:
    order = list(range(a.n_nodes))
    random.shuffle(order)
    assert a.relabelled(order).canonical_id == a.canonical_id
    if without_identities(a) and without_identities(b):
        assert (a.canonical_id == b.canonical_id) == same(a, b)


def test_one_number_tells_two_of_many_equal_branches_apart() -> None:
    ops = ("input", *["conv"] * 40, "output")
    edges = [(0, v) for v in range(1, 41)] + [(v, 41) for v in range(1, 41)]
    ids = set()
    for width in (32, 64):
        widths = [None, width, *[32] * 39, None]
        graph = Architecture(ops, tuple(edges), {"width": widths})
        ids.add(graph.canonical_id)
        moved = Architecture(ops, tuple(edges), {"width": [None, *widths[1:-1][::-1], None]})
        ids.add(moved.canonical_id)
    assert len(ids) == 2


def test_a_number_of_what_is_pruned_or_contracted_does_not_count() -> None:
    ops, edges = ("input", "skip", "conv", "conv", "output"), ((0, 1), (1, 2), (2, 4), (0, 3))
    plain = Architecture(ops, edges)
    marked = Architecture(ops, edges, {"width": [None, 3, None, 5, None]})
    assert marked.canonical_id == plain.canonical_id
    assert marked != plain
    counted = Architecture(ops, edges, {"width": [None, None, 3, None, None]})
    assert counted.canonical_id != plain.canonical_id


def test_ids_and_files_without_numbers_are_what_they_were() -> None:
    # printed by the version before nodes could carry numbers
    chain = Architecture(("input", "conv3x3", "output"), ((0, 1), (1, 2)))
    assert chain.canonical_id == "b2399abe935a6b1c8bda7ca04f09a08e"
    table = ArchTable.from_architectures([chain])
    assert sorted(table.arrays()) == [
        *("edge_ptr", "edges", "generation", "node_ptr", "ops", "vocabulary"),
    ]
    assert table.content_hash() == (
        "4ed51dd6b9ff4fd501005feacbd6966ff344aa86d2df7bc05ed76de0a7d4942c"
    )
    assert table.nbytes == 3 + 16 + 4 + 16 + 3


def test_numbers_are_float32_and_shown_as_they_were_written() -> None:
    graph = Architecture(("a", "b"), (), {"rate": [0.1, None], "params": [25_557_033, 16]})
    assert graph.attrs["rate"] == (0.1, None)
    assert graph.attrs["params"] == (25_557_032.0, 16.0)
    assert graph.to_dict()["attrs"] == {"params": [25557032, 16], "rate": [0.1, None]}
    assert Architecture(("a",), (), {"x": [-0.0]}).canonical_id == (
        Architecture(("a",), (), {"x": [0]}).canonical_id
    )


def test_what_no_node_has_is_no_number() -> None:
    bare = Architecture(("a", "b"))
    empty = Architecture(("a", "b"), (), {"width": [None, math.nan]}, {"lr": None})  # type: ignore[dict-item]
    assert empty == bare
    assert repr(empty) == "Architecture(ops=('a', 'b'), edges=())"


@pytest.mark.parametrize(
    ("attrs", "says"),
    [
        (
            {"width": "64"},
            r"attrs\['width'\] is '64'; legal: a list with a value for each of the 2",
        ),
        ({"width": [64]}, r"attrs\['width'\] has 1 values for 2 nodes"),
        ({"width": [64, "128"]}, r"attrs\['width'\] of node 1 is '128'; legal: a number"),
        ({"width": [math.inf, 1]}, r"attrs\['width'\] of node 0 is inf"),
        ({"width": [1, 1e300]}, r"attrs\['width'\] of node 1 is 1e\+300"),
        ({"width": [1, 10**400]}, r"attrs\['width'\] of node 1 is 1"),
        ({"width": [1, [2]]}, r"attrs\['width'\] of node 1 is \[2\]"),
        ({" width": [1, 2]}, r"attrs has the name ' width'"),
        ({"": [1, 2]}, r"attrs has the name ''"),
        ({3: [1, 2]}, r"attrs has the name 3"),
        ([1, 2], r"attrs is \[1, 2\]; legal: an object"),
    ],
)
def test_a_malformed_number_is_named_with_its_node(attrs: Any, says: str) -> None:
    with pytest.raises(GraphError, match=says):
        Architecture(("a", "b"), (), attrs)


def test_numbers_of_graphs_are_checked_too() -> None:
    with pytest.raises(GraphError, match=r"globals\['lr'\] is '0.1'; legal: a number"):
        Architecture(("a",), (), {}, {"lr": "0.1"})  # type: ignore[dict-item]
    with pytest.raises(GraphError, match="globals is 3; legal: an object"):
        Architecture(("a",), (), {}, 3)  # type: ignore[arg-type]


def test_arrays_of_numbers_are_checked() -> None:
    arrays: dict[str, Any] = {"ops": [0, 0], "node_ptr": [0, 2], "edges": np.zeros((2, 0), int)}
    arrays |= {"edge_ptr": [0, 0], "vocabulary": ["a"]}
    fits: dict[str, Any] = {"attr_names": ["w"], "attrs": [[1.0], [math.nan]]}
    assert ArchTable.from_arrays(**arrays, **fits)[0].attrs == {"w": (1.0, None)}
    for change, says in [
        ({"attrs": [[1.0]]}, r"attrs is float64 of shape \(1, 1\); legal: .*\(2, 1\)"),
        ({"attrs": [["1"], ["2"]]}, "attrs is <U1"),
        ({"attrs": [[1.0], [math.inf]]}, r"attrs\[1, 0\] \(w\) is inf"),
        ({"attr_names": ["w", "w"]}, "attrs has the name 'w' twice"),
        ({"attrs": None}, r"attrs is float32 of shape \(2, 0\)"),
        ({"global_names": ["r"]}, r"globals is float32 of shape \(1, 0\)"),
    ]:
        with pytest.raises((GraphError, DataError), match=says):
            ArchTable.from_arrays(**arrays, **{**fits, **change})


def test_columns_of_numbers_are_brought_into_another_order() -> None:
    graphs = [
        Architecture(("a", "b"), (), {"width": [1, 2]}),
        Architecture(("b", "a"), (), {"kernel": [3, None]}, {"resolution": 32}),
    ]
    table = ArchTable.from_architectures(graphs)
    assert table.attr_names == ("kernel", "width")
    turned = table.with_numbers(["depth", "width", "kernel"], ["resolution"])
    assert turned.attr_names == ("depth", "width", "kernel")
    assert list(turned) == graphs
    with pytest.raises(GraphError, match="row 1: unknown attrs 'kernel'; legal: width"):
        table.with_numbers(["width"], ["resolution"])
    with pytest.raises(GraphError, match="row 1: unknown globals 'resolution'; legal: none"):
        table.with_numbers(["kernel", "width"])
    assert list(table.without_numbers()) == [graph.without_numbers() for graph in graphs]


@given(st.lists(numbered(), min_size=1, max_size=5))
def test_which_graphs_carry_numbers(graphs: list[Architecture]) -> None:
    carry = ArchTable.from_architectures(graphs, OPS).carry_numbers()
    assert carry.tolist() == [bool(graph.attrs or graph.globals) for graph in graphs]


def test_files_keep_numbers(tmp_path: Any) -> None:
    graph = Architecture(("a", "b"), (), {"width": [1, None]}, {"resolution": 32})
    table = ArchTable.from_architectures([graph])
    table.save(tmp_path / "table.npz")
    again = ArchTable.load(tmp_path / "table.npz")
    assert list(again) == [graph]
    assert again.content_hash() == table.content_hash()
