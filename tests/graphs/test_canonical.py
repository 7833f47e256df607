"""Canonical ids and certificates: equal exactly for isomorphic graphs, by networkx."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
from hypothesis import given

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.canonical import canonical_form, refine
from nasflow.graphs.certificate import SMALL, _TakenApart, certificate
from nasflow.graphs.flat_graphs import FlatGraphs
from nasflow.graphs.names import SKIP_OP
from nasflow.graphs.table import ArchTable
from oracles import to_networkx
from strategies import OPS, dags


def same_graph(a: Architecture, b: Architecture) -> bool:
    return bool(
        nx.is_isomorphic(to_networkx(a), to_networkx(b), node_match=lambda x, y: x["op"] == y["op"])
    )


def rows_of(graphs: FlatGraphs) -> list[Architecture]:
    """Each graph, marks and all."""
    rows = []
    for row in range(len(graphs)):
        ops = graphs.ops[graphs.node_ptr[row] : graphs.node_ptr[row + 1]]
        edges = graphs.edges[:, graphs.edge_ptr[row] : graphs.edge_ptr[row + 1]]
        rows.append(
            Architecture(tuple(graphs.vocabulary[op] for op in ops), tuple(edges.T.tolist()))
        )
    return rows


@given(dags(max_nodes=5), dags(max_nodes=5))
def test_ids_are_equal_exactly_for_isomorphic_canonical_forms(
    a: Architecture, b: Architecture
) -> None:
    table = ArchTable.from_architectures([a, b], OPS)
    try:
        forms = rows_of(canonical_form(table))
    except GraphError:
        return
    assert (a.canonical_id == b.canonical_id) == same_graph(forms[0], forms[1])


@given(dags())
def test_a_table_gives_each_row_the_id_it_has_alone(architecture: Architecture) -> None:
    other = Architecture(("input", "conv", "output"), ((0, 1), (1, 2)))
    ids = ArchTable.from_architectures([other, architecture, other]).canonical_ids
    assert list(ids) == [other.canonical_id, architecture.canonical_id, other.canonical_id]


def test_regular_graphs_that_colour_refinement_cannot_tell_apart_have_different_ids() -> None:
    # two alternating hexagons against one alternating dodecagon: every node looks alike
    def cycles(*lengths: int) -> Architecture:
        edges, first = [], 0
        for n in lengths:
            for i in range(0, n, 2):
                edges += [(first + i, first + i + 1), (first + i, first + (i - 1) % n)]
            first += n
        return Architecture(("a",) * first, tuple(edges))

    assert cycles(6, 6).canonical_id != cycles(12).canonical_id
    order = np.random.default_rng(0).permutation(12).tolist()
    assert cycles(12).canonical_id == cycles(12).relabelled(order).canonical_id


def test_an_identity_between_two_operations_changes_nothing() -> None:
    direct = Architecture(("input", "conv", "output"), ((0, 1), (1, 2)))
    padded = Architecture(("input", SKIP_OP, "conv", "output"), ((0, 1), (1, 2), (2, 3)))
    assert direct.canonical_id == padded.canonical_id


def by_hand(architecture: Architecture) -> nx.DiGraph:
    """The canonical form, one skip after the other; edges say how often they count."""
    pruned = architecture.pruned()
    graph = to_networkx(pruned)
    nx.set_edge_attributes(graph, 1, "n")
    for v in [v for v, op in enumerate(pruned.ops) if op == SKIP_OP]:
        for u, w in itertools.product(list(graph.predecessors(v)), list(graph.successors(v))):
            n = graph[u][w]["n"] if graph.has_edge(u, w) else 0
            graph.add_edge(u, w, n=n + graph[u][v]["n"] * graph[v][w]["n"])
        graph.remove_node(v)
    return graph


@given(
    dags(("skip", "input", "output", "conv"), max_nodes=6),
    dags(("skip", "input", "output", "conv"), max_nodes=6),
)
def test_ids_agree_with_contracting_one_identity_after_the_other(
    a: Architecture, b: Architecture
) -> None:
    same_form = nx.is_isomorphic(
        by_hand(a), by_hand(b), node_match=lambda x, y: x == y, edge_match=lambda x, y: x == y
    )
    try:
        assert (a.canonical_id == b.canonical_id) == same_form
    except GraphError:  # a graph of nothing but identities
        assert not (len(by_hand(a)) and len(by_hand(b)))


def labelled(architecture: Architecture) -> bytes:
    """The certificate that the id of a graph is made from."""
    colours = refine(ArchTable.from_architectures([architecture])).tolist()
    return certificate(architecture.ops, architecture.edges, colours)


@given(dags(("a", "b"), max_nodes=6))
def test_all_orders_of_the_nodes_have_one_certificate(architecture: Architecture) -> None:
    orders = itertools.islice(itertools.permutations(range(architecture.n_nodes)), 0, 720, 37)
    assert {labelled(architecture.relabelled(order)) for order in orders} == {
        labelled(architecture)
    }


def test_classes_of_random_graphs_are_those_of_networkx() -> None:
    rng = np.random.default_rng(0)
    graphs = []
    for _ in range(300):
        upper = np.triu(rng.integers(2, size=(5, 5)), 1)
        graphs.append(Architecture.from_adjacency(upper, tuple(rng.choice(["a", "b"], 5).tolist())))
    ids = ArchTable.from_architectures(graphs).canonical_ids
    classes: dict[str, list[Architecture]] = {}
    for graph, id_ in zip(graphs, ids.tolist(), strict=True):
        classes.setdefault(id_, []).append(graph)
    assert all(
        same_graph(members[0], other) for members in classes.values() for other in members[1:]
    )
    for (x, *_), (y, *_) in itertools.combinations(classes.values(), 2):
        # the rest differ at a glance, and networkx takes its time
        if sorted(x.ops) == sorted(y.ops) and len(x.edges) == len(y.edges):
            assert not same_graph(x, y)


def test_an_operation_of_any_name_is_told_from_a_repeated_edge() -> None:
    twice = ((0, 1), (0, 2), (1, 3), (2, 3), (3, 4))
    doubled = Architecture(("input", SKIP_OP, SKIP_OP, "conv", "output"), twice)
    named = Architecture(("input", "x2", "conv", "output"), ((0, 1), (1, 2), (2, 3)))
    both = Architecture(("input", SKIP_OP, SKIP_OP, "x2", "output"), twice)
    assert len({doubled.canonical_id, named.canonical_id, both.canonical_id}) == 3


def test_many_parallel_branches_are_settled_without_trying_every_order() -> None:
    # 12 branches of two equal nodes each have 12! orders; automorphisms cut the search to a few
    # dozen leaves
    branches = [(0, 2 * i + 1) for i in range(12)] + [(2 * i + 1, 2 * i + 2) for i in range(12)]
    graph = Architecture(
        ("input", *["conv"] * 24, "output"), (*branches, *((2 * i + 2, 25) for i in range(12)))
    )
    order = [0, *np.random.default_rng(0).permutation(np.arange(1, 25)).tolist(), 25]
    assert graph.relabelled(order).canonical_id == graph.canonical_id


@given(dags(("a", "b"), max_nodes=7), dags(("a", "b"), max_nodes=7))
def test_graphs_taken_apart_have_equal_certificates_exactly_if_isomorphic(
    a: Architecture, b: Architecture
) -> None:
    table = ArchTable.from_architectures([a, b], ("a", "b"))
    colours = np.split(refine(table), table.node_ptr[1:-1])
    one, other = (
        _TakenApart(graph.n_nodes, list(graph.edges)).describe(colour.tolist())
        for graph, colour in zip((a, b), colours, strict=True)
    )
    assert (one == other) == same_graph(a, b)
    order = list(reversed(range(a.n_nodes)))
    turned = a.relabelled(order)
    again = _TakenApart(a.n_nodes, list(turned.edges)).describe(colours[0][order].tolist())
    assert again == one


def test_graphs_that_refinement_cannot_tell_apart_are_told_apart_above_the_small_size_too() -> None:
    def layers(*sizes: int) -> Architecture:
        """Layers of nodes, each node joined to two neighbours in a ring of the next layer."""
        edges, first = [], 0
        for size in sizes:
            for i in range(size):
                edges += [(first + i, first + size + i), (first + i, first + size + (i + 1) % size)]
            first += 2 * size
        return Architecture(("a",) * first, tuple(edges))

    one, other = layers(10, 10), layers(20)
    assert one.n_nodes == other.n_nodes > SMALL
    assert one.canonical_id != other.canonical_id
    for graph in (one, other):
        order = np.random.default_rng(1).permutation(graph.n_nodes).tolist()
        assert graph.relabelled(order).canonical_id == graph.canonical_id


def test_everybody_but_its_own_is_taken_apart_by_what_is_missing() -> None:
    n = 40
    edges = [(i, n + j) for i in range(n) for j in range(n) if i != j]
    graph = Architecture(("a",) * 2 * n, tuple(edges))
    order = np.random.default_rng(1).permutation(2 * n).tolist()
    assert graph.relabelled(order).canonical_id == graph.canonical_id
    swapped = [edge for edge in edges if edge not in ((0, n + 1), (1, n))]
    other = Architecture(graph.ops, (*swapped, (0, n), (1, n + 1)))
    assert other.canonical_id == graph.canonical_id  # two of them changed places
    fewer = Architecture(graph.ops, (*edges[1:], (0, n)))
    assert fewer.canonical_id != graph.canonical_id


def test_a_search_among_small_graphs_gives_the_ids_it_always_gave() -> None:
    # stored in studies: two branches of two equal operations, and the alternating rings above
    branches = Architecture(
        ("input", "conv", "pool", "conv", "pool", "output"),
        ((0, 1), (1, 2), (0, 3), (3, 4), (2, 5), (4, 5)),
    )
    twice = Architecture(("input", "conv", "skip", "output"), ((0, 1), (1, 2), (1, 3), (2, 3)))
    assert branches.canonical_id == "2e588028bd901c4e68096d1ca430cd04"
    assert twice.canonical_id == "bc4b1e2b75395d893de02bb960c2beea"
