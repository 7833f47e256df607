"""One architecture: what is refused, what is derived, and what pruning leaves."""

from __future__ import annotations

import itertools
import re

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from oracles import to_networkx
from strategies import dags


@given(dags())
def test_generations_are_those_of_networkx(architecture: Architecture) -> None:
    layers = list(nx.topological_generations(to_networkx(architecture)))
    assert all(architecture.generations[v] == g for g, layer in enumerate(layers) for v in layer)


@given(dags())
def test_a_dictionary_and_an_adjacency_matrix_give_the_graph_back(
    architecture: Architecture,
) -> None:
    assert Architecture.from_dict(architecture.to_dict()) == architecture
    matrix = nx.to_numpy_array(to_networkx(architecture), nodelist=range(architecture.n_nodes))
    assert Architecture.from_adjacency(matrix, architecture.ops) == architecture


@given(dags())
def test_pruning_twice_changes_nothing_and_leaves_only_live_nodes(
    architecture: Architecture,
) -> None:
    try:
        pruned = architecture.pruned()
    except GraphError:
        return
    assert pruned.pruned() == pruned
    graph = to_networkx(pruned)
    sources = [v for v in graph if not graph.in_degree(v)]
    sinks = [v for v in graph if not graph.out_degree(v)]
    inputs = [v for v, op in enumerate(pruned.ops) if op == "input"] or sources
    outputs = [v for v, op in enumerate(pruned.ops) if op == "output"] or sinks
    for v, op in enumerate(pruned.ops):
        if op not in ("input", "output"):
            assert any(nx.has_path(graph, i, v) for i in inputs)
            assert any(nx.has_path(graph, v, o) for o in outputs)


@given(dags(), st.randoms(use_true_random=False))
def test_relabelling_keeps_the_canonical_id(architecture: Architecture, random: object) -> None:
    order = list(range(architecture.n_nodes))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert architecture.relabelled(order).canonical_id == architecture.canonical_id


def test_a_cycle_is_named() -> None:
    with pytest.raises(GraphError, match="cycle 0 -> 1 -> 2 -> 0"):
        Architecture(("a", "b", "c", "d"), ((0, 1), (1, 2), (2, 0), (2, 3)))


@pytest.mark.parametrize(
    ("ops", "edges", "message"),
    [
        ((), (), "at least one node"),
        (("a", ""), (), r"ops\[1\] is ''"),
        (("a", 3), (), r"ops\[1\] is 3"),
        (("a", "b"), ((0, 2),), r"\[0, 2\] leaves the graph; legal node positions: 0..1"),
        (("a", "b"), ((0, 0),), "joins a node to itself"),
        (("a", "b"), ((0, 1), (0, 1)), r"\[0, 1\] occurs twice"),
        (("a", "b"), ((0,),), "no pair of node positions"),
        (("a", "b"), ((0, 1.0),), "no pair of node positions"),
        (("a", "b"), (("0", "1"),), "no pair of node positions"),
    ],
)
def test_a_malformed_graph_is_refused_with_its_value(
    ops: tuple, edges: tuple, message: str
) -> None:
    with pytest.raises(GraphError, match=message):
        Architecture(ops, edges)


def test_an_adjacency_matrix_must_be_square_and_hold_zeros_and_ones() -> None:
    with pytest.raises(GraphError, match=r"adjacency\[0\]\[1\] is 2"):
        Architecture.from_adjacency([[0, 2], [0, 0]], ("a", "b"))
    with pytest.raises(GraphError, match="3 operations"):
        Architecture.from_adjacency(np.zeros((2, 2)), ("a", "b", "c"))


def test_a_dictionary_without_edges_is_refused() -> None:
    with pytest.raises(GraphError, match="'edges' is 'missing'"):
        Architecture.from_dict({"ops": ["a"]})


@given(dags(), st.randoms(use_true_random=False))
def test_the_order_of_edges_does_not_matter(architecture: Architecture, random: object) -> None:
    edges = list(architecture.edges)
    random.shuffle(edges)  # type: ignore[attr-defined]
    assert Architecture(architecture.ops, tuple(edges)) == architecture


@given(dags(), st.randoms(use_true_random=False))
def test_relabelling_is_an_isomorphism_that_keeps_each_generation(
    architecture: Architecture, random: object
) -> None:
    order = list(range(architecture.n_nodes))
    random.shuffle(order)  # type: ignore[attr-defined]
    moved = architecture.relabelled(order)
    assert moved.generations == tuple(architecture.generations[old] for old in order)
    assert {(order[a], order[b]) for a, b in moved.edges} == set(architecture.edges)


@given(dags())
def test_neighbours_are_those_of_networkx(architecture: Architecture) -> None:
    graph = to_networkx(architecture)
    assert architecture.predecessors == tuple(tuple(sorted(graph.predecessors(v))) for v in graph)
    assert architecture.successors == tuple(tuple(sorted(graph.successors(v))) for v in graph)


@given(st.integers(2, 7), st.data())
def test_any_cycle_that_is_reported_is_one_of_the_graph(n: int, data: st.DataObject) -> None:
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
    edges = data.draw(st.lists(st.sampled_from(pairs), unique=True))
    acyclic = nx.is_directed_acyclic_graph(nx.DiGraph(edges))
    try:
        Architecture(("a",) * n, tuple(edges))
    except GraphError as error:
        walk = [int(node) for node in re.findall(r"\d+", str(error).split(";")[0])]
        assert not acyclic
        assert walk[0] == walk[-1]
        assert len(set(walk)) == len(walk) - 1
        assert set(itertools.pairwise(walk)) <= set(edges)
    else:
        assert acyclic


def test_a_boolean_is_no_node_position() -> None:
    with pytest.raises(GraphError, match=r"\(False, True\) is no pair of node positions"):
        Architecture(("a", "b"), ((False, True),))


def test_an_order_that_is_no_permutation_is_refused() -> None:
    with pytest.raises(GraphError, match=r"order \[0, 0\] is no permutation of 0..1"):
        Architecture(("a", "b"), ((0, 1),)).relabelled([0, 0])


def test_a_graph_of_nones_is_left_alone_unless_an_input_or_output_is_marked() -> None:
    plain = Architecture(("none", "none"), ((0, 1),))
    assert plain.pruned() == plain
    assert Architecture(("input", "none"), ((0, 1),)).pruned() == Architecture(("input",), ())
    with pytest.raises(GraphError, match="nothing would be left"):
        plain.without("none")


@pytest.mark.parametrize("op", ["a\0", "\ud800"])
def test_a_name_that_a_file_or_a_hash_cannot_hold_is_refused(op: str) -> None:
    with pytest.raises(
        GraphError, match=r"ops\[1\] is .*UTF-8 can write and that does not end in a null"
    ):
        Architecture(("a", op))


def test_a_name_in_any_script_has_an_id() -> None:
    assert Architecture(("畳み込み",)).canonical_id != Architecture(("プーリング",)).canonical_id
