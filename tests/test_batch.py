from __future__ import annotations

import torch
from hypothesis import given
from strategies import tables

from nasflow.batch import GraphBatch, Neighbourhood
from nasflow.table import ArchTable


def pairs(neighbours: Neighbourhood) -> set[tuple[int, int]]:
    assert (neighbours.target.diff() >= 0).all()
    counted = torch.bincount(neighbours.target, minlength=len(neighbours.ptr) - 1)
    assert torch.equal(neighbours.ptr.diff(), counted)
    return set(zip(neighbours.source.tolist(), neighbours.target.tolist(), strict=True))


@given(tables())
def test_neighbourhoods_hold_the_edges_of_every_graph(table: ArchTable) -> None:
    batch = GraphBatch.from_table(table)
    start = table.node_ptr.tolist()
    edges = {(start[row] + s, start[row] + t) for row, graph in enumerate(table) for s, t in graph.edges}
    assert pairs(batch.incoming) == edges
    assert pairs(batch.outgoing) == {(t, s) for s, t in edges}
    assert pairs(batch.undirected) == edges | {(t, s) for s, t in edges}


@given(tables())
def test_sums_over_edges_equal_a_loop(table: ArchTable) -> None:
    batch = GraphBatch.from_table(table)
    for neighbours in (batch.incoming, batch.undirected):
        messages = torch.randn(len(neighbours.source), 3, generator=torch.Generator().manual_seed(0))
        into, out = torch.zeros(batch.n_nodes, 3), torch.zeros(batch.n_nodes, 3)
        for edge, (s, t) in enumerate(zip(neighbours.source, neighbours.target, strict=True)):
            into[t] += messages[edge]
            out[s] += messages[edge]
        torch.testing.assert_close(neighbours.sum_by_target(messages), into)
        torch.testing.assert_close(neighbours.sum_by_source(messages), out)


@given(tables())
def test_mean_pooling_equals_the_mean_of_each_part(table: ArchTable) -> None:
    batch = GraphBatch.from_table(table)
    nodes = torch.randn(batch.n_nodes, 4, generator=torch.Generator().manual_seed(0))
    expected = torch.stack([part.mean(0) for part in nodes.tensor_split(batch.node_ptr[1:-1])])
    torch.testing.assert_close(batch.mean_pool(nodes), expected)
