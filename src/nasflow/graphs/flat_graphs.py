"""`FlatGraphs`: N graphs as flat arrays, and what can be done with them without knowing more.

    field        shape, dtype             meaning
    vocabulary   (n_ops,) str             operation names
    ops          (n_nodes,) integer       operation index of every node, graph after graph
    node_ptr     (N+1,) int64             graph g owns the nodes node_ptr[g] : node_ptr[g+1]
    edges        (2, n_edges) integer     source and target, counted from 0 *within* the graph;
                                          sorted by (graph, target, source)
    edge_ptr     (N+1,) int64             graph g owns the edges edge_ptr[g] : edge_ptr[g+1]
    attr_names   (n_attrs,) str           names of the numbers that nodes carry; mostly none
    attrs        (n_nodes, n_attrs) f32   these numbers, NaN where a node has none
    global_names (n_globals,) str         names of the numbers that graphs carry
    globals      (N, n_globals) float32   these numbers, NaN where a graph has none

`ArchTable` is such graphs, checked, with generations, rows and files. Canonical ids are computed on
the bare arrays, since the forms they look at need be no table: they may have any number of
operations, and names that no operation of a table can have.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from nasflow.errors import GraphError
from nasflow.graphs.attributes import (
    NO_GRAPH_NUMBERS,
    NO_NODE_NUMBERS,
    Float32,
    GraphNumbers,
    NodeNumbers,
    aligned,
    check_number_names,
    in_use,
    stacked_graph_columns,
    stacked_node_columns,
)
from nasflow.graphs.flat_arrays import check_vocabulary, row_ptr, spread
from nasflow.graphs.names import NONE_OP, is_input, is_output
from nasflow.running.cached import cached_property

IntArray = npt.NDArray[np.integer[Any]]
BoolArray = npt.NDArray[np.bool_]


def _no_numbers() -> Float32:
    return np.zeros((0, 0), np.float32)


@dataclass(frozen=True, eq=False)
class FlatGraphs:
    """N graphs as flat arrays; the fields are on this module's first page. Nothing is checked."""

    vocabulary: tuple[str, ...]
    ops: IntArray
    node_ptr: npt.NDArray[np.int64]
    edges: IntArray
    edge_ptr: npt.NDArray[np.int64]
    attr_names: tuple[str, ...] = field(default=(), kw_only=True)
    attrs: Float32 = field(default_factory=_no_numbers, kw_only=True)
    global_names: tuple[str, ...] = field(default=(), kw_only=True)
    globals: Float32 = field(default_factory=_no_numbers, kw_only=True)

    def __post_init__(self) -> None:
        # without names the arrays have a row for each node and graph all the same, of no bytes
        if not self.attr_names:
            object.__setattr__(self, "attrs", np.zeros((len(self.ops), 0), np.float32))
        if not self.global_names:
            object.__setattr__(self, "globals", np.zeros((len(self), 0), np.float32))

    @staticmethod
    def of_graph(
        ops: Sequence[str],
        edges: Sequence[tuple[int, int]],
        attrs: NodeNumbers = NO_NODE_NUMBERS,
        globals: GraphNumbers = NO_GRAPH_NUMBERS,
    ) -> FlatGraphs:
        """One graph, from its operations' names, edges sorted by (target, source) and numbers."""
        vocabulary = tuple(sorted(set(ops)))
        index = {op: i for i, op in enumerate(vocabulary)}
        return FlatGraphs(
            vocabulary,
            np.array([index[op] for op in ops], np.int64),
            np.array([0, len(ops)]),
            np.array(edges, np.int64).reshape(-1, 2).T,
            np.array([0, len(edges)]),
            attr_names=tuple(attrs),
            attrs=stacked_node_columns(tuple(attrs), [(attrs, len(ops))]),
            global_names=tuple(globals),
            globals=stacked_graph_columns(tuple(globals), [globals]),
        )

    def __len__(self) -> int:
        return len(self.node_ptr) - 1

    @property
    def n_ops(self) -> int:
        """Size of the vocabulary."""
        return len(self.vocabulary)

    @property
    def has_numbers(self) -> bool:
        """Whether there is a name that nodes or graphs may carry a number under."""
        return bool(self.attr_names or self.global_names)

    def carry_numbers(self) -> BoolArray:
        """(N,) bool: whether a graph has a number, on some node or of its own."""
        # (nodes or graphs,): without names none has one
        of_nodes, of_graphs = (
            np.asarray((~np.isnan(numbers)).any(axis=1)) for numbers in (self.attrs, self.globals)
        )
        carry = np.zeros(len(self), bool)
        carry[self.node_graph[of_nodes]] = True
        return carry | of_graphs

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
        return self._replaced(self.ops[keep], node_ptr, local, edge_ptr, self.attrs[keep])

    def op_counts(self) -> npt.NDArray[np.int64]:
        """(N, n_ops) int64: how often each operation occurs in each row."""
        pairs = self.node_graph * self.n_ops + self.ops  # (n_nodes,): row and operation in one
        counts = np.bincount(pairs, minlength=len(self) * self.n_ops)
        return counts.reshape(len(self), self.n_ops)

    def with_vocabulary(self, vocabulary: Sequence[str]) -> Self:
        """The same graphs, their operations counted in another vocabulary that has all of them.

        Raises:
            GraphError: an operation that occurs is not in `vocabulary`; names the first row with
                it.
        """
        vocabulary = check_vocabulary(vocabulary)
        if vocabulary == self.vocabulary:
            return self
        index = {op: i for i, op in enumerate(vocabulary)}
        # names that do not occur need no place: -1 is refused only where a node has it
        new_index = np.array([index.get(op, -1) for op in self.vocabulary])  # (n_ops,)
        ops = new_index[self.ops]  # (n_nodes,)
        if ops.min(initial=0) < 0:
            node = int(ops.argmin())  # the first of those that are -1
            raise GraphError(
                f"row {int(self.node_graph[node])}: unknown operation "
                f"{self.vocabulary[self.ops[node]]!r}; legal: {', '.join(vocabulary)}"
            )
        return dataclasses.replace(self, vocabulary=vocabulary, ops=ops.astype(np.uint8))

    def with_numbers(self, attr_names: Sequence[str], global_names: Sequence[str] = ()) -> Self:
        """The same graphs, their numbers in columns of these names; what a row lacks is missing.

        Raises:
            GraphError: a number under another name; names the first row with it.
        """
        attr_names = check_number_names("attrs", attr_names)
        global_names = check_number_names("globals", global_names)
        if (attr_names, global_names) == (self.attr_names, self.global_names):
            return self
        used = {
            name: self.node_graph[node]
            for name, node in in_use(self.attr_names, self.attrs).items()
        }
        self._refuse_others("attrs", used, attr_names)
        self._refuse_others("globals", in_use(self.global_names, self.globals), global_names)
        return self._with_names(attr_names, global_names)

    def without_numbers(self) -> Self:
        """The same graphs without numbers on nodes and graphs."""
        return self._with_names((), ())

    def _refuse_others(self, kind: str, first_row: dict[str, int], legal: Sequence[str]) -> None:
        for name in sorted(first_row.keys() - set(legal)):
            raise GraphError(
                f"row {first_row[name]}: unknown {kind} {name!r}; legal: "
                f"{', '.join(legal) or 'none'} (`without_numbers()` leaves all of them out)"
            )

    def _with_names(self, attr_names: tuple[str, ...], global_names: tuple[str, ...]) -> Self:
        """Numbers under names that are not among these are left out."""
        return dataclasses.replace(
            self,
            attr_names=attr_names,
            attrs=aligned(self.attr_names, self.attrs, attr_names),
            global_names=global_names,
            globals=aligned(self.global_names, self.globals, global_names),
        )

    def _replaced(
        self,
        ops: IntArray,
        node_ptr: npt.NDArray[np.int64],
        edges: IntArray,
        edge_ptr: npt.NDArray[np.int64],
        attrs: Float32,
    ) -> Self:
        """Other graphs over the same vocabulary and names, in the same rows."""
        return dataclasses.replace(
            self, ops=ops, node_ptr=node_ptr, edges=edges, edge_ptr=edge_ptr, attrs=attrs
        )
