from __future__ import annotations

import pytest

from nasflow.errors import GraphError
from nasflow.spaces.nbgraph import PROTEINS_OPERATIONS, NBGraph


def test_operations_that_feed_none_feed_the_output() -> None:
    graph = NBGraph().parse("0,0,1,2|gcn,gat,skip,fc")
    assert graph.ops == ("input", "gcn", "gat", "skip", "fc", "output")
    assert graph.edges == ((0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 5))


def test_a_benchmark_hash_is_read_with_its_leading_zeros() -> None:
    space = NBGraph()
    # pattern 3, then operations 5, 1, 8, 4 of the benchmark's order
    assert space.format(space.parse("35184")) == "0,0,1,2|arma,gcn,skip,sage"
    assert space.parse("0") == space.parse("00000")
    assert space.format(space.parse("1")) == "0,0,0,0|gat,gat,gat,gcn"
    with pytest.raises(GraphError, match="digits of 0..8"):
        space.parse("9")


def test_proteins_has_five_operations() -> None:
    space = NBGraph(PROTEINS_OPERATIONS)
    assert space.size == 9 * 5**4
    with pytest.raises(GraphError, match="legal: gcn, sage, arma, fc, skip"):
        space.parse("0,0,0,0|gat,gcn,gcn,gcn")
