"""`ArchTable`: a whole space of N graphs as flat arrays, the form everything downstream reads.

    field        shape, dtype             meaning
    vocabulary   (n_ops,) str             operation names; each is a row of the surrogate's P and a
                                          one-hot column
    ops          (n_nodes,) uint8         operation index of every node, graph after graph
    node_ptr     (N+1,) int64             graph g owns the nodes node_ptr[g] : node_ptr[g+1]
    edges        (2, n_edges) uint8 ...   source and target, counted from 0 *within* the graph;
                                          sorted by (graph, target, source)
    edge_ptr     (N+1,) int64             graph g owns the edges edge_ptr[g] : edge_ptr[g+1]
    generation   (n_nodes,) uint8 ...     topological generation of every node, from 0

Decisions:

* No Python object per graph: 423,624 graphs are five arrays, and a batch is cut from them by
  indexing.
* `edges` and `generation` take the smallest of uint8, uint16, int32 that fits the largest graph.
* Checked once, vectorised, when built from outside (`from_arrays`); slices of a valid table are
  valid.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from nasflow.errors import DataError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.canonical import canonical_ids
from nasflow.graphs.flat_arrays import (
    check_ptr,
    check_vocabulary,
    generations,
    integers,
    ragged_positions,
    row_ptr,
    smallest_dtype,
    sorted_edges,
)
from nasflow.graphs.flat_graphs import FlatGraphs
from nasflow.running.cached import cached_property
from nasflow.running.files import load_npz, save_npz

IntArray = npt.NDArray[np.integer[Any]]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ArchTable(FlatGraphs):
    """N architectures over one vocabulary; the fields are on this module's first page.

    Make one with `from_architectures`, `from_template` (one topology, many operations),
    `from_arrays` or `load`; the bare constructor trusts its arguments. `len(table)`, `table[3]` (an
    `Architecture`) and `table[rows]` (a slice, index array or mask gives a smaller table) work as
    on a NumPy array.
    """

    generation: IntArray

    # -- building ---------------------------------------------------------------------------------

    @classmethod
    def from_arrays(
        cls,
        vocabulary: Sequence[str],
        ops: npt.ArrayLike,
        node_ptr: npt.ArrayLike,
        edges: npt.ArrayLike,
        edge_ptr: npt.ArrayLike,
    ) -> ArchTable:
        """A checked table; edges may come in any order within their graph.

        Raises:
            DataError: arrays that do not fit together.
            GraphError: an unknown operation index, an edge that leaves its graph, repeats, joins a
                node to itself or closes a cycle; the message names the row.
        """
        vocabulary = check_vocabulary(vocabulary)
        ops_ = integers("ops", ops)
        edges_ = integers("edges", edges)
        if ops_.ndim != 1 or edges_.ndim != 2 or len(edges_) != 2:
            raise DataError(
                f"ops has shape {ops_.shape} and edges {edges_.shape}; legal: (n_nodes,) and "
                "(2, n_edges)"
            )
        node_ptr_ = check_ptr("node_ptr", node_ptr, len(ops_))
        edge_ptr_ = check_ptr("edge_ptr", edge_ptr, edges_.shape[1])
        if len(node_ptr_) != len(edge_ptr_):
            raise DataError(
                f"node_ptr describes {len(node_ptr_) - 1} graphs, edge_ptr {len(edge_ptr_) - 1}"
            )
        sizes = np.diff(node_ptr_)
        if len(sizes) and sizes.min() < 1:
            raise GraphError(f"row {int(sizes.argmin())}: an architecture needs at least one node")
        bad = np.flatnonzero((ops_ < 0) | (ops_ >= len(vocabulary)))
        if len(bad):
            row = int(np.searchsorted(node_ptr_, bad[0], side="right")) - 1
            raise GraphError(
                f"row {row}: operation index {int(ops_[bad[0]])} at node "
                f"{int(bad[0] - node_ptr_[row])}; legal: 0..{len(vocabulary) - 1}"
            )
        edge_graph = np.repeat(np.arange(len(sizes)), np.diff(edge_ptr_))  # (n_edges,)
        edges_ = sorted_edges(edges_, edge_graph, sizes)
        dtype = smallest_dtype(int(sizes.max(initial=1)))
        generation = generations(node_ptr_, edges_, edge_graph)
        return cls(
            vocabulary,
            ops_.astype(np.uint8),
            node_ptr_,
            edges_.astype(dtype),
            edge_ptr_,
            generation.astype(dtype),
        )

    @classmethod
    def from_architectures(
        cls, architectures: Sequence[Architecture], vocabulary: Sequence[str] | None = None
    ) -> ArchTable:
        """The table of some `Architecture` objects.

        Args:
            architectures: its rows.
            vocabulary: names of operations; by default those that occur, sorted.

        Raises:
            GraphError: an operation that the vocabulary does not have; names the row and the
                operation.
        """
        if vocabulary is None:
            vocabulary = sorted({op for arch in architectures for op in arch.ops})
        vocabulary = check_vocabulary(vocabulary)
        index = {op: i for i, op in enumerate(vocabulary)}
        ops: list[int] = []
        for row, arch in enumerate(architectures):
            try:
                ops.extend([index[op] for op in arch.ops])
            except KeyError as error:
                raise GraphError(
                    f"row {row}: unknown operation {error.args[0]!r}; "
                    f"legal: {', '.join(vocabulary)}"
                ) from None
        pairs = [edge for arch in architectures for edge in arch.edges]
        # each row's edges are sorted and its graph checked: that is what an `Architecture` is
        edges = np.array(pairs, np.int64).reshape(-1, 2).T
        sizes = [arch.n_nodes for arch in architectures]
        dtype = smallest_dtype(max(sizes, default=1))
        return cls(
            vocabulary,
            np.array(ops, dtype=np.uint8),
            row_ptr(sizes),
            edges.astype(dtype),
            row_ptr([len(arch.edges) for arch in architectures]),
            np.array([g for arch in architectures for g in arch.generations], dtype=dtype),
        )

    @classmethod
    def from_template(
        cls, vocabulary: Sequence[str], ops: npt.ArrayLike, edges: Sequence[tuple[int, int]]
    ) -> ArchTable:
        """N graphs of one topology, of operations `ops` (N, n_nodes) and the same `edges`."""
        ops_ = np.asarray(ops)
        if ops_.ndim != 2:
            raise DataError(f"ops has shape {ops_.shape}; a template needs (n_graphs, n_nodes)")
        n_graphs, n_nodes = ops_.shape
        edge_array = np.array(edges, dtype=np.int64).reshape(-1, 2).T
        return cls.from_arrays(
            vocabulary,
            ops_.reshape(-1),
            np.arange(n_graphs + 1) * n_nodes,
            np.tile(edge_array, (1, n_graphs)),
            np.arange(n_graphs + 1) * edge_array.shape[1],
        )

    @classmethod
    def concatenate(cls, tables: Sequence[ArchTable]) -> ArchTable:
        """The rows of several tables of one vocabulary, one table after the other."""
        if not tables:
            raise DataError("there is no table to concatenate")
        for table in tables:
            if table.vocabulary != tables[0].vocabulary:
                raise DataError(
                    f"tables of different vocabularies: {table.vocabulary} "
                    f"and {tables[0].vocabulary}"
                )
        return cls(
            tables[0].vocabulary,
            np.concatenate([t.ops for t in tables]),
            row_ptr(np.concatenate([np.diff(t.node_ptr) for t in tables])),
            np.concatenate([t.edges for t in tables], axis=1),
            row_ptr(np.concatenate([np.diff(t.edge_ptr) for t in tables])),
            np.concatenate([t.generation for t in tables]),
        )

    # -- reading ----------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.node_ptr) - 1

    @property
    def shape(self) -> tuple[int]:
        """(N,), as a NumPy array of N things has it: what scikit-learn counts and indexes by."""
        return (len(self),)

    @overload
    def __getitem__(self, rows: int) -> Architecture: ...

    @overload
    def __getitem__(self, rows: slice | Sequence[int] | npt.NDArray[Any]) -> ArchTable: ...

    def __getitem__(self, rows: Any) -> Architecture | ArchTable:
        if isinstance(rows, tuple) and len(rows) == 2 and rows[1] is Ellipsis:
            rows = rows[0]  # rows, and all there is of them: as scikit-learn indexes
        if isinstance(rows, (int, np.integer)):
            row = range(len(self))[rows]  # negative rows and IndexError as everywhere
            ops = self.ops[self.node_ptr[row] : self.node_ptr[row + 1]]
            edges = self.edges[:, self.edge_ptr[row] : self.edge_ptr[row + 1]]
            return Architecture(
                tuple(self.vocabulary[op] for op in ops), tuple(map(tuple, edges.T.tolist()))
            )
        if isinstance(rows, slice) and rows.step in (None, 1):
            return self._between(*rows.indices(len(self))[:2])
        return self._take(np.arange(len(self))[rows])

    def __iter__(self) -> Iterator[Architecture]:
        return (self[row] for row in range(len(self)))

    def _take(self, rows: npt.NDArray[np.int64]) -> ArchTable:
        """Any rows in any order: copies."""
        nodes, node_ptr = ragged_positions(self.node_ptr, rows)
        edges, edge_ptr = ragged_positions(self.edge_ptr, rows)
        return ArchTable(
            self.vocabulary,
            self.ops[nodes],
            node_ptr,
            self.edges[:, edges],
            edge_ptr,
            self.generation[nodes],
        )

    def _between(self, start: int, stop: int) -> ArchTable:
        """Consecutive rows: views of the arrays, nothing is copied."""
        stop = max(start, stop)
        first_node, last_node = self.node_ptr[[start, stop]]
        first_edge, last_edge = self.edge_ptr[[start, stop]]
        return ArchTable(
            self.vocabulary,
            self.ops[first_node:last_node],
            self.node_ptr[start : stop + 1] - first_node,
            self.edges[:, first_edge:last_edge],
            self.edge_ptr[start : stop + 1] - first_edge,
            self.generation[first_node:last_node],
        )

    @property
    def n_ops(self) -> int:
        """Size of the vocabulary."""
        return len(self.vocabulary)

    @property
    def nbytes(self) -> int:
        """Bytes of memory the arrays take."""
        arrays = (self.ops, self.node_ptr, self.edges, self.edge_ptr, self.generation)
        return sum(array.nbytes for array in arrays)

    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of all arrays."""
        digest = hashlib.sha256()
        for name, array in sorted(self.arrays().items()):
            digest.update(f"{name} {array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    @cached_property
    def canonical_ids(self) -> npt.NDArray[np.str_]:
        """(N,) str: `Architecture.canonical_id` of every row, computed for all rows at once."""
        return canonical_ids(self)

    def _replaced(
        self,
        ops: IntArray,
        node_ptr: npt.NDArray[np.int64],
        edges: IntArray,
        edge_ptr: npt.NDArray[np.int64],
    ) -> ArchTable:
        """Other graphs over the same vocabulary, with their generations."""
        return ArchTable.from_arrays(self.vocabulary, ops, node_ptr, edges, edge_ptr)

    def op_counts(self) -> npt.NDArray[np.int64]:
        """(N, n_ops) int64: how often each operation occurs in each row."""
        pairs = self.node_graph * self.n_ops + self.ops  # (n_nodes,): row and operation in one
        counts = np.bincount(pairs, minlength=len(self) * self.n_ops)
        return counts.reshape(len(self), self.n_ops)

    def with_vocabulary(self, vocabulary: Sequence[str]) -> ArchTable:
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

    def without(self, op: str) -> ArchTable:
        """Every row less the nodes of one operation and the edges at them."""
        stays = np.array([name != op for name in self.vocabulary])  # (n_ops,)
        return self.keep_nodes(stays[self.ops])

    # -- files ------------------------------------------------------------------------------------

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The fields as named arrays, as `save` writes them."""
        return {
            "vocabulary": np.array(self.vocabulary),
            "ops": self.ops,
            "node_ptr": self.node_ptr,
            "edges": self.edges,
            "edge_ptr": self.edge_ptr,
            "generation": self.generation,
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write an .npz, compressed and atomically (a reader sees the old file or the new one)."""
        save_npz(path, self.arrays())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> ArchTable:
        """Read what `save` wrote, checking it as `from_arrays` does. Never unpickles.

        Raises:
            MissingDataError: no such file.
            DataError: not such a file.
            GraphError: a malformed graph.
        """
        return cls.from_named_arrays(load_npz(path), Path(path))

    @classmethod
    def from_named_arrays(cls, arrays: dict[str, npt.NDArray[Any]], origin: Path) -> ArchTable:
        """The table among the arrays of a file; `origin` is named in errors."""
        missing = {"vocabulary", "ops", "node_ptr", "edges", "edge_ptr"} - arrays.keys()
        if missing:
            raise DataError(
                f"{origin} is no architecture table: it lacks {', '.join(sorted(missing))}"
            )
        try:
            return cls.from_arrays(
                arrays["vocabulary"].tolist(),
                arrays["ops"],
                arrays["node_ptr"],
                arrays["edges"],
                arrays["edge_ptr"],
            )
        except (DataError, GraphError) as error:
            raise type(error)(f"{origin}: {error}") from None
