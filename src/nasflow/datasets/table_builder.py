"""`TableBuilder`: from rows, one after the other, to a `Dataset`, without an object for each.

Nodes, edges and measurements are appended to flat arrays of machine numbers; NAS-Bench-101's 5
million trainings take 0.7 GB on the way. Nothing of a row that is rejected gets in.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from array import array
from collections.abc import Hashable, Mapping, Sequence
from reprlib import repr as short_repr
from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.datasets.base import Dataset, FloatArray
from nasflow.datasets.readers.base import BY_GRAPH, Reader, Rejected, Row
from nasflow.errors import DataError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.flat_arrays import MAX_OPS, check_vocabulary
from nasflow.graphs.table import ArchTable
from nasflow.running.numbers import number_of

CHUNK = 20_000  # rows that are checked at a time
MAX_LISTED = 1000  # rejected rows kept with their reasons; all are counted


class _Column:
    """The measurements of one metric: which row, which value."""

    def __init__(self) -> None:
        self.rows, self.values = array("I"), array("d")

    def add(self, row: int, repeats: list[float]) -> None:
        """Append measurements of a row."""
        self.rows.extend(itertools.repeat(row, len(repeats)))
        self.values.extend(repeats)

    def filled(self, n_rows: int) -> FloatArray:
        """(n_rows,) or (n_rows, n_repeats) float64; NaN where there is no measurement."""
        rows = np.frombuffer(self.rows, np.uint32)  # (n_values,)
        values = np.frombuffer(self.values, np.float64)  # (n_values,)
        counts = np.bincount(rows, minlength=n_rows)  # (n_rows,)
        most = int(counts.max(initial=0))
        # a stable sort keeps the repeats of a row in the file's order
        order = np.argsort(rows, kind="stable")
        first = np.cumsum(counts) - counts
        # which repeat of its row each value is, in sorted order, (n_values,)
        repeat = np.arange(len(rows)) - first[rows[order]]
        filled = np.full((n_rows, max(most, 1)), np.nan)
        filled[rows[order], repeat] = values[order]
        return filled if filled.shape[1] > 1 else filled[:, 0]


class _Property:
    """The values of a metric that is measured once: one place for each row."""

    def __init__(self) -> None:
        self.values = array("d")

    def at(self, row: int) -> float:
        """The value of a row, NaN if there is none."""
        return self.values[row] if row < len(self.values) else math.nan

    def set(self, row: int, value: float) -> None:
        """Set the value of a row."""
        # rows without the property, before this one, get none
        self.values.extend(itertools.repeat(math.nan, row + 1 - len(self.values)))
        self.values[row] = value

    def filled(self, n_rows: int) -> FloatArray:
        """(n_rows,) float64; NaN where there is no value."""
        filled = np.full(n_rows, np.nan)
        filled[: len(self.values)] = np.frombuffer(self.values, np.float64)
        return filled


class _Numbers:
    """Numbers of nodes or graphs by name: flat arrays in which what is missing is NaN."""

    def __init__(self) -> None:
        self._columns: dict[str, array[float]] = {}

    def add(self, n_before: int, numbers: Mapping[str, Sequence[float | None]]) -> None:
        """Append the numbers of a row, before which there are so many places."""
        for name, values in numbers.items():
            column = self._columns.setdefault(name, array("f"))
            # rows without it, before this one, have none
            column.extend(itertools.repeat(math.nan, n_before - len(column)))
            column.extend(math.nan if value is None else value for value in values)

    def filled(self, n_places: int) -> tuple[tuple[str, ...], npt.NDArray[np.float32]]:
        """The names, sorted, and (n_places, n_names) float32."""
        names = tuple(sorted(self._columns))
        filled = np.full((n_places, len(names)), np.nan, np.float32)
        for j, name in enumerate(names):
            column = np.frombuffer(self._columns[name], np.float32)
            filled[: len(column), j] = column
        return names, filled


class TableBuilder:
    """Collects rows; `finish` makes the data set of them.

    Args:
        vocabulary: the only operations that may occur, in the order of the table's; by default
            those of the reader, or those that do occur.
        join: whether rows of one architecture become one row, with their values as repeats.
    """

    def __init__(self, vocabulary: Sequence[str] | None = None, join: bool = True) -> None:
        self._vocabulary = None if vocabulary is None else check_vocabulary(vocabulary)
        self._join = join
        self.n_read = 0
        self.n_rejected = 0
        self.rejected: list[Rejected] = []
        # operations are numbered as they come, and renumbered once all are known
        self._names: dict[str, int] = {}
        self._ops = array("H")
        # source, target, source, target, ...
        self._edges = array("i")
        self._n_nodes, self._n_edges = array("I"), array("I")
        self._attrs, self._globals = _Numbers(), _Numbers()
        # row, and a hash of the notation, which is shorter than the notation itself
        self._row_of_key: dict[Hashable, tuple[int, int]] = {}
        self._measured: dict[str, _Column] = {}
        self._fixed: dict[str, _Property] = {}

    def add(self, item: Row | Rejected) -> None:
        """Take a row, or count it as rejected if it is malformed or contradicts an earlier one."""
        self.n_read += 1
        if isinstance(item, Rejected):
            self._reject(item)
            return
        # whatever may refuse the row comes first, so that nothing of a rejected one gets in
        try:
            values = {name: _numbers(name, value) for name, value in item.values.items()}
            fixed = {name: _numbers(name, value)[0] for name, value in item.fixed.items()}
            row = self._row(item, fixed)
        except (GraphError, DataError) as error:
            self._reject(Rejected(item.number, str(error)))
            return
        for name, repeats in values.items():
            self._measured.setdefault(name, _Column()).add(row, repeats)
        for name, value in fixed.items():
            self._fixed.setdefault(name, _Property()).set(row, value)

    def finish(self, reader: Reader, name: str, origin: dict[str, Any]) -> Dataset:
        """The data set of the rows taken.

        Raises:
            DataError: no row was valid, or more than 256 operations; the message names the first
            rejected row.
        """
        if not self._n_nodes:
            if not self.n_read:
                raise DataError(
                    f"{reader.path} holds no architecture: no valid row of format {reader.format}"
                )
            first = self.rejected[0]
            raise DataError(
                f"{reader.path} has no valid row of format {reader.format} ({self.n_rejected}"
                f" rejected; {reader.counts} {first.number}: {first.reason})"
            )
        if len(self._names) > MAX_OPS:
            raise DataError(
                f"{reader.path} has {len(self._names)} different operations; legal: at most"
                f" {MAX_OPS}"
            )
        n_rows = len(self._n_nodes)
        values = {}
        for metric in sorted(self._measured):
            column = self._measured.pop(metric)
            # what turned out to be text, behind cells with nothing in them
            if metric not in reader.left_out:
                values[metric] = reader.settled(metric, column.filled(n_rows))
        for metric in sorted(self._fixed):
            values[metric] = self._fixed.pop(metric).filled(n_rows)
        preferred = [metric for metric in reader.preferred if metric in values]
        origin = {
            **origin,
            "rows_read": self.n_read,
            "rows_rejected": self.n_rejected,
            "rejected": [[item.number, item.reason[:300]] for item in self.rejected],
            "left_unread": reader.left_unread,
            "notes": reader.notes,
        }
        return Dataset(
            name=name,
            table=self._table(self._vocabulary or reader.vocabulary),
            metrics={key: reader.metric(key) for key in values},
            values=values,
            default_metric=preferred[0] if preferred else None,
            space=reader.space,
            file_order_is_random=reader.file_order_is_random,
            origin=origin,
        )

    def _reject(self, item: Rejected) -> None:
        self.n_rejected += 1
        if len(self.rejected) < MAX_LISTED:
            self.rejected.append(item)

    def _row(self, item: Row, fixed: dict[str, float]) -> int:
        """The row that `item` belongs to, made if it is the first of its key."""
        graph = item.architecture
        key = item.key
        if key is BY_GRAPH:
            assert isinstance(graph, Architecture)
            key = self._graph_key(graph) if self._join else None
        earlier = self._row_of_key.get(key) if key is not None else None
        notation = hash(item.notation)
        if earlier is not None:
            row, its_notation = earlier
            if its_notation != notation:
                raise DataError(
                    f"{short_repr(key)} is another architecture here than in an earlier row"
                )
            self._check_fixed(row, key, fixed)
            return row
        # a graph that takes work to make is made for the first row of a key only
        if not isinstance(graph, Architecture):
            graph = graph()
        # before anything is put in, since one of them may be refused
        ops = self._indices(graph.ops)
        row = len(self._n_nodes)
        self._attrs.add(len(self._ops), graph.attrs)
        self._globals.add(row, {name: [value] for name, value in graph.globals.items()})
        self._ops.extend(ops)
        self._edges.extend(itertools.chain.from_iterable(graph.edges))
        self._n_nodes.append(graph.n_nodes)
        self._n_edges.append(len(graph.edges))
        if key is not None:
            self._row_of_key[key] = (row, notation)
        return row

    def _check_fixed(self, row: int, key: Hashable, fixed: dict[str, float]) -> None:
        """Return if no property of the row is another than before; NaN is none."""
        for name, value in fixed.items():
            before = self._fixed[name].at(row) if name in self._fixed else math.nan
            if before != value and not math.isnan(before) and not math.isnan(value):
                raise DataError(
                    f"{name} of {short_repr(key)} is {value!r} here and {before!r} in an"
                    " earlier row"
                )

    def _graph_key(self, graph: Architecture) -> bytes:
        """16 bytes of a graph's nodes, edges and numbers, in their order."""
        digest = hashlib.blake2b(self._indices(graph.ops).tobytes(), digest_size=16)
        # how long the first part is, so that no nodes pass for edges
        digest.update(graph.n_nodes.to_bytes(8, "little"))
        digest.update(array("i", itertools.chain.from_iterable(graph.edges)).tobytes())
        if graph.attrs or graph.globals:
            # names are sorted and numbers rounded: equal ones have equal texts
            digest.update(repr((dict(graph.attrs), dict(graph.globals))).encode())
        return digest.digest()

    def _indices(self, names: Sequence[str]) -> array[int]:
        """The number of each operation."""
        known = self._names.get
        indices = [known(name, -1) for name in names]
        # most rows have no new one, and a table has millions of rows
        if -1 in indices:
            indices = [self._op(name) for name in names]
        return array("H", indices)

    def _op(self, name: str) -> int:
        if self._vocabulary is not None and name not in self._vocabulary:
            raise GraphError(f"unknown operation {name!r}; legal: {', '.join(self._vocabulary)}")
        index = self._names.setdefault(name, len(self._names))
        # as many as the array of operations can tell apart; `finish` has the real limit
        if index >= 1 << 16:
            raise DataError(f"more than {1 << 16} different operations; legal: at most {MAX_OPS}")
        return index

    def _table(self, vocabulary: tuple[str, ...] | None) -> ArchTable:
        names = sorted(self._names) if vocabulary is None else vocabulary
        new_index = np.array([names.index(name) for name in self._names])
        ops = np.frombuffer(self._ops, np.uint16)  # (n_nodes,)
        edges = np.frombuffer(self._edges, np.int32).reshape(-1, 2).T  # (2, n_edges)
        node_ptr, edge_ptr = _ptr(self._n_nodes), _ptr(self._n_edges)
        attr_names, attrs = self._attrs.filled(len(ops))
        global_names, of_graphs = self._globals.filled(len(self._n_nodes))
        parts = []
        # the checks of a table take 20 times its memory: of a part at a time that is little
        for start in range(0, len(self._n_nodes), CHUNK):
            of_nodes, of_edges = node_ptr[start:][: CHUNK + 1], edge_ptr[start:][: CHUNK + 1]
            part = ArchTable.from_arrays(
                names,
                new_index[ops[of_nodes[0] : of_nodes[-1]]],
                of_nodes - of_nodes[0],
                edges[:, of_edges[0] : of_edges[-1]],
                of_edges - of_edges[0],
                attr_names=attr_names,
                attrs=attrs[of_nodes[0] : of_nodes[-1]],
                global_names=global_names,
                globals=of_graphs[start:][:CHUNK],
            )
            parts.append(part)
        return ArchTable.concatenate(parts)


def _numbers(name: str, value: Any) -> list[float]:
    """The repeats in a value, at least one; NaN passes, for it means not measured."""
    repeats = [value] if isinstance(value, (int, float)) else list(value)
    for i, repeat in enumerate(repeats):
        number = number_of(repeat)
        if number is None or math.isinf(number):
            raise DataError(
                f"{name} is {short_repr(repeat)}; it needs a finite number, or nothing for not"
                " measured"
            )
        repeats[i] = number
    return repeats or [math.nan]


def _ptr(counts: Any) -> npt.NDArray[np.int64]:
    """(n + 1,) int64: where each of n runs begins, and where the last one ends."""
    ends = np.cumsum(np.frombuffer(counts, np.uint32), dtype=np.int64)
    return np.concatenate([np.zeros(1, np.int64), ends])
