"""The flow through hyperedges, against its definition read hyperedge by hyperedge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.spaces.darts import Darts
from nasflow.surrogate import FlowSurrogate
from nasflow_paper.questions.hyperedges import bypassed, combined
from oracles import OPS, random_table
from strategies import dags

KINDS = ("sum", "concat")
CONFIG = SurrogateConfig(k=4, sigma=1.0)
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Hyperedge:
    """A directed hyperedge between nodes of a hypergraph."""

    sources: tuple[int, ...]
    targets: tuple[int, ...]
    kind: str


@dataclass(frozen=True)
class Hypergraph:
    """Operations on nodes, and directed hyperedges between them."""

    ops: tuple[str, ...]
    hyperedges: tuple[Hyperedge, ...]

    def star(self) -> Architecture:
        """The graph with a node more, behind all others, for each hyperedge of several sources."""
        ops, edges = list(self.ops), []
        for hyperedge in self.hyperedges:
            start = hyperedge.sources[0]
            if len(hyperedge.sources) > 1:
                start = len(ops)
                ops.append(hyperedge.kind)
                edges += [(source, start) for source in hyperedge.sources]
            edges += [(start, target) for target in hyperedge.targets]
        return Architecture(tuple(ops), tuple(edges))


def star_surrogates(
    graphs: Sequence[Hypergraph], config: SurrogateConfig, dtype: torch.dtype = torch.float64
) -> torch.Tensor:
    """(N, k): the surrogates of the star graphs, rows of P for `KINDS` drawn after all else."""
    table = ArchTable.from_architectures([graph.star() for graph in graphs], (*OPS, *KINDS))
    return FlowSurrogate(table.n_ops, config, dtype, n_later_ops=len(KINDS))(table)


def by_definition(graph: Hypergraph, config: SurrogateConfig) -> FloatArray:
    """(k,): the equations of `hyperedges`, one node and one hyperedge at a time."""
    rng = np.random.RandomState(config.seed)
    r = rng.uniform(0, 1, config.k)
    rng.uniform(0, 1, config.k)
    P = rng.normal(0, config.sigma, (len(OPS), config.k))
    W = rng.normal(0, config.sigma, (2 * config.k, config.k))
    C = rng.normal(0, config.sigma, (len(KINDS), config.k))

    def convert(own: FloatArray, message: FloatArray) -> FloatArray:
        converted = np.maximum(np.concatenate([own, message]) @ W, 0)
        return config.alpha * message + (1 - config.alpha) * converted

    def through(e: Hyperedge, total: FloatArray) -> FloatArray:
        return total if len(e.sources) == 1 else convert(C[KINDS.index(e.kind)], total)

    nodes, edges = range(len(graph.ops)), graph.hyperedges
    f: dict[int, FloatArray] = {v: r for v in nodes if not any(v in e.targets for e in edges)}
    while len(f) < len(nodes):
        for v in nodes:
            into = [e for e in edges if v in e.targets]
            if v not in f and all(u in f for e in into for u in e.sources):
                message = sum(through(e, sum(f[u] for u in e.sources)) for e in into)
                f[v] = convert(P[OPS.index(graph.ops[v])], message)
    b = {v: f[v] for v in nodes if not any(v in e.sources for e in edges)}
    while len(b) < len(nodes):
        for v in nodes:
            out = [e for e in edges if v in e.sources]
            if v not in b and all(w in b for e in out for w in e.targets):
                message = sum(through(e, sum(b[w] for w in e.targets)) for e in out)
                b[v] = convert(P[OPS.index(graph.ops[v])], message)
    total: Any = sum(b[v] for v in nodes if not any(v in e.targets for e in edges))
    return total


@st.composite
def hypergraphs(draw: Any) -> Hypergraph:
    """Hyperedges from earlier to later nodes, no pair of nodes joined twice in the same way."""
    n = draw(st.integers(2, 6))
    ops = tuple(draw(st.lists(st.sampled_from(OPS), min_size=n, max_size=n)))
    edges, joined = [], set()
    for cut in draw(st.lists(st.integers(1, n - 1), max_size=4)):
        sources = tuple(sorted(draw(st.sets(st.integers(0, cut - 1), min_size=1, max_size=3))))
        targets = tuple(sorted(draw(st.sets(st.integers(cut, n - 1), min_size=1, max_size=2))))
        if len(sources) == 1:
            targets = tuple(t for t in targets if (sources[0], t) not in joined)
            joined |= {(sources[0], t) for t in targets}
        if targets:
            edges.append(Hyperedge(sources, targets, draw(st.sampled_from(KINDS))))
    return Hypergraph(ops, tuple(edges))


@settings(max_examples=25)
@given(
    st.lists(hypergraphs(), min_size=1, max_size=4),
    st.sampled_from([CONFIG, SurrogateConfig(k=3, alpha=0.3)]),
)
def test_the_star_graph_gives_what_the_definition_says(
    graphs: list[Hypergraph], config: SurrogateConfig
) -> None:
    seen = star_surrogates(graphs, config).numpy()
    np.testing.assert_allclose(seen, [by_definition(graph, config) for graph in graphs], rtol=1e-10)


@settings(max_examples=25)
@given(dags(OPS))
def test_with_one_source_each_a_hypergraph_is_the_graph_to_the_bit(graph: Architecture) -> None:
    edges = tuple(Hyperedge((u,), (v,), "sum") for u, v in graph.edges)
    seen = star_surrogates([Hypergraph(graph.ops, edges)], CONFIG, torch.float32)
    assert torch.equal(
        seen, FlowSurrogate(len(OPS), CONFIG)(ArchTable.from_architectures([graph], OPS))
    )


def test_a_hyperedge_is_no_sum_of_edges() -> None:
    edges = [
        Hypergraph(("input", "input", "output"), edges)
        for edges in (
            (Hyperedge((0, 1), (2,), "sum"),),
            (Hyperedge((0,), (2,), "sum"), Hyperedge((1,), (2,), "sum")),
            (Hyperedge((0, 1), (2,), "concat"),),
        )
    ]
    assert len(np.unique(star_surrogates(edges, CONFIG).numpy().round(9), axis=0)) == 3


# -- tables


def test_a_table_is_combined_as_each_of_its_graphs() -> None:
    table = random_table(40)
    kind_of = {"conv1x1": "sum", "conv3x3": "sum", "output": "concat"}
    star = combined(table, kind_of)
    assert star.vocabulary == (*OPS, "sum", "concat")
    for graph, seen in zip(table, star, strict=True):
        edges = []
        for v, op in enumerate(graph.ops):
            before = graph.predecessors[v]
            if len(before) > 1 and op in kind_of:
                edges.append(Hyperedge(before, (v,), kind_of[op]))
            else:
                edges += [Hyperedge((u,), (v,), "") for u in before]
        assert seen == Hypergraph(graph.ops, tuple(edges)).star()


def test_a_table_without_several_inputs_stays_as_it_is() -> None:
    chain = ArchTable.from_architectures([Architecture(OPS[:3], ((0, 1), (1, 2)))], OPS)
    star = combined(chain, dict.fromkeys(OPS, "sum"))
    assert star[0] == chain[0]
    seen = FlowSurrogate(6, CONFIG, n_later_ops=1)(star)
    assert torch.equal(seen, FlowSurrogate(5, CONFIG)(chain))


def test_bypassing_sums_gives_the_darts_graph_without_them() -> None:
    with_sums = Darts()
    rng = np.random.default_rng(0)
    cells = [with_sums.sample(rng) for _ in range(10)]
    table = bypassed(with_sums.table(cells), "sum")
    for cell, seen in zip((with_sums.graph(cell) for cell in cells), table, strict=True):
        kept = [v for v, op in enumerate(cell.ops) if op != "sum"]
        place = {v: i for i, v in enumerate(kept)}
        edges = {(u, v) for u, v in cell.edges if u in place and v in place}
        edges |= {
            (u, w)
            for v, op in enumerate(cell.ops)
            if op == "sum"
            for u in cell.predecessors[v]
            for w in cell.successors[v]
        }
        assert seen == Architecture(
            tuple(cell.ops[v] for v in kept), tuple((place[u], place[v]) for u, v in edges)
        )


@pytest.mark.parametrize("n_later", [0, 2])
def test_later_operations_leave_the_draw_of_the_others(n_later: int) -> None:
    plain, more = FlowSurrogate(5, CONFIG), FlowSurrogate(5 + n_later, CONFIG, n_later_ops=n_later)
    assert torch.equal(more.P[:5], plain.P)
    assert torch.equal(more.W, plain.W)
    assert len(more.P) == 5 + n_later
