"""`FlatGraphs`: N graphs as flat arrays, and what can be done with them without knowing more.

    field        shape, dtype             meaning
    vocabulary   (n_ops,) str             operation names
    ops          (n_nodes,) integer       operation index of every node, graph after graph
    node_ptr     (N+1,) int64             graph g owns the nodes node_ptr[g] : node_ptr[g+1]
    edges        (2, n_edges) integer     source and target, counted from 0 *within* the graph;
                                          sorted by (graph, target, source)
    edge_ptr     (N+1,) int64             graph g owns the edges edge_ptr[g] : edge_ptr[g+1]

`ArchTable` is such graphs, checked, with generations, rows and files. Canonical ids are computed on
the bare arrays, since the forms they look at need be no table: they may have any number of
operations, and names that no operation of a table can have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from nasflow.errors import GraphError
from nasflow.graphs.flat_arrays import row_ptr, spread
from nasflow.graphs.names import NONE_OP, is_input, is_output
from nasflow.running.cached import cached_property

IntArray = npt.NDArray[np.integer[Any]]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class FlatGraphs:
    """N graphs as flat arrays; the fields are on this module's first page. Nothing is checked."""

    vocabulary: tuple[str, ...]
    ops: IntArray
    node_ptr: npt.NDArray[np.int64]
    edges: IntArray
    edge_ptr: npt.NDArray[np.int64]

    @staticmethod
    def of_graph(ops: Sequence[str], edges: Sequence[tuple[int, int]]) -> FlatGraphs:
        """One graph, from the names of its operations and its edges sorted by (target, source)."""
        vocabulary = tuple(sorted(set(ops)))
        index = {op: i for i, op in enumerate(vocabulary)}
        return FlatGraphs(
            vocabulary,
            np.array([index[op] for op in ops], np.int64),
            np.array([0, len(ops)]),
            np.array(edges, np.int64).reshape(-1, 2).T,
            np.array([0, len(edges)]),
        )

    def __len__(self) -> int:
        return len(self.node_ptr) - 1

    @cached_property
    def node_graph(self) -> npt.NDArray[np.int64]:
        """(n_nodes,) int64: the row that each node belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.node_ptr))

    @cached_property
    def edge_graph(self) -> npt.NDArray[np.int64]:
        """(n_edges,) int64: the row that each edge belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.edge_ptr))

    def global_edges(self) -> npt.NDArray[np.int64]:
        """(2, n_edges) int64: the edges with nodes counted over all graphs, sorted by target."""
        offset = np.repeat(self.node_ptr[:-1], np.diff(self.edge_ptr))  # (n_edges,)
        edges: npt.NDArray[np.int64] = self.edges + offset
        return edges

    def pruned(self) -> Self:
        """Every row as `Architecture.pruned` leaves it, vectorised over all of them."""
        return self.keep_nodes(self.live_nodes())

    def live_nodes(self) -> BoolArray:
        """(n_nodes,) bool: on a path from an input to an output of its graph, or one of these."""
        graph = self.node_graph
        source, target = self.global_edges()
        # by operation, (n_ops,), so that names are read once and not for every node
        input_op = np.array([is_input(op) for op in self.vocabulary])
        output_op = np.array([is_output(op) for op in self.vocabulary])
        none_op = np.array([op == NONE_OP for op in self.vocabulary])

        def has(nodes: BoolArray) -> BoolArray:
            """(n_nodes,) bool: whether the node's graph has such a node."""
            return np.bincount(graph[nodes], minlength=len(self))[graph] > 0

        input_node = input_op[self.ops]  # (n_nodes,)
        output_node = output_op[self.ops]
        # a graph that marks no end may use the word none for anything
        open_node = ~(none_op[self.ops] & has(input_node | output_node))
        live_edge = open_node[source] & open_node[target]  # (n_edges,)
        source, target = source[live_edge], target[live_edge]
        no_in = np.bincount(target, minlength=len(graph)) == 0
        no_out = np.bincount(source, minlength=len(graph)) == 0
        starts = np.where(has(input_node), input_node, no_in) & open_node
        stops = np.where(has(output_node), output_node, no_out) & open_node
        on_a_path = spread(starts, source, target) & spread(stops, target, source)
        live: BoolArray = on_a_path | input_node | output_node
        return live

    def keep_nodes(self, keep: BoolArray) -> Self:
        """The graphs of the nodes marked in `keep` (n_nodes,) and the edges between them.

        Raises:
            GraphError: nothing would be left of a row, which is named.
        """
        if keep.all():
            return self
        n_kept = np.bincount(self.node_graph[keep], minlength=len(self))
        if n_kept.min(initial=1) < 1:
            raise GraphError(f"row {int(n_kept.argmin())}: nothing would be left of the graph")
        node_ptr = row_ptr(n_kept)
        new_position = np.cumsum(keep) - 1  # (n_nodes,), right for the kept ones
        edges = self.global_edges()
        kept_edge = keep[edges[0]] & keep[edges[1]]
        edge_graph = self.edge_graph[kept_edge]
        # nodes stay in their order, and so do the edges: they are sorted still
        local = new_position[edges[:, kept_edge]] - node_ptr[edge_graph]
        edge_ptr = row_ptr(np.bincount(edge_graph, minlength=len(self)))
        return self._replaced(self.ops[keep], node_ptr, local, edge_ptr)

    def _replaced(
        self,
        ops: IntArray,
        node_ptr: npt.NDArray[np.int64],
        edges: IntArray,
        edge_ptr: npt.NDArray[np.int64],
    ) -> Self:
        """Other graphs over the same vocabulary."""
        return type(self)(self.vocabulary, ops, node_ptr, edges, edge_ptr)
