"""The rows of a saved data set (`Dataset.save`) in parts, without the whole in memory.

An .npz is a zip of arrays, each of which can be read from its start on. All are read at once, as
far as the next rows go: so many rows are so many nodes and edges, as `node_ptr` and `edge_ptr` say.
"""

from __future__ import annotations

import dataclasses
import json
import math
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from nasflow.datasets.base import Dataset, Metric
from nasflow.errors import DataError, GraphError
from nasflow.graphs.table import ArchTable
from nasflow.running.files import require_file

_GRAPH = ("vocabulary", "ops", "node_ptr", "edges", "edge_ptr")
_BROKEN = (zipfile.BadZipFile, OSError, EOFError, KeyError, TypeError, ValueError)


def npz_parts(path: Path, rows_of_part: int, first_row: int = 0) -> Iterator[Dataset]:
    """The rows from `first_row` on, `rows_of_part` at a time, each as a data set.

    Raises:
        MissingDataError, DataError, GraphError: as `Dataset.load`; of a malformed graph the message
            says in which rows it is.
    """
    require_file(path)
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(zipfile.ZipFile(path))
            file = _SavedDataset(archive, stack)
        except _BROKEN:
            # a file of another layout, or a broken one: then this says what is wrong with it
            yield from _parts_of(Dataset.load(path), rows_of_part, first_row)
            return
        row = 0
        # rows that are not wanted are read all the same: a zip has no way to jump
        while row < file.n_rows:
            n_rows = min(rows_of_part, file.n_rows - row)
            try:
                part = file.next_rows(n_rows, is_wanted=row >= first_row)
            except GraphError as error:
                raise GraphError(f"{path}, rows {row} to {row + n_rows - 1}: {error}") from None
            except _BROKEN as error:
                raise DataError(f"{path} is no readable .npz file ({error})") from None
            if part is not None:
                yield part
            row += n_rows


def _parts_of(dataset: Dataset, rows_of_part: int, first_row: int) -> Iterator[Dataset]:
    for start in range(first_row, len(dataset.table), rows_of_part):
        rows = slice(start, start + rows_of_part)
        values = {name: column[rows] for name, column in dataset.values.items()}
        yield dataclasses.replace(dataset, table=dataset.table[rows], values=values)


class _Column:
    """An array of a zip, read row by row from its start on.

    Args:
        turned: whether the rows are those of the transposed array, (n, 2) of edges (2, n): that is
            how an array in Fortran's order lies in the file.
    """

    def __init__(
        self, archive: zipfile.ZipFile, name: str, stack: ExitStack, turned: bool = False
    ) -> None:
        self._file: IO[bytes] = stack.enter_context(archive.open(f"{name}.npy"))
        version = np.lib.format.read_magic(self._file)
        if version == (1, 0):
            header = np.lib.format.read_array_header_1_0(self._file)
        else:
            header = np.lib.format.read_array_header_2_0(self._file)
        self.shape, is_fortran, self.dtype = header
        is_turned = is_fortran and len(self.shape) > 1
        if is_turned != turned or self.dtype.hasobject:
            raise ValueError(f"{name} is not stored row by row")
        # as it lies in the file
        if turned:
            self.shape = self.shape[::-1]

    def take(self, n: int) -> npt.NDArray[Any]:
        """The next `n` rows."""
        shape = (n, *self.shape[1:])
        n_bytes = math.prod(shape) * self.dtype.itemsize
        data = self._file.read(n_bytes)
        # a damaged archive; the error of a short array would say less
        if len(data) < n_bytes:
            raise EOFError("an array ends too early")
        return np.frombuffer(data, self.dtype).reshape(shape)

    def pass_over(self, n: int) -> None:
        """Leave `n` numbers of an array of one dimension or more unread."""
        left = n * self.dtype.itemsize
        # in pieces, for a whole array is what must not be in memory
        while left:
            # a file that ends too early has nothing left
            left -= len(self._file.read(min(left, 1 << 20))) or left


class _Edges:
    """The array of edges (2, n_edges), in either order of C or Fortran."""

    def __init__(self, archive: zipfile.ZipFile, stack: ExitStack) -> None:
        try:
            # source and target of an edge side by side
            self._pairs: _Column | None = _Column(archive, "edges", stack, turned=True)
        except ValueError:
            self._pairs = None
            # all sources, then all targets: read as two files
            self._sources = _Column(archive, "edges", stack)
            self._targets = _Column(archive, "edges", stack)
            n_edges = self._sources.shape[1]
            self._sources.shape = self._targets.shape = (n_edges,)
            self._targets.pass_over(n_edges)

    def take(self, n: int) -> npt.NDArray[Any]:
        """(2, n): the next edges."""
        if self._pairs is not None:
            return self._pairs.take(n).T
        return np.stack([self._sources.take(n), self._targets.take(n)])


class _SavedDataset:
    """The arrays of a data set, all at the same row."""

    def __init__(self, archive: zipfile.ZipFile, stack: ExitStack) -> None:
        names = {name.removesuffix(".npy") for name in archive.namelist()}
        if not names.issuperset((*_GRAPH, "about")):
            raise KeyError("no data set")

        def column(name: str) -> _Column:
            return _Column(archive, name, stack)

        # small ones are read whole
        with archive.open("vocabulary.npy") as file:
            self._vocabulary = np.lib.format.read_array(file, allow_pickle=False).tolist()
        with archive.open("about.npy") as file:
            self._about = json.loads(str(np.lib.format.read_array(file, allow_pickle=False)))
        self._metrics = {entry["name"]: Metric(**entry) for entry in self._about.pop("metrics")}
        self._names: dict[str, list[str]] = {"attr_names": [], "global_names": []}
        for kind in self._names.keys() & names:
            with archive.open(f"{kind}.npy") as file:
                self._names[kind] = np.lib.format.read_array(file, allow_pickle=False).tolist()
        self._ops = column("ops")
        self._attrs = column("attrs") if self._names["attr_names"] else None
        self._globals = column("globals") if self._names["global_names"] else None
        self._values = {name: column(f"value/{name}") for name in self._metrics}
        self._edges = _Edges(archive, stack)
        self._pointers = {name: column(name) for name in ("node_ptr", "edge_ptr")}
        self._ends = {name: int(pointer.take(1)[0]) for name, pointer in self._pointers.items()}
        self.n_rows = self._pointers["node_ptr"].shape[0] - 1

    def next_rows(self, n_rows: int, is_wanted: bool) -> Dataset | None:
        """The next rows; None where they are only passed."""
        node_ptr, edge_ptr = self._pointer("node_ptr", n_rows), self._pointer("edge_ptr", n_rows)
        n_nodes, n_edges = int(node_ptr[-1]), int(edge_ptr[-1])
        # of a malformed file: a negative length would read all that is left
        if min(n_nodes, n_edges) < 0:
            raise ValueError("a pointer falls")
        ops = self._ops.take(n_nodes)
        edges = self._edges.take(n_edges)
        attrs = None if self._attrs is None else self._attrs.take(n_nodes)
        of_graphs = None if self._globals is None else self._globals.take(n_rows)
        values = {name: column.take(n_rows) for name, column in self._values.items()}
        if not is_wanted:
            return None
        table = ArchTable.from_arrays(
            self._vocabulary,
            ops,
            node_ptr,
            edges,
            edge_ptr,
            attr_names=self._names["attr_names"],
            attrs=attrs,
            global_names=self._names["global_names"],
            globals=of_graphs,
        )
        return Dataset(table=table, metrics=self._metrics, values=values, **self._about)

    def _pointer(self, name: str, n_rows: int) -> npt.NDArray[np.int64]:
        """(n_rows + 1,): where each of the next rows begins, from 0, and where the last ends."""
        ends = self._pointers[name].take(n_rows).astype(np.int64)
        pointer = np.concatenate([[self._ends[name]], ends]) - self._ends[name]
        self._ends[name] = int(ends[-1])
        return pointer
