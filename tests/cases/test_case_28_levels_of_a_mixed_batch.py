from __future__ import annotations

from nasflow import Architecture, ArchTable, GraphBatch


def chain(depth: int) -> Architecture:
    return Architecture(("a",) * depth, tuple((i, i + 1) for i in range(depth - 1)))


def test_generations_of_chains_of_different_depth_are_each_their_own() -> None:
    """Level-by-level batches."""
    batch = GraphBatch.from_table(ArchTable.from_architectures([chain(2), chain(9)]))
    assert batch.generation.tolist() == [0, 1, *range(9)]
