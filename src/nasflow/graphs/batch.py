"""`GraphBatch`: some rows of an `ArchTable` as tensors, the form that encoders compute on.

    field        shape, dtype         meaning
    ops          (n_nodes,) int64     operation index of every node, graph after graph;
                                      n_ops where it is hidden
    graph        (n_nodes,) int64     the graph (0..B-1) each node belongs to
    node_ptr     (B+1,) int64         graph g owns the nodes node_ptr[g] : node_ptr[g+1]
    edge_index   (2, n_edges) int64   source and target counted over the batch, sorted by target
    generation   (n_nodes,) int64     topological generation of every node, from 0
    n_ops        int                  size of the vocabulary
    masked       bool                 whether the operation of some node may be hidden
                                      (never from a table)
    attr_names   (n_attrs,) str       names of the numbers that nodes carry; mostly none
    attrs        (n_nodes, n_attrs)   these numbers, float32, NaN for none; None without names
    global_names (n_globals,) str     names of the numbers that graphs carry
    globals      (B, n_globals)       these numbers, likewise

A batch of graphs is one graph of many components: no padding, no loop over graphs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nasflow.graphs.attributes import Float32
from nasflow.graphs.layouts import ByGeneration, Padded
from nasflow.graphs.pointers import pointer_of_sorted, sum_of_rows
from nasflow.graphs.table import ArchTable
from nasflow.running.cached import cached_property


@dataclass(frozen=True)
class Neighbourhood:
    """Edges grouped by the node they arrive at: what a message-passing layer gathers along.

    Its sums are for the inside of a `torch.autograd.Function` that writes its derivative out.
    """

    source: Tensor
    """(n_edges,) int64: where the message comes from."""
    target: Tensor
    """(n_edges,) int64: where it goes to, ascending."""
    ptr: Tensor
    """(n_nodes+1,) int64: node v receives the messages ptr[v] : ptr[v+1]."""

    def sum_by_target(self, messages: Tensor) -> Tensor:
        """(n_nodes, H): the sum of the messages (n_edges, H) that arrive at each node."""
        return sum_of_rows(messages, self._edges, self.ptr)

    def sum_by_source(self, messages: Tensor) -> Tensor:
        """(n_nodes, H): the sum of the messages (n_edges, H) that leave each node."""
        return sum_of_rows(messages, *self._by_source)

    def sum_of_sources(self, states: Tensor) -> Tensor:
        """(n_nodes, H): the sum of the states (n_nodes, H) of each node's sources."""
        return sum_of_rows(states, self.source, self.ptr)

    @cached_property
    def _edges(self) -> Tensor:
        """(n_edges,) int64: the edges in their own order, by target."""
        return torch.arange(len(self.source), device=self.source.device)

    @cached_property
    def _by_source(self) -> tuple[Tensor, Tensor]:
        """(n_edges,) and (n_nodes+1,) int64: the edges by source, and where each node's start."""
        n_nodes = len(self.ptr) - 1
        return torch.argsort(self.source, stable=True), pointer_of_sorted(self.source, n_nodes)


@dataclass(frozen=True, eq=False)
class GraphBatch:
    """A batch of graphs as tensors; the fields are on this module's first page.

    Example:
        >>> from nasflow.spaces.nb201 import NB201
        >>> batch = GraphBatch.from_table(NB201().enumerate()[:32])
        >>> len(batch), batch.ops.shape
        (32, torch.Size([256]))
    """

    ops: Tensor
    graph: Tensor
    node_ptr: Tensor
    edge_index: Tensor
    generation: Tensor
    n_ops: int
    masked: bool = False
    attr_names: tuple[str, ...] = ()
    attrs: Tensor | None = None
    global_names: tuple[str, ...] = ()
    globals: Tensor | None = None

    @classmethod
    def from_table(cls, table: ArchTable, device: torch.device | str = "cpu") -> GraphBatch:
        """The whole of `table` as one batch; cut it first: `from_table(table[rows])`."""

        # int64 throughout: index_select and index_add take no narrower index everywhere
        def as_index(array: npt.NDArray[np.integer[Any]]) -> Tensor:
            return torch.from_numpy(np.asarray(array, np.int64)).to(device)

        def as_numbers(names: tuple[str, ...], columns: Float32) -> Tensor | None:
            return torch.from_numpy(np.ascontiguousarray(columns)).to(device) if names else None

        return cls(
            ops=as_index(table.ops),
            graph=as_index(table.node_graph),
            node_ptr=as_index(table.node_ptr),
            edge_index=as_index(table.global_edges()),
            generation=as_index(table.generation),
            n_ops=table.n_ops,
            attr_names=table.attr_names,
            attrs=as_numbers(table.attr_names, table.attrs),
            global_names=table.global_names,
            globals=as_numbers(table.global_names, table.globals),
        )

    def __len__(self) -> int:
        return len(self.node_ptr) - 1

    @property
    def n_nodes(self) -> int:
        """Number of nodes of all graphs together."""
        return len(self.ops)

    @property
    def device(self) -> torch.device:
        """Where the tensors are."""
        return self.ops.device

    @cached_property
    def incoming(self) -> Neighbourhood:
        """The edges as they are: messages flow from source to target."""
        source, target = self.edge_index  # (n_edges,) each
        return Neighbourhood(source, target, pointer_of_sorted(target, self.n_nodes))

    @cached_property
    def outgoing(self) -> Neighbourhood:
        """The edges reversed: messages flow from successors to predecessors."""
        order = torch.argsort(self.edge_index[0], stable=True)
        # what was the source receives now
        target, source = self.edge_index.index_select(1, order)
        return Neighbourhood(source, target, pointer_of_sorted(target, self.n_nodes))

    @cached_property
    def undirected(self) -> Neighbourhood:
        """Every edge in both directions, as ResGatedGCN and GIN see the graph."""
        # (2 n_edges,) each
        source, target = torch.cat([self.edge_index, self.edge_index.flip(0)], dim=1)
        # stable, so that the order of sums, and with it their last bits, is always the same
        order = torch.argsort(target, stable=True)
        source, target = source.index_select(0, order), target.index_select(0, order)
        return Neighbourhood(source, target, pointer_of_sorted(target, self.n_nodes))

    @cached_property
    def by_generation(self) -> ByGeneration:
        """The nodes ordered by topological generation."""
        return ByGeneration.of(self.generation, self.edge_index)

    @cached_property
    def padded(self) -> Padded:
        """Every graph with as many places as the largest has."""
        return Padded.of(self.graph, self.node_ptr, self.edge_index)

    def mean_pool(self, nodes: Tensor) -> Tensor:
        """(B, H): the mean over each graph's rows of `nodes`, (n_nodes, H)."""
        total = nodes.new_zeros(len(self), nodes.shape[1]).index_add(0, self.graph, nodes)
        return total / self.node_ptr.diff().unsqueeze(1)
