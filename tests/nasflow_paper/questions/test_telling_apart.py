"""What the flow can tell apart, in exact words, against recursions on tuples and polynomials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

import networkx as nx
import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage

from nasflow.graphs.architecture import Architecture
from nasflow.graphs.canonical import isomorphism_ids
from nasflow.graphs.table import ArchTable
from nasflow_paper.questions.telling_apart import flow_words, groups, path_words, refinement_words
from oracles import random_table, to_networkx
from strategies import PLAIN_OPS, tables


def same_partition(a: Sequence[Hashable], b: Sequence[Hashable]) -> bool:
    """Whether two descriptions of the same rows put the same rows together."""
    return len(set(a)) == len(set(b)) == len(set(zip(a, b, strict=True)))


def unfolding(graph: Architecture, rounds: int) -> Hashable:
    """The flow with tuples in place of vectors: nothing is ever equal by accident."""
    nodes = sorted(range(graph.n_nodes), key=graph.generations.__getitem__)
    state: dict[int, str] = dict.fromkeys(nodes, "r")
    read = []
    for _ in range(rounds):
        for order, neighbours in ((nodes, graph.predecessors), (nodes[::-1], graph.successors)):
            for v in order:
                if neighbours[v]:
                    state[v] = repr((graph.ops[v], sorted(state[u] for u in neighbours[v])))
        read.append(repr(sorted(state[v] for v in nodes if not graph.predecessors[v])))
    return tuple(read)


def paths(graph: Architecture) -> Hashable:
    """The linear flow f = M m + c[op] as a sum of M^i c[op] and M^i r: how many of each."""
    nodes = sorted(range(graph.n_nodes), key=graph.generations.__getitem__)
    state: dict[int, Counter[tuple[str, int]]] = {v: Counter({("r", 0): 1}) for v in nodes}
    for order, neighbours in ((nodes, graph.predecessors), (nodes[::-1], graph.successors)):
        for v in order:
            if neighbours[v]:
                state[v] = Counter({(graph.ops[v], 0): 1})
                for u in neighbours[v]:
                    for (what, power), n in state[u].items():
                        state[v][what, power + 1] += n
    total: Counter[tuple[str, int]] = Counter()
    for v in nodes:
        if not graph.predecessors[v]:
            total += state[v]
    return tuple(sorted(total.items()))


# two cells of NAS-Bench-101 that no draw can tell apart
ALIKE = tuple(
    Architecture(("a", "b", "b", "b", "b", "c"), edges)
    for edges in (
        ((0, 1), (0, 2), (1, 2), (0, 3), (3, 4), (1, 5), (2, 5), (4, 5)),
        ((0, 1), (1, 2), (0, 3), (0, 4), (3, 4), (1, 5), (2, 5), (4, 5)),
    )
)


def twins() -> ArchTable:
    """Small graphs over one operation, many alike in some way or other, and a famous pair."""
    rng = np.random.default_rng(0)
    graphs = list(ALIKE)
    for _ in range(300):
        n = int(rng.integers(3, 6))
        edges = [(i, j) for i in range(n) for j in range(i + 1, n) if rng.random() < 0.5]
        graphs.append(Architecture(("a",) * n, tuple(edges)))
    return ArchTable.from_architectures(graphs, PLAIN_OPS)


def test_flow_words_are_equal_where_the_unfoldings_are() -> None:
    table = twins()
    for rounds in (1, 2):
        expected = [unfolding(graph, rounds) for graph in table]
        assert same_partition(flow_words(table, rounds).tolist(), expected)
    assert expected[0] == expected[1]
    assert len(set(isomorphism_ids(table[:2]))) == 2


def test_path_words_are_equal_where_the_counts_of_paths_are() -> None:
    table = twins()
    expected = [paths(graph) for graph in table]
    assert same_partition(path_words(table).tolist(), expected)
    assert len(set(expected)) < len(set(flow_words(table).tolist()))


@given(tables())
def test_words_agree_with_the_recursions_on_any_graphs(table: ArchTable) -> None:
    both = ArchTable.concatenate([table, table])
    assert same_partition(flow_words(both).tolist(), [unfolding(graph, 1) for graph in both])
    assert same_partition(path_words(both).tolist(), [paths(graph) for graph in both])


def test_isomorphism_ids_and_refinement_agree_with_networkx() -> None:
    table = random_table(60, max_nodes=5)
    graphs = [to_networkx(graph) for graph in table]
    first = [
        next(
            j
            for j in range(i + 1)
            if nx.is_isomorphic(graphs[j], graphs[i], node_match=lambda a, b: a["op"] == b["op"])
        )
        for i in range(len(graphs))
    ]
    assert same_partition(isomorphism_ids(table).tolist(), first)
    assert same_partition(
        refinement_words(table).tolist(), first
    )  # graphs of five nodes do not fool refinement


def test_isomorphism_ids_keep_what_canonical_ids_contract() -> None:
    skipping = Architecture(("input", "skip", "output"), ((0, 1), (1, 2)))
    direct = Architecture(("input", "output"), ((0, 1),))
    table = ArchTable.from_architectures([skipping, direct])
    assert len(set(table.canonical_ids)) == 1
    assert len(set(isomorphism_ids(table))) == 2


# -- groups


def by_clustering(values: npt.NDArray[np.float64], distance: float) -> list[int]:
    """Groups of rows no component of which differs by more, by SciPy's single linkage."""
    return fcluster(linkage(values, "single", "chebyshev"), distance, "distance").tolist()


@given(st.integers(0, 10**6))
def test_rows_that_differ_by_rounding_are_one_group(seed: int) -> None:
    rng = np.random.default_rng(seed)
    centres = np.round(rng.uniform(-1, 1, (8, 3)), 1)
    which = rng.integers(8, size=40)
    # noise far below the tolerance, differences of centres far above: borders of no grid matter
    values = centres[which] + rng.uniform(-1, 1, (40, 3)) * 1e-9
    label = groups(values, 1e-6)
    assert same_partition(label.tolist(), by_clustering(values, 1e-3))
    assert all(label[row] <= row and label[label[row]] == label[row] for row in range(40))


def test_the_tolerance_is_relative_to_the_row() -> None:
    values = np.array([[1e6, 0.0], [1e6 + 1e-3, 0.0], [1.0, 0.0], [1.0 + 1e-3, 0.0]])
    assert groups(values, 1e-6).tolist() == [0, 0, 2, 3]


def test_groups_need_every_component_to_agree() -> None:
    values = np.array([[0.0, 1.0], [0.0, 2.0], [1.0, 1.0], [0.0, 1.0]])
    assert groups(values, 1e-9).tolist() == [0, 1, 2, 0]
    assert groups(values[:0], 1e-9).tolist() == []
