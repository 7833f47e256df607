"""Random architectures for hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable

OPS = ("conv", "pool", "skip", "none", "input", "output")
PLAIN_OPS = ("a", "b", "c", "d", "e")


@st.composite
def dags(draw: Any, ops: tuple[str, ...] = OPS, max_nodes: int = 8) -> Architecture:
    """A random acyclic graph, its nodes in an order that need not be topological."""
    n = draw(st.integers(1, max_nodes))
    names = tuple(draw(st.lists(st.sampled_from(ops), min_size=n, max_size=n)))
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    order = draw(st.permutations(range(n)))
    return Architecture(names, tuple((order[i], order[j]) for i, j in chosen))


def tables(ops: tuple[str, ...] = PLAIN_OPS, max_nodes: int = 7) -> st.SearchStrategy[ArchTable]:
    """A table of one to six random graphs."""
    return st.lists(dags(ops, max_nodes), min_size=1, max_size=6).map(
        lambda graphs: ArchTable.from_architectures(graphs, ops)
    )


NUMBERS = st.one_of(st.none(), st.sampled_from([0.0, 1.0, 64.0, 0.1]))


@st.composite
def numbered(draw: st.DrawFn) -> Architecture:
    """A small graph with up to two numbers on its nodes and one of its own."""
    graph = draw(dags())
    attrs = {}
    for name in draw(st.sets(st.sampled_from(["width", "kernel"]))):
        attrs[name] = draw(st.lists(NUMBERS, min_size=graph.n_nodes, max_size=graph.n_nodes))
    graph_numbers = draw(st.dictionaries(st.just("resolution"), st.sampled_from([32, 224])))
    return Architecture(graph.ops, graph.edges, attrs, graph_numbers)
