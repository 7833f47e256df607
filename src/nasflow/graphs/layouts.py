"""Two other arrangements of a batch's nodes, made once a batch from its structure alone.

`ByGeneration` puts the nodes of all graphs that are at the same depth next to each other, so that
one generation of the whole batch is a slice: what computes from inputs to outputs goes through it
slice by slice. `Padded` gives every graph as many places as the largest has, so that all pairs of
nodes are one tensor: what attention computes on.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor

from nasflow.graphs.pointers import pointer_of_sorted, row_pointer
from nasflow.running.cached import cached_property


@dataclass(frozen=True, eq=False)
class SweepStep:
    """One generation: the nodes at the places start .. stop receive from those computed before."""

    start: int
    stop: int
    first_edge: int
    last_edge: int
    """The generation's edges are first_edge .. last_edge of the sweep's, last_edge not included."""
    source: Tensor
    """(n_edges,) int64: the place each message comes from."""
    target: Tensor
    """(n_edges,) int64: where it goes to, counted from `start`, ascending."""
    ptr: Tensor
    """(stop - start + 1,) int64: the messages of the i-th node are ptr[i] : ptr[i+1]."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """The generations in the order in which messages pass along the edges (or against them)."""

    steps: tuple[SweepStep, ...]
    opposite: Tensor
    """(n_edges,) int64: the edge of this sweep that is the k-th of the sweep the other way."""


@dataclass(frozen=True, eq=False)
class ByGeneration:
    """The nodes of a batch ordered by topological generation."""

    order: Tensor
    """(n_nodes,) int64: the node at each place."""
    place: Tensor
    """(n_nodes,) int64: the place of each node."""
    down: Sweep
    """From the sources, along the edges."""
    up: Sweep
    """From the last generation back, against the edges."""

    @classmethod
    def of(cls, generation: Tensor, edge_index: Tensor) -> ByGeneration:
        """The layout of nodes of generations (n_nodes,) with edges (2, n_edges) that ascend."""
        order = torch.argsort(generation, stable=True)
        place = _inverse(order)
        # generation g is at the places bounds[g] : bounds[g+1]
        bounds = row_pointer(torch.bincount(generation)).tolist()
        # (n_edges,) each: from here on edges join places, no longer nodes
        source, target = place.index_select(0, edge_index.flatten()).view(2, -1)
        by_target = torch.argsort(target, stable=True)
        by_source = torch.argsort(source, stable=True)
        down = _steps(source.index_select(0, by_target), target.index_select(0, by_target), bounds)
        up = _steps(target.index_select(0, by_source), source.index_select(0, by_source), bounds)
        return cls(
            order,
            place,
            Sweep(down, _inverse(by_target).index_select(0, by_source)),
            # against the edges the last generation comes first
            Sweep(up[::-1], _inverse(by_source).index_select(0, by_target)),
        )


def _steps(source: Tensor, target: Tensor, bounds: list[int]) -> tuple[SweepStep, ...]:
    """A step for each generation; `source` and `target` (n_edges,) are sorted by target."""
    ptr = pointer_of_sorted(target, bounds[-1])  # (n_nodes + 1,)
    # one transfer for all generations: on a GPU each number read alone would wait for the device
    first_edges = ptr[bounds].tolist()
    steps = []
    for generation, (start, stop) in enumerate(itertools.pairwise(bounds)):
        first, last = first_edges[generation], first_edges[generation + 1]
        steps.append(
            SweepStep(
                start,
                stop,
                first,
                last,
                source[first:last],
                # counted from the step's own first node and edge, so that it can be used as it is
                target[first:last] - start,
                ptr[start : stop + 1] - first,
            )
        )
    return tuple(steps)


def _inverse(order: Tensor) -> Tensor:
    """(n,) int64: the position of each number in a permutation `order` (n,)."""
    inverse = torch.empty_like(order)
    inverse[order] = torch.arange(len(order), device=order.device)
    return inverse


@dataclass(frozen=True, eq=False)
class Padded:
    """Every graph with as many places as the largest has; node i of graph g is at i * B + g.

    The graphs come last, so that operations on pairs of nodes run along contiguous memory however
    small the graphs.
    """

    size: int
    """n, the nodes of the largest graph."""
    node: Tensor
    """(n * B,) int64: the node at each place; some node of the batch at the places of none."""
    position: Tensor
    """(n_nodes,) int64: the place of each node."""
    real: Tensor
    """(n, B) bool: whether a node is there."""
    edge: Tensor
    """(n, n, B) bool: whether there is an edge from the i-th node to the j-th."""

    @classmethod
    def of(cls, graph: Tensor, node_ptr: Tensor, edge_index: Tensor) -> Padded:
        """The layout of a batch.

        Args:
            graph: (n_nodes,) int64, the graph of every node.
            node_ptr: (B+1,) int64, where the nodes of each graph begin and end.
            edge_index: (2, n_edges) int64, the edges counted over the batch.
        """
        n_graphs, n_nodes = len(node_ptr) - 1, len(graph)
        size = int(node_ptr.diff().max()) if n_graphs else 0
        nodes = torch.arange(n_nodes, device=graph.device)
        # (n_nodes,): each node's number within its graph
        rank = nodes - node_ptr.index_select(0, graph)
        position = rank * n_graphs + graph
        # places of no node read node 0, and their results are read by nobody
        node = nodes.new_zeros(size * n_graphs)
        node[position] = nodes
        real = torch.zeros(size * n_graphs, dtype=torch.bool, device=graph.device)
        real[position] = True
        source, target = edge_index
        # the edge from node i to node j of graph g is at (i * n + j) * B + g
        edge_place = rank.index_select(0, source) * (size * n_graphs)
        edge_place += position.index_select(0, target)
        edge = torch.zeros(size * size * n_graphs, dtype=torch.bool, device=graph.device)
        edge[edge_place] = True
        return cls(size, node, position, real.view(size, n_graphs), edge.view(size, size, n_graphs))

    @cached_property
    def path(self) -> Tensor:
        """(n, n, B) bool: whether a directed path leads from node i to j, or they are the same."""
        path = self.edge | self._same
        for k in range(self.size):  # Warshall: paths through the nodes 0 .. k
            # (n, 1, B) & (1, n, B): to k, and on from k
            path |= path[:, k].unsqueeze(1) & path[k].unsqueeze(0)
        return path

    @cached_property
    def on_a_path(self) -> Tensor:
        """(n, n, B) float32: 0 where a path joins the nodes, in either direction, else -inf."""
        return _bias(self.path | self.path.transpose(0, 1))

    @cached_property
    def in_the_graph(self) -> Tensor:
        """(n, n, B) float32: 0 where both nodes are there, and for a place itself, else -inf."""
        both = self.real.unsqueeze(0) & self.real.unsqueeze(1)
        # a place of no node reads itself: softmax over nothing would be NaN
        return _bias(both | self._same)

    @property
    def _same(self) -> Tensor:
        """(n, n, 1) bool: whether two places of a graph are the same."""
        return torch.eye(self.size, dtype=torch.bool, device=self.edge.device).unsqueeze(2)


def _bias(allowed: Tensor) -> Tensor:
    """(n, n, B) float32: 0 where `allowed`, else -inf: what is added to scores before softmax."""
    return torch.zeros(allowed.shape, device=allowed.device).masked_fill_(~allowed, -torch.inf)
