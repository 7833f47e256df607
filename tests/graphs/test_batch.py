"""Batches: rows of a table as tensors, and the neighbourhoods that layers gather along."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nasflow.graphs.architecture import Architecture
from nasflow.graphs.batch import GraphBatch, Neighbourhood
from nasflow.graphs.table import ArchTable
from oracles import OPS, random_table
from strategies import dags


def _batch(graphs: list[Architecture]) -> GraphBatch:
    return GraphBatch.from_table(ArchTable.from_architectures(graphs, OPS))


def _pairs(neighbours: Neighbourhood) -> list[tuple[int, int]]:
    """The edges, sorted; fails if `ptr` does not cut the targets into the groups it promises."""
    groups = torch.arange(len(neighbours.ptr) - 1).repeat_interleave(neighbours.ptr.diff())
    assert torch.equal(neighbours.target, groups)
    return sorted(zip(neighbours.source.tolist(), neighbours.target.tolist(), strict=True))


@given(st.lists(dags(OPS), min_size=1, max_size=5))
def test_a_batch_holds_the_graphs_one_after_the_other(graphs: list[Architecture]) -> None:
    batch = _batch(graphs)
    ops = [OPS.index(op) for graph in graphs for op in graph.ops]
    sizes = [graph.n_nodes for graph in graphs]
    offsets = np.cumsum([0, *sizes])
    edges = []
    for offset, graph in zip(offsets[:-1].tolist(), graphs, strict=True):
        edges += [(offset + u, offset + v) for u, v in graph.edges]
    assert batch.ops.tolist() == ops
    assert batch.node_ptr.tolist() == offsets.tolist()
    assert batch.graph.tolist() == np.repeat(np.arange(len(graphs)), sizes).tolist()
    assert batch.generation.tolist() == [g for graph in graphs for g in graph.generations]
    assert sorted(map(tuple, batch.edge_index.T.tolist())) == sorted(edges)
    assert (len(batch), batch.n_nodes, batch.n_ops) == (len(graphs), sum(sizes), len(OPS))


@given(st.lists(dags(OPS), min_size=1, max_size=5))
def test_neighbourhoods_are_the_edges_forwards_backwards_and_both(
    graphs: list[Architecture],
) -> None:
    batch = _batch(graphs)
    edges = [(u, v) for u, v in batch.edge_index.T.tolist()]
    reverse = [(v, u) for u, v in edges]
    assert _pairs(batch.incoming) == sorted(edges)
    assert _pairs(batch.outgoing) == sorted(reverse)
    assert _pairs(batch.undirected) == sorted(edges + reverse)


@pytest.mark.parametrize("name", ["incoming", "outgoing", "undirected"])
def test_sums_over_a_neighbourhood_equal_a_loop_over_its_edges(name: str) -> None:
    neighbours: Neighbourhood = getattr(GraphBatch.from_table(random_table(20, seed=1)), name)
    messages = torch.randn(
        len(neighbours.source), 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    n_nodes = len(neighbours.ptr) - 1
    by_target, by_source = torch.zeros(n_nodes, 3).double(), torch.zeros(n_nodes, 3).double()
    for u, v, message in zip(
        neighbours.source.tolist(), neighbours.target.tolist(), messages, strict=True
    ):
        by_target[v] += message
        by_source[u] += message
    assert (neighbours.target.diff() >= 0).all()
    torch.testing.assert_close(neighbours.sum_by_target(messages), by_target)
    torch.testing.assert_close(neighbours.sum_by_source(messages), by_source)


def test_the_sum_of_a_nodes_sources_is_a_loop_over_its_edges() -> None:
    batch = GraphBatch.from_table(random_table(20, seed=1))
    states = torch.randn(
        batch.n_nodes, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    expected = torch.zeros(batch.n_nodes, 3).double()
    for u, v in batch.edge_index.T.tolist():
        expected[v] += states[u]
    torch.testing.assert_close(batch.incoming.sum_of_sources(states), expected)


def test_mean_pool_is_the_mean_of_each_graphs_nodes_and_has_a_gradient() -> None:
    batch = GraphBatch.from_table(random_table(10))
    nodes = torch.randn(batch.n_nodes, 4, requires_grad=True)
    pooled = batch.mean_pool(nodes)
    for g in range(len(batch)):
        torch.testing.assert_close(pooled[g], nodes[batch.graph == g].mean(dim=0))
    pooled.sum().backward()
    assert nodes.grad is not None
    sizes = batch.node_ptr.diff()[batch.graph]
    torch.testing.assert_close(nodes.grad[:, 0], 1 / sizes.float())


def test_a_batch_of_rows_is_the_batch_of_the_cut_table() -> None:
    table = random_table(30)
    rows = np.array([7, 3, 3, 29])
    batch = GraphBatch.from_table(table[rows])
    expected = _batch([table[int(row)] for row in rows])
    for name in ("ops", "graph", "node_ptr", "edge_index", "generation"):
        assert torch.equal(getattr(batch, name), getattr(expected, name))


def test_a_node_without_edges_receives_zero() -> None:
    batch = _batch([Architecture(("input", "output"))])
    empty = torch.zeros(0, 2)
    assert torch.equal(batch.undirected.sum_by_target(empty), torch.zeros(2, 2))
    assert torch.equal(batch.undirected.sum_by_source(empty), torch.zeros(2, 2))
