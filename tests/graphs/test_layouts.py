"""Layouts of a batch: generations as slices, and every graph padded to the largest."""

from __future__ import annotations

import networkx as nx
import torch
from hypothesis import given
from hypothesis import strategies as st

from nasflow.graphs.architecture import Architecture
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.layouts import Sweep
from nasflow.graphs.table import ArchTable
from oracles import OPS, to_networkx
from strategies import dags

GRAPHS = st.lists(dags(OPS), min_size=1, max_size=5)


def _batch(graphs: list[Architecture]) -> GraphBatch:
    return GraphBatch.from_table(ArchTable.from_architectures(graphs, OPS))


def _messages(sweep: Sweep) -> list[tuple[int, int]]:
    """The (source, target) places of a sweep; fails if one is read before it is computed."""
    computed: set[int] = set()
    edges = []
    for step in sweep.steps:
        groups = torch.arange(step.stop - step.start).repeat_interleave(step.ptr.diff())
        assert torch.equal(step.target, groups)
        assert computed.issuperset(step.source.tolist())
        assert step.last_edge - step.first_edge == len(step.source)
        computed.update(range(step.start, step.stop))
        edges += zip(step.source.tolist(), (step.target + step.start).tolist(), strict=True)
    return edges


@given(GRAPHS)
def test_sweeps_read_only_what_is_computed_and_pass_every_edge(graphs: list[Architecture]) -> None:
    batch = _batch(graphs)
    flow = batch.by_generation
    assert torch.equal(flow.order[flow.place], torch.arange(batch.n_nodes))
    edges = sorted((int(flow.place[u]), int(flow.place[v])) for u, v in batch.edge_index.T.tolist())
    assert sorted(_messages(flow.down)) == edges
    assert sorted(_messages(flow.up)) == sorted((v, u) for u, v in edges)
    starts = [step.start for step in flow.down.steps]
    assert starts == [step.start for step in flow.up.steps][::-1] == sorted(starts)
    assert sum(step.stop - step.start for step in flow.down.steps) == batch.n_nodes


@given(GRAPHS)
def test_each_sweep_knows_its_edges_in_the_order_of_the_other(graphs: list[Architecture]) -> None:
    flow = _batch(graphs).by_generation
    for sweep, other in ((flow.down, flow.up), (flow.up, flow.down)):
        source, target = (torch.zeros(len(sweep.opposite), dtype=torch.int64) for _ in range(2))
        for step in sweep.steps:
            source[step.first_edge : step.last_edge] = step.source
            target[step.first_edge : step.last_edge] = step.target + step.start
        for step in other.steps:
            same = sweep.opposite[step.first_edge : step.last_edge]
            assert torch.equal(target[same], step.source)
            assert torch.equal(source[same], step.target + step.start)


@given(GRAPHS)
def test_padded_places_hold_each_graphs_nodes_edges_and_paths(graphs: list[Architecture]) -> None:
    batch = _batch(graphs)
    padded = batch.padded
    assert padded.size == max(graph.n_nodes for graph in graphs)
    assert torch.equal(padded.node[padded.position], torch.arange(batch.n_nodes))
    for g, graph in enumerate(graphs):
        n, whole = graph.n_nodes, to_networkx(graph)
        assert padded.real[:, g].tolist() == [i < n for i in range(padded.size)]
        assert padded.position[batch.node_ptr[g] : batch.node_ptr[g + 1]].tolist() == [
            i * len(graphs) + g for i in range(n)
        ]
        assert set(map(tuple, padded.edge[:, :, g].nonzero().tolist())) == set(graph.edges)
        for i in range(padded.size):
            for j in range(padded.size):
                path = i == j or (i < n and j < n and nx.has_path(whole, i, j))
                back = i == j or (i < n and j < n and nx.has_path(whole, j, i))
                inside = i == j or (i < n and j < n)
                assert bool(padded.path[i, j, g]) == path
                assert float(padded.on_a_path[i, j, g]) == (0 if path or back else -torch.inf)
                assert float(padded.in_the_graph[i, j, g]) == (0 if inside else -torch.inf)
