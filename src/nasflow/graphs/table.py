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
    attr_names   (n_attrs,) str           names of the numbers that nodes carry, such as width
    attrs        (n_nodes, n_attrs) f32   these numbers, NaN where a node has none
    global_names (n_globals,) str         names of the numbers that graphs carry, such as resolution
    globals      (N, n_globals) float32   these numbers, NaN where a graph has none

Decisions:

* No Python object per graph: 423,624 graphs are five arrays, and a batch is cut from them by
  indexing.
* Most tables have no numbers: then the last four fields are empty and take no memory, and ids,
  hashes and files are what they are without them.
* `edges` and `generation` take the smallest of uint8, uint16, int32 that fits the largest graph.
* Checked once, vectorised, when built from outside (`from_arrays`); slices of a valid table are
  valid.
"""

from __future__ import annotations

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
from nasflow.graphs.attributes import (
    Float32,
    check_columns,
    numbers_of_columns,
    numbers_of_row,
    stacked_graph_columns,
    stacked_node_columns,
)
from nasflow.graphs.canonical import canonical_ids
from nasflow.graphs.flat_arrays import (
    check_graphs,
    check_vocabulary,
    generations,
    ragged_positions,
    row_ptr,
    smallest_dtype,
    sorted_edges,
)
from nasflow.graphs.flat_graphs import FlatGraphs
from nasflow.running.cached import cached_property
from nasflow.running.files import load_npz, save_npz

IntArray = npt.NDArray[np.integer[Any]]
Pointer = npt.NDArray[np.int64]


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
        *,
        attr_names: Sequence[str] = (),
        attrs: npt.ArrayLike | None = None,
        global_names: Sequence[str] = (),
        globals: npt.ArrayLike | None = None,
    ) -> ArchTable:
        """A checked table; edges may come in any order within their graph.

        Raises:
            DataError: arrays that do not fit together.
            GraphError: an unknown operation index, an edge that leaves its graph, repeats, joins a
                node to itself or closes a cycle, a number that is infinite; the message names the
                row.
        """
        vocabulary = check_vocabulary(vocabulary)
        ops_, node_ptr_, edges_, edge_ptr_ = check_graphs(
            len(vocabulary), ops, node_ptr, edges, edge_ptr
        )
        sizes = np.diff(node_ptr_)
        attr_names, attrs = check_columns("attrs", attr_names, attrs, len(ops_))
        global_names, globals = check_columns("globals", global_names, globals, len(sizes))
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
            attr_names=attr_names,
            attrs=attrs,
            global_names=global_names,
            globals=globals,
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
        # names of numbers are no vocabulary: those that occur, sorted
        attr_names = tuple(sorted({name for arch in architectures for name in arch.attrs}))
        global_names = tuple(sorted({name for arch in architectures for name in arch.globals}))
        return cls(
            vocabulary,
            np.array(ops, dtype=np.uint8),
            row_ptr(sizes),
            edges.astype(dtype),
            row_ptr([len(arch.edges) for arch in architectures]),
            np.array([g for arch in architectures for g in arch.generations], dtype=dtype),
            attr_names=attr_names,
            attrs=stacked_node_columns(attr_names, [(a.attrs, a.n_nodes) for a in architectures]),
            global_names=global_names,
            globals=stacked_graph_columns(global_names, [a.globals for a in architectures]),
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
        """The rows of several tables of one vocabulary, one table after the other.

        Numbers that only some tables have are missing in the rows of the others.
        """
        if not tables:
            raise DataError("there is no table to concatenate")
        for table in tables:
            if table.vocabulary != tables[0].vocabulary:
                raise DataError(
                    f"tables of different vocabularies: {table.vocabulary} "
                    f"and {tables[0].vocabulary}"
                )
        attr_names = tuple(dict.fromkeys(name for t in tables for name in t.attr_names))
        global_names = tuple(dict.fromkeys(name for t in tables for name in t.global_names))
        tables = [t._with_names(attr_names, global_names) for t in tables]
        return cls(
            tables[0].vocabulary,
            np.concatenate([t.ops for t in tables]),
            row_ptr(np.concatenate([np.diff(t.node_ptr) for t in tables])),
            np.concatenate([t.edges for t in tables], axis=1),
            row_ptr(np.concatenate([np.diff(t.edge_ptr) for t in tables])),
            np.concatenate([t.generation for t in tables]),
            attr_names=attr_names,
            attrs=np.concatenate([t.attrs for t in tables]),
            global_names=global_names,
            globals=np.concatenate([t.globals for t in tables]),
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
            nodes = slice(self.node_ptr[row], self.node_ptr[row + 1])
            edges = self.edges[:, self.edge_ptr[row] : self.edge_ptr[row + 1]]
            return Architecture(
                tuple(self.vocabulary[op] for op in self.ops[nodes]),
                tuple(map(tuple, edges.T.tolist())),
                numbers_of_columns(self.attr_names, self.attrs[nodes]),
                numbers_of_row(self.global_names, self.globals[row]),
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
        return self._cut(rows, nodes, node_ptr, edges, edge_ptr)

    def _between(self, start: int, stop: int) -> ArchTable:
        """Consecutive rows: views of the arrays, nothing is copied."""
        rows = slice(start, max(start, stop))
        bounds = slice(rows.start, rows.stop + 1)
        node_ptr, edge_ptr = self.node_ptr[bounds], self.edge_ptr[bounds]
        nodes, edges = slice(node_ptr[0], node_ptr[-1]), slice(edge_ptr[0], edge_ptr[-1])
        return self._cut(rows, nodes, node_ptr - nodes.start, edges, edge_ptr - edges.start)

    def _cut(
        self, rows: Any, nodes: Any, node_ptr: Pointer, edges: Any, edge_ptr: Pointer
    ) -> ArchTable:
        """The rows with these nodes and edges, all given by index arrays or slices."""
        return ArchTable(
            self.vocabulary,
            self.ops[nodes],
            node_ptr,
            self.edges[:, edges],
            edge_ptr,
            self.generation[nodes],
            attr_names=self.attr_names,
            attrs=self.attrs[nodes],
            global_names=self.global_names,
            globals=self.globals[rows],
        )

    @property
    def nbytes(self) -> int:
        """Bytes of memory the arrays take."""
        arrays = (self.ops, self.node_ptr, self.edges, self.edge_ptr, self.generation)
        return sum(array.nbytes for array in (*arrays, self.attrs, self.globals))

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
        attrs: Float32,
    ) -> ArchTable:
        """Other graphs over the same vocabulary and names, with their generations."""
        return ArchTable.from_arrays(
            self.vocabulary,
            ops,
            node_ptr,
            edges,
            edge_ptr,
            attr_names=self.attr_names,
            attrs=attrs,
            global_names=self.global_names,
            globals=self.globals,
        )

    def without(self, op: str) -> ArchTable:
        """Every row less the nodes of one operation and the edges at them."""
        stays = np.array([name != op for name in self.vocabulary])  # (n_ops,)
        return self.keep_nodes(stays[self.ops])

    # -- files ------------------------------------------------------------------------------------

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The fields as named arrays, as `save` writes them; those of numbers if there are any."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "vocabulary": np.array(self.vocabulary),
            "ops": self.ops,
            "node_ptr": self.node_ptr,
            "edges": self.edges,
            "edge_ptr": self.edge_ptr,
            "generation": self.generation,
        }
        if self.attr_names:
            arrays |= {"attr_names": np.array(self.attr_names), "attrs": self.attrs}
        if self.global_names:
            arrays |= {"global_names": np.array(self.global_names), "globals": self.globals}
        return arrays

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
                attr_names=_names(arrays, "attr_names"),
                attrs=arrays.get("attrs"),
                global_names=_names(arrays, "global_names"),
                globals=arrays.get("globals"),
            )
        except (DataError, GraphError) as error:
            raise type(error)(f"{origin}: {error}") from None


def _names(arrays: dict[str, npt.NDArray[Any]], key: str) -> list[str]:
    """The names of numbers among the arrays of a file; files without numbers have none."""
    return arrays[key].tolist() if key in arrays else []
