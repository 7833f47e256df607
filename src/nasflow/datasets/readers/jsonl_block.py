"""Some lines of a JSONL table at once: the way for tables too long to hold.

`JsonlFile` makes an `Architecture` of each line, which takes longer than to parse it. Here
the lines of a block become flat arrays together, as long as each of them says the plain thing: a
graph as lists, numbers where a number is wanted. At the first line that does not, the whole block
goes to `JsonlFile`, which knows every form and words every error. Both give the same rows.

The parser is the standard library's. With the garbage collector at rest (it looks through all lists
again and again while they are made) it takes 4 microseconds for a line of 180 characters, orjson
and msgspec 1.6; the rest of reading takes 7.
"""

from __future__ import annotations

import contextlib
import gc
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.datasets.base import Dataset, FloatArray
from nasflow.datasets.readers.base import Progress, Rejected, refused
from nasflow.datasets.readers.columns import (
    STRUCTURE,
    Columns,
    check_unit,
    is_index,
    is_structure,
)
from nasflow.datasets.readers.jsonl_file import JsonlFile, record_of_line
from nasflow.datasets.readers.text_columns import Record
from nasflow.datasets.table_builder import TableBuilder
from nasflow.errors import DataError
from nasflow.graphs.flat_arrays import row_ptr
from nasflow.graphs.table import ArchTable

_NUMBER_TYPES = {int, float, type(None)}
_LARGEST = float(np.finfo(np.float32).max)
_QUOTE_AND_BLANK = ('" ', '"\t', '"\r')
"""What stands before the colon of a key that is written apart from it."""


@dataclass(frozen=True)
class JsonlBlock:
    """Consecutive lines of a file, none of them empty."""

    path: Path
    """The file, for messages."""
    numbers: tuple[int, ...]
    """The number of each line in it, from 1."""
    lines: tuple[str, ...]

    def read(
        self, vocabulary: Sequence[str] | None, names: Sequence[str]
    ) -> tuple[ArchTable, dict[str, FloatArray]]:
        """A row for each line: the graphs, and those of some columns of numbers that lines have.

        The graphs are over a vocabulary, by default the operations that occur, sorted.

        Raises:
            DataError: a line is malformed, has an operation that is not in the vocabulary, or a
                text where a number is wanted; names the line.
        """
        with _collector_at_rest():
            read = _plain(self, None if vocabulary is None else tuple(vocabulary), names)
        return read if read is not None else _in_any_form(self, vocabulary, names)

    def metrics(self) -> list[str]:
        """The names of all columns of numbers that lines have."""
        return list(_dataset(self, None)[0].metrics)


class _NotPlainError(Exception):
    """Something that the slow way must look at."""


@contextlib.contextmanager
def _collector_at_rest() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


# -- the slow way: any form, any error ------------------------------------------------------------


class _LinesOfFile(JsonlFile):
    """A reader of some lines that were read before."""

    def __init__(self, block: JsonlBlock) -> None:
        super().__init__(block.path)
        self._block = block

    def records(self, progress: Progress) -> Iterator[Record | Rejected]:  # noqa: ARG002
        """See `OwnTable.records`."""
        for number, line in zip(self._block.numbers, self._block.lines, strict=True):
            yield record_of_line(number, line)


def _dataset(block: JsonlBlock, vocabulary: Sequence[str] | None) -> tuple[Dataset, _LinesOfFile]:
    reader = _LinesOfFile(block)
    builder = TableBuilder(vocabulary, join=False)
    for item in reader.rows(lambda _done, _total: None):
        builder.add(item)
        if builder.rejected:
            raise refused(reader, builder.rejected[0])
    return builder.finish(reader, block.path.name, {}), reader


def _in_any_form(
    block: JsonlBlock, vocabulary: Sequence[str] | None, names: Sequence[str]
) -> tuple[ArchTable, dict[str, FloatArray]]:
    dataset, reader = _dataset(block, vocabulary)
    columns = {}
    texts = reader.texts_of_metrics()
    for name in names:
        if name in dataset.metrics:
            columns[name] = dataset.labels(name)
        # with texts beside the numbers it is no column of numbers, whatever other lines have
        elif name in texts:
            raise DataError(
                f"{block.path} {reader.counts} {block.numbers[0]} and those behind it:"
                f" {name} is {texts[name]}; it needs a finite number, or null"
            )
    return dataset.table, columns


# -- the fast way: plain lines --------------------------------------------------------------------


def _plain(
    block: JsonlBlock, vocabulary: tuple[str, ...] | None, names: Sequence[str]
) -> tuple[ArchTable, dict[str, FloatArray]] | None:
    """What `_in_any_form` gives; None where some line is not plain."""
    try:
        records = [json.loads(line) for line in block.lines]
        declared = Columns(block.path.name)
        titles = _titles(block, records, names, declared)
        table = _table(records, vocabulary)
        # a label that stands among a graph's numbers
        if set(table.global_names) & titles.keys():
            return None
        columns = {name: _numbers(records, titles[name]) for name in names if name in titles}
        for name, column in columns.items():
            check_unit(declared.metrics[name], column)
    # whatever is wrong, the slow way finds it and says it better
    except (_NotPlainError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError):
        return None
    except RecursionError:
        return None
    return table, columns


def _titles(
    block: JsonlBlock, records: Sequence[Any], names: Sequence[str], declared: Columns
) -> dict[str, tuple[str, ...]]:
    """The titles under which each of `names` stands, when all lines are plain objects."""
    titles: dict[str, set[str]] = {}
    seen: set[tuple[str, ...]] = set()
    for line, record in zip(block.lines, records, strict=True):
        # a dict has a key once: as many colons behind quotes say that its text has so too
        n_keys = len(record) + _n_inner_keys(record)
        if line.count('":') != n_keys or not line.isascii():
            raise _NotPlainError
        # a key written so is not counted, and may be the second of its name
        if any(text in line for text in _QUOTE_AND_BLANK):
            raise _NotPlainError
        keys = tuple(record)
        if keys in seen:
            continue
        seen.add(keys)
        # rows have the same few sets of keys: each is looked at once
        for title in keys:
            if is_index(title) or title in STRUCTURE or title in ("attrs", "globals"):
                continue
            # numbers in columns of their own: `attrs.width`
            if is_structure(title.strip()):
                raise _NotPlainError
            column = declared.declare(title)
            # repeats are averaged over several columns
            if column.repeat and column.metric.name in names:
                raise _NotPlainError
            titles.setdefault(column.metric.name, set()).add(title)
    return {name: tuple(found) for name, found in titles.items()}


def _n_inner_keys(record: Mapping[str, Any]) -> int:
    return sum(len(record[kind]) for kind in ("attrs", "globals") if record.get(kind))


def _table(records: Sequence[dict[str, Any]], vocabulary: tuple[str, ...] | None) -> ArchTable:
    """The graphs of `ops` and `edges`, `attrs` and `globals`."""
    if any(record.get("arch") not in (None, "") for record in records):
        raise _NotPlainError
    # a list is no object, also where it is empty
    for kind in ("attrs", "globals"):
        if {type(record.get(kind)) for record in records} - {dict, type(None)}:
            raise _NotPlainError
    ops = [record["ops"] for record in records]
    edges = [record["edges"] for record in records]
    pairs = list(chain.from_iterable(edges))
    flat = list(chain.from_iterable(pairs))
    if not (_all_of(list, ops) and _all_of(list, edges) and _all_of(list, pairs)):
        raise _NotPlainError
    if not _all_of(int, flat) or set(map(len, pairs)) - {2}:
        raise _NotPlainError
    if vocabulary is None:
        vocabulary = tuple(sorted(set(chain.from_iterable(ops))))
    # an operation that is not in it is a KeyError, and the slow way's to name
    index = {op: i for i, op in enumerate(vocabulary)}
    sizes = [len(of_row) for of_row in ops]
    attr_names, attrs = _node_columns(records, sizes)
    global_names, of_graphs = _graph_columns(records)
    return ArchTable.from_arrays(
        vocabulary,
        np.array([index[op] for op in chain.from_iterable(ops)], np.int64),
        row_ptr(sizes),
        np.array(flat, np.int64).reshape(-1, 2).T,
        row_ptr([len(of_row) for of_row in edges]),
        attr_names=attr_names,
        attrs=attrs,
        global_names=global_names,
        globals=of_graphs,
    )


def _all_of(kind: type, values: Sequence[Any]) -> bool:
    """Whether all values are of one type; a boolean is no integer here."""
    return not set(map(type, values)) - {kind}


def _node_columns(
    records: Sequence[dict[str, Any]], sizes: Sequence[int]
) -> tuple[tuple[str, ...], npt.NDArray[np.float32]]:
    """The names, sorted, and (n_nodes, n_names) numbers of nodes."""
    columns: dict[str, list[Any]] = {}
    n_nodes = 0
    for record, size in zip(records, sizes, strict=True):
        for name, values in (record.get("attrs") or {}).items():
            column = columns.setdefault(name, [])
            if type(values) is not list or len(values) != size:
                raise _NotPlainError
            # rows before this one that lack it
            column.extend([None] * (n_nodes - len(column)))
            column.extend(values)
        n_nodes += size
    return _filled(columns, n_nodes)


def _graph_columns(
    records: Sequence[dict[str, Any]],
) -> tuple[tuple[str, ...], npt.NDArray[np.float32]]:
    """The names, sorted, and (n_rows, n_names) numbers of graphs."""
    columns: dict[str, list[Any]] = {}
    for row, record in enumerate(records):
        # as for nodes, with one place for each row
        for name, value in (record.get("globals") or {}).items():
            column = columns.setdefault(name, [])
            column.extend([None] * (row - len(column)))
            column.append(value)
    return _filled(columns, len(records))


def _filled(
    columns: dict[str, list[Any]], n_places: int
) -> tuple[tuple[str, ...], npt.NDArray[np.float32]]:
    # a name without a number is none
    names = sorted(name for name, column in columns.items() if set(column) - {None})
    filled = np.full((n_places, len(names)), np.nan, np.float64)
    for j, name in enumerate(names):
        column = columns[name]
        if set(map(type, column)) - _NUMBER_TYPES:
            raise _NotPlainError
        filled[: len(column), j] = np.array(column, np.float64)
        # a number that is written as NaN is none, and its name perhaps that of no number at all
        if np.isnan(filled[: len(column), j]).sum() != column.count(None):
            raise _NotPlainError
    # comparing with NaN is false: what is missing passes
    if (np.abs(filled) > _LARGEST).any():
        raise _NotPlainError
    return tuple(names), filled.astype(np.float32)


def _numbers(records: Sequence[dict[str, Any]], titles: Sequence[str]) -> FloatArray:
    """(n_rows,) float64: the numbers under a title; NaN where there is none."""
    if len(titles) > 1:
        raise _NotPlainError
    column = [record.get(titles[0]) for record in records]
    # a number that is written as NaN is refused, and a missing one is not
    if set(map(type, column)) - _NUMBER_TYPES or not all(
        value is None or math.isfinite(value) for value in column
    ):
        raise _NotPlainError
    return np.array(column, np.float64)
