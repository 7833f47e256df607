from __future__ import annotations

from nasflow.graphs.architecture import Architecture


def test_two_parallel_branches_swapped_are_the_same_architecture() -> None:
    """98 % of the children of an evolution were isomorphic to ones seen before."""
    edges = ((0, 1), (0, 2), (1, 3), (2, 3))
    one = Architecture(("input", "conv", "pool", "output"), edges)
    other = Architecture(("input", "pool", "conv", "output"), edges)
    assert one != other
    assert one.canonical_id == other.canonical_id
