"""Altered copies of a batch: what each alteration keeps, graph by graph, and what it changes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import networkx as nx
import numpy as np
import pytest
import torch
from torch import Tensor

from nasflow.graphs.architecture import Architecture
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.table import ArchTable
from nasflow.pretext.views import (
    cut,
    drop_nodes,
    mask_operations,
    perturb_edges,
    random_share,
    random_view,
    subgraph,
)
from oracles import OPS, random_dag, random_table

SINGLE, NO_EDGES = Architecture(("input",)), Architecture(("input", "conv1x1", "output"))
HIDDEN = len(OPS)
Graph = tuple[list[int], set[tuple[int, int]]]


def _table(seed: int = 0, max_nodes: int = 14) -> ArchTable:
    """Random graphs of 2 to 14 nodes, among them two of one node and two without edges."""
    few = ArchTable.from_architectures([SINGLE, NO_EDGES], OPS)
    return ArchTable.concatenate([few, random_table(40, seed, max_nodes), few])


def _batch(seed: int = 0) -> GraphBatch:
    return GraphBatch.from_table(_table(seed))


def _graphs(batch: GraphBatch) -> list[Graph]:
    """Operations and edges of each graph; fails if the batch is not what encoders expect."""
    source, target = batch.edge_index
    assert (target.diff() >= 0).all()
    assert torch.equal(
        batch.graph, torch.arange(len(batch)).repeat_interleave(batch.node_ptr.diff())
    )
    assert torch.equal(batch.graph[source], batch.graph[target])
    graphs = []
    all_names = (*OPS, "hidden")
    for g, (start, stop) in enumerate(itertools.pairwise(batch.node_ptr.tolist())):
        ops = batch.ops[start:stop].tolist()
        edges = []
        for u, v in batch.edge_index.T.tolist():
            if start <= v < stop:
                edges.append((u - start, v - start))
        assert len(set(edges)) == len(edges)
        names = tuple(all_names[op] for op in ops)
        graph = Architecture(names, tuple(edges))  # refuses cycles and loops
        assert list(graph.generations) == batch.generation[batch.graph == g].tolist()
        graphs.append((ops, set(edges)))
    return graphs


def _with_edges(batch: GraphBatch, edge_index: Tensor) -> GraphBatch:
    return cut(batch, torch.ones(batch.n_nodes, dtype=torch.bool), edge_index)


def _half(batch: GraphBatch) -> Tensor:
    """Every other graph of the batch."""
    return torch.arange(len(batch)) % 2 == 0


def _share(share: float, size: int) -> int:
    return min(size, max(1, int(share * size)))


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


# -- the draw behind all of them -------------------------------------------------------------------


def test_a_random_share_has_the_asked_number_of_each_group_and_any_item_as_often() -> None:
    sizes, counts = [3, 0, 1, 5], torch.tensor([2, 0, 1, 0])
    ptr = torch.tensor(np.cumsum([0, *sizes]))
    group = torch.arange(4).repeat_interleave(torch.tensor(sizes))
    total = torch.zeros(9)
    for _ in range(600):
        chosen = random_share(group, ptr, counts)
        assert torch.bincount(group[chosen], minlength=4).tolist() == counts.tolist()
        total += chosen
    assert total[3] == 600
    assert (total[:3] / 600 - 2 / 3).abs().max() < 0.08  # four standard deviations


# -- operations ------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.15, 0.5, 1.0])
def test_masking_hides_the_share_of_the_operations_and_touches_nothing_else(share: float) -> None:
    batch = _batch()
    masked = mask_operations(batch, share, _half(batch))
    assert masked.masked
    assert not batch.masked
    for g, ((ops, edges), (old_ops, old_edges)) in enumerate(
        zip(_graphs(masked), _graphs(batch), strict=True)
    ):
        assert edges == old_edges
        assert ops.count(HIDDEN) == (_share(share, len(ops)) if g % 2 == 0 else 0)
        assert all(new in (old, HIDDEN) for new, old in zip(ops, old_ops, strict=True))
    assert (mask_operations(batch, 1.0).ops == HIDDEN).all()


# -- nodes -----------------------------------------------------------------------------------------


def test_keeping_nodes_gives_the_induced_subgraphs() -> None:
    batch = _batch()
    kept = torch.rand(batch.n_nodes) < 0.6
    kept[batch.node_ptr[:-1]] = True  # at least one of each graph
    views = _graphs(cut(batch, kept, batch.edge_index))
    for g, (graph, (ops, edges)) in enumerate(zip(views, _graphs(batch), strict=True)):
        left = [v for v in range(len(ops)) if kept[int(batch.node_ptr[g]) + v]]
        place = {v: i for i, v in enumerate(left)}
        expected = {(place[u], place[v]) for u, v in edges if u in place and v in place}
        assert graph == ([ops[v] for v in left], expected)


@pytest.mark.parametrize("share", [0.2, 0.6, 1.0])
def test_dropping_takes_the_share_of_the_nodes_and_leaves_one(share: float) -> None:
    batch = _batch()
    kept = drop_nodes(batch, share, _half(batch))
    for g, size in enumerate(batch.node_ptr.diff().tolist()):
        n_kept = int(kept[batch.graph == g].sum())
        assert n_kept == (size - min(size - 1, _share(share, size)) if g % 2 == 0 else size)


@pytest.mark.parametrize("share", [0.2, 0.6])
def test_a_subgraph_is_connected_and_has_the_rest_of_the_nodes_where_it_can_reach_them(
    share: float,
) -> None:
    table = _table()
    batch = GraphBatch.from_table(table)
    kept = subgraph(batch, share, _half(batch))
    sizes_seen = set()
    for g, architecture in enumerate(table):
        left = kept[batch.graph == g].nonzero().squeeze(1).tolist()
        size = architecture.n_nodes
        if g % 2:
            assert len(left) == size
            continue
        undirected = nx.Graph(architecture.edges)
        undirected.add_nodes_from(range(size))
        part = undirected.subgraph(left)
        assert nx.is_connected(part)
        reachable = len(nx.node_connected_component(undirected, left[0]))
        assert len(left) == min(reachable, size - min(size - 1, _share(share, size)))
        sizes_seen.add((len(left) == reachable, len(left) < size))
    assert len(sizes_seen) > 1  # both cases occurred


def test_a_subgraph_may_start_anywhere() -> None:
    chain = Architecture(OPS, tuple((i, i + 1) for i in range(4)))
    batch = GraphBatch.from_table(ArchTable.from_architectures([chain] * 60, OPS))
    kept = subgraph(batch, 0.8, torch.ones(60, dtype=torch.bool))
    assert kept.view(60, 5).sum(dim=0).min() > 2


# -- edges -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.2, 0.7])
def test_perturbing_removes_the_share_of_the_edges_and_adds_no_more(share: float) -> None:
    batch = _batch()
    view = _with_edges(batch, perturb_edges(batch, share, _half(batch)))
    n_added = 0
    for g, ((_, edges), (_, old)) in enumerate(zip(_graphs(view), _graphs(batch), strict=True)):
        if g % 2 or not old:
            assert edges == old
            continue
        count = _share(share, len(old))
        # what was removed may be added again
        assert len(old) - count <= len(edges & old) <= len(old)
        assert len(edges - old) <= count
        n_added += len(edges - old)
    assert n_added > 20


def test_an_added_edge_never_points_to_an_earlier_generation() -> None:
    batch = _batch()
    source, target = perturb_edges(batch, 0.7, torch.ones(len(batch), dtype=torch.bool))
    assert (batch.generation[source] <= batch.generation[target]).all()
    assert (batch.generation[source] == batch.generation[target]).any()


# -- all four --------------------------------------------------------------------------------------


def test_a_random_view_is_one_of_the_four_for_each_graph() -> None:
    dag = random_dag(np.random.default_rng(0), 10)
    batch = GraphBatch.from_table(ArchTable.from_architectures([dag] * 200, OPS))
    (ops, edges), seen = _graphs(batch)[0], []
    for new_ops, new_edges in _graphs(random_view(batch, 0.2)):
        if HIDDEN in new_ops:
            assert new_ops.count(HIDDEN) == 2
            assert new_edges == edges
            seen.append("operations")
        elif len(new_ops) == len(ops):
            assert new_ops == ops
            seen.append("edges")
        else:
            assert len(new_ops) == 8
            seen.append("nodes")
    assert 30 < seen.count("operations") < 70
    assert 30 < seen.count("edges") < 70
    assert 70 < seen.count("nodes") < 130  # dropped, or a connected part


def test_a_view_is_drawn_from_torch_s_generator() -> None:
    batch, views = _batch(), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        views.append(_graphs(random_view(batch, 0.2)))
    assert views[0] == views[1] != views[2]


def test_graphs_of_one_node_stay_as_they_are_but_for_the_operation() -> None:
    batch = GraphBatch.from_table(ArchTable.from_architectures([SINGLE] * 20, OPS))
    view = random_view(batch, 0.9)
    assert {tuple(ops) for ops, _ in _graphs(view)} == {(0,), (HIDDEN,)}
