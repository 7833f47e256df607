"""Generations by lists, by arrays and by tensors: three routes to the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.generations import (
    generations_of_arrays,
    generations_of_graph,
    generations_of_tensors,
)
from nasflow.graphs.table import ArchTable
from strategies import OPS, dags


def _check(graphs: list[Architecture]) -> None:
    """All three, of the graphs side by side."""
    table = ArchTable.from_architectures(graphs, OPS)
    source, target = table.global_edges()
    n_nodes = len(table.ops)
    expected = [g for graph in graphs for g in generations_of_graph(graph.n_nodes, graph.edges)]

    of_arrays, in_cycle = generations_of_arrays(n_nodes, source, target)
    assert in_cycle is None
    assert of_arrays.tolist() == expected

    order = np.random.default_rng(0).permutation(len(source))  # tensors take edges in any order
    edges = torch.from_numpy(np.stack([source, target])[:, order])
    assert generations_of_tensors(n_nodes, edges).tolist() == expected


@given(st.lists(dags(), min_size=1, max_size=5))
def test_lists_arrays_and_tensors_give_the_same_generations(graphs: list[Architecture]) -> None:
    _check(graphs)


@pytest.mark.parametrize("n", [1, 2, 65, 200])
def test_so_they_do_of_a_deep_graph_beside_a_shallow_one(n: int) -> None:
    chain = Architecture(("conv",) * n, tuple((i, i + 1) for i in range(n - 1)))
    _check([chain, Architecture(("input", "output"), ((0, 1),)), chain])


def test_all_three_find_a_cycle() -> None:
    edges = [(0, 1), (2, 1), (1, 2), (2, 3)]
    source, target = np.array(sorted(edges, key=lambda edge: edge[1])).T
    with pytest.raises(GraphError, match="cycle 1 -> 2 -> 1"):
        generations_of_graph(4, edges)
    assert generations_of_arrays(4, source, target)[1] == 1
    with pytest.raises(GraphError, match="the edges have a cycle"):
        generations_of_tensors(4, torch.tensor(edges).t())
