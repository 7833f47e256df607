"""Two other arrangements of a batch's nodes, made once a batch from its structure alone.

`ByGeneration` puts the nodes of all graphs that are at the same depth next to each other, so that
one generation of
the whole batch is a slice: what computes from inputs to outputs goes through it slice by slice.
`Padded` gives
every graph as many places as the largest has, so that all pairs of nodes are one tensor: what
attention computes on.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class SweepStep:
    """One generation of a sweep: the nodes at the places start .. stop receive from places already
    computed.
    """

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
    """(n_edges,) int64: which edge of this sweep the k-th edge of the sweep in the other direction
    is.
    """


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
        """The layout of nodes of generations (n_nodes,) with edges (2, n_edges) from lower to
        higher ones.
        """
        order = torch.argsort(generation, stable=True)
        place = torch.empty_like(order)
        place[order] = torch.arange(len(order), device=order.device)
        bounds = [0, *torch.bincount(generation).cumsum(0).tolist()]
        slices = list(itertools.pairwise(bounds))
        source, target = place.index_select(0, edge_index.flatten()).view(2, -1)
        by_target, by_source = (
            torch.argsort(target, stable=True),
            torch.argsort(source, stable=True),
        )
        down = _steps(
            source.index_select(0, by_target), target.index_select(0, by_target), slices, len(order)
        )
        up = _steps(
            target.index_select(0, by_source), source.index_select(0, by_source), slices, len(order)
        )
        return cls(
            order,
            place,
            Sweep(down, _inverse(by_target).index_select(0, by_source)),
            Sweep(up[::-1], _inverse(by_source).index_select(0, by_target)),
        )


def _steps(
    source: Tensor, target: Tensor, slices: list[tuple[int, int]], n_nodes: int
) -> tuple[SweepStep, ...]:
    """A step for each slice of places, of edges sorted by target."""
    counts = torch.bincount(target, minlength=n_nodes)
    ptr = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    edges = ptr[[start for start, _ in slices] + [n_nodes]].tolist()
    return tuple(
        SweepStep(
            start,
            stop,
            first,
            last,
            source[first:last],
            target[first:last] - start,
            ptr[start : stop + 1] - first,
        )
        for (start, stop), (first, last) in zip(slices, itertools.pairwise(edges), strict=True)
    )


def _inverse(order: Tensor) -> Tensor:
    inverse = torch.empty_like(order)
    inverse[order] = torch.arange(len(order), device=order.device)
    return inverse


@dataclass(frozen=True, eq=False)
class Padded:
    """Every graph with as many places as the largest has; the place of the i-th node of graph g is
    i * B + g.

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
        """The layout of nodes of the graphs (n_nodes,), with `node_ptr` (B+1,) and edges (2,
        n_edges).
        """
        n_graphs, n_nodes = len(node_ptr) - 1, len(graph)
        size = int(node_ptr.diff().max()) if n_graphs else 0
        nodes = torch.arange(n_nodes, device=graph.device)
        rank = nodes - node_ptr.index_select(0, graph)
        position = rank * n_graphs + graph
        node = nodes.new_zeros(size * n_graphs)
        node[position] = nodes
        real = torch.zeros(size * n_graphs, dtype=torch.bool, device=graph.device)
        real[position] = True
        source, target = edge_index
        edge = torch.zeros(size * size * n_graphs, dtype=torch.bool, device=graph.device)
        edge[
            rank.index_select(0, source) * (size * n_graphs) + position.index_select(0, target)
        ] = True
        return cls(size, node, position, real.view(size, n_graphs), edge.view(size, size, n_graphs))

    @cached_property
    def path(self) -> Tensor:
        """(n, n, B) bool: whether a directed path leads from the i-th node to the j-th, or they are
        the same.
        """
        path = self.edge | torch.eye(
            self.size, dtype=torch.bool, device=self.edge.device
        ).unsqueeze(2)
        for k in range(self.size):  # Warshall: paths through the nodes 0 .. k
            path |= path[:, k].unsqueeze(1) & path[k].unsqueeze(0)
        return path

    @cached_property
    def on_a_path(self) -> Tensor:
        """(n, n, B) float32: 0 where a directed path joins the two nodes, in either direction, -inf
        elsewhere.
        """
        return _bias(self.path | self.path.transpose(0, 1))

    @cached_property
    def in_the_graph(self) -> Tensor:
        """(n, n, B) float32: 0 where both nodes are there (or neither, and they are the same), -inf
        elsewhere.
        """
        both = self.real.unsqueeze(0) & self.real.unsqueeze(1)
        return _bias(both | torch.eye(self.size, dtype=torch.bool, device=both.device).unsqueeze(2))


def _bias(allowed: Tensor) -> Tensor:
    return torch.zeros(allowed.shape, device=allowed.device).masked_fill_(~allowed, -torch.inf)
