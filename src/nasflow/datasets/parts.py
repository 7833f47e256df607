"""A table in parts, for what is computed row by row: memory for a part, however many rows.

    for part in table_parts("archs.jsonl.gz"):   # in the file's order
        table, columns = part.read(vocabulary, ["params"])

`read` may run in another process: a part of a JSONL table is its lines, and all that takes long
(parsing, the arrays) happens there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np

from nasflow.datasets.base import Dataset, FloatArray
from nasflow.datasets.npz_parts import npz_parts
from nasflow.datasets.own_tables import own_format
from nasflow.datasets.readers.base import no_progress, refused
from nasflow.datasets.readers.jsonl_block import JsonlBlock
from nasflow.datasets.readers.jsonl_file import filled_lines
from nasflow.datasets.readers.own_table import OwnTable
from nasflow.datasets.readers.registry import make_reader
from nasflow.datasets.registry import dataset_names, open_dataset
from nasflow.datasets.table_builder import TableBuilder
from nasflow.errors import DataError, unknown_name
from nasflow.graphs.table import ArchTable

ROWS_OF_PART = 8192
"""Large enough that a part's overhead vanishes, and small enough to stay near the processor."""


class Content(Protocol):
    """What a part is read from."""

    def read(
        self, vocabulary: Sequence[str] | None, names: Sequence[str]
    ) -> tuple[ArchTable, dict[str, FloatArray]]:
        """The graphs over a vocabulary, and those columns of numbers that some row has."""
        ...

    def metrics(self) -> list[str]:
        """The names of all columns of numbers, for messages."""
        ...


@dataclass(frozen=True)
class Part:
    """Consecutive rows of a table."""

    first_row: int
    n_rows: int
    content: Content

    def read(
        self, vocabulary: Sequence[str] | None, names: Sequence[str] = ()
    ) -> tuple[ArchTable, dict[str, FloatArray]]:
        """The graphs of the rows over a vocabulary, and those of some columns that they have.

        A column is (n_rows,) float64, NaN where there is no number; one that none of the rows has
        is missing. Without a vocabulary each part of a user's file has one of its own, the
        operations that occur in it, sorted.

        Raises:
            DataError, GraphError: a row is malformed, or has an operation that is not in the
                vocabulary; of a user's table the message names the line.
        """
        return self.content.read(vocabulary, names)

    def read_all(
        self, vocabulary: Sequence[str] | None, names: Sequence[str], source: str
    ) -> tuple[ArchTable, dict[str, FloatArray]]:
        """The same with all of these columns, NaN throughout where none of the rows has one.

        Raises:
            UnknownNameError: the first part of the table `source` has no such column.
        """
        table, columns = self.read(vocabulary, names)
        for name in names:
            if name not in columns and self.first_row == 0:
                table_name = Path(source).name.partition(".")[0]
                raise unknown_name(f"metric of {table_name}", name, self.content.metrics())
            # rows in the middle of a table may all lack it
            columns.setdefault(name, np.full(len(table), np.nan))
        return table, columns

    @contextmanager
    def counted(self, *errors: type[Exception]) -> Iterator[None]:
        """A block whose errors count the rows of this part: they say where in the table it is."""
        try:
            yield
        except errors as error:
            # of the first part both counts are the same
            if self.first_row:
                told = f"in the rows from {self.first_row} on, {error}"
                raise type(error)(told) from None
            raise


@dataclass(frozen=True)
class RowsInMemory:
    """Rows that were read, and all their columns."""

    table: ArchTable
    columns: Mapping[str, FloatArray]
    texts: Mapping[str, str] = field(default_factory=dict)
    """By name of a column that rows before may have numbers in: a text that makes it none."""

    @classmethod
    def of(
        cls, dataset: Dataset, rows: slice = slice(None), texts: Mapping[str, str] | None = None
    ) -> RowsInMemory:
        """Some rows of a data set."""
        columns = {name: dataset.labels(name)[rows] for name in dataset.metrics}
        return cls(dataset.table[rows], columns, texts or {})

    def read(
        self, vocabulary: Sequence[str] | None, names: Sequence[str]
    ) -> tuple[ArchTable, dict[str, FloatArray]]:
        """See `Content.read`."""
        for name in names:
            # whether it is one of texts, the first of them decides for the whole file
            if name in self.texts:
                raise DataError(
                    f"{name} is a column with more texts than numbers, such as {self.texts[name]};"
                    " it needs finite numbers, or nothing"
                )
        columns = {name: self.columns[name] for name in names if name in self.columns}
        if vocabulary is None:
            return self.table, columns
        return self.table.with_vocabulary(vocabulary), columns

    def metrics(self) -> list[str]:
        """See `Content.metrics`."""
        return list(self.columns)


def is_in_parts(source: str) -> bool:
    """Whether a table is a file that is read part by part; of any other the whole is read."""
    path = Path(source)
    # a registered name is one even where a file is called so
    is_file = source not in dataset_names() and path.is_file()
    return is_file and (path.suffix == ".npz" or own_format(path) is not None)


def table_parts(
    source: str,
    vocabulary: Sequence[str] | None,
    rows_of_part: int = ROWS_OF_PART,
    first_row: int = 0,
) -> Iterator[Part]:
    """The parts of a table, in its order: of a user's file, an .npz, or a registered data set.

    Every row of a user's file is a row, also where rows have one graph.

    Args:
        source: as for `open_dataset`.
        vocabulary: the only operations that may occur; by default any.
        rows_of_part: rows of each part but the last.
        first_row: parts begin at this row; a multiple of `rows_of_part`.

    Raises:
        UnknownNameError, MissingDataError, DataError: as `open_dataset`.
    """
    if not is_in_parts(source):
        dataset = open_dataset(source, vocabulary, join=False)
        return dataset_parts(dataset, rows_of_part, first_row)
    path = Path(source)
    format_name = own_format(path)
    # of the text forms only JSONL has a row a line, whatever is in it
    if format_name == "jsonl":
        return _jsonl_parts(path, rows_of_part, first_row)
    if format_name is not None:
        return _own_parts(path, format_name, vocabulary, rows_of_part, first_row)
    return _npz_parts(path, rows_of_part, first_row)


def _jsonl_parts(path: Path, rows_of_part: int, first_row: int) -> Iterator[Part]:
    """Lines are cut here and read by whoever gets the part."""
    row = 0
    lines = filled_lines(path, no_progress)
    while block := tuple(islice(lines, rows_of_part)):
        # what an earlier run has done is passed over as lines, unparsed
        if row >= first_row:
            numbers, texts = zip(*block, strict=True)
            yield Part(row, len(block), JsonlBlock(path, numbers, texts))
        row += len(block)
    # nothing was yielded: an empty file is no table of no rows
    if not row:
        raise DataError(f"{path} holds no architecture: no valid row of format jsonl")


def _own_parts(
    path: Path,
    format_name: str,
    vocabulary: Sequence[str] | None,
    rows_of_part: int,
    first_row: int,
) -> Iterator[Part]:
    """CSV and Parquet: read here, since a row may span lines, or stand in a column's middle."""
    reader = make_reader(format_name, path)
    # one iterator for all parts: each goes on where the last one ended
    rows = reader.rows(no_progress)
    row = 0
    while True:
        builder = TableBuilder(vocabulary, join=False)
        for item in islice(rows, rows_of_part):
            builder.add(item)
            if builder.rejected:
                raise refused(reader, builder.rejected[0])
        if not builder.n_read and row:
            return
        # of no row at all this is the error
        dataset = builder.finish(reader, path.name, {})
        if row >= first_row:
            texts = reader.texts_of_metrics() if isinstance(reader, OwnTable) else {}
            yield Part(row, len(dataset.table), RowsInMemory.of(dataset, texts=texts))
        row += len(dataset.table)


def _npz_parts(path: Path, rows_of_part: int, first_row: int) -> Iterator[Part]:
    row = 0
    for dataset in npz_parts(path, rows_of_part, first_row):
        yield Part(first_row + row, len(dataset.table), RowsInMemory.of(dataset))
        row += len(dataset.table)


def dataset_parts(dataset: Dataset, rows_of_part: int, first_row: int) -> Iterator[Part]:
    """The parts of a data set that is in memory."""
    for start in range(first_row, len(dataset.table), rows_of_part):
        # a slice: views of the whole, nothing is copied until it is sent somewhere
        part = RowsInMemory.of(dataset, slice(start, start + rows_of_part))
        yield Part(start, len(part.table), part)
