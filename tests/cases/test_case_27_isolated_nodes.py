from __future__ import annotations

import torch

from nasflow import Architecture, ArchTable, GraphBatch


def test_nodes_without_edges_are_counted() -> None:
    """Isolated nodes were lost where the count was inferred from the edges."""
    graph = Architecture(("a",) * 5, ((0, 1), (1, 2)))
    batch = GraphBatch.from_table(ArchTable.from_architectures([graph, graph]))
    assert batch.n_nodes == 10
    assert batch.undirected.ptr[-1] == 8
    assert torch.equal(batch.mean_pool(torch.ones(10, 1)), torch.ones(2, 1))
