"""Parquet tables of users' own (extra `parquet`).

Columns as on the page of `columns.py`; a list of numbers is the repeats of a metric.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from nasflow.datasets.readers.base import Progress, Rejected, no_progress
from nasflow.datasets.readers.cells import Kind, kind_of_value, numbers_in_value
from nasflow.datasets.readers.columns import is_structure
from nasflow.datasets.readers.own_table import Header, OwnTable
from nasflow.datasets.readers.text_columns import Record
from nasflow.datasets.readers.text_file import opened
from nasflow.errors import DataError
from nasflow.running.extras import require_extra

_BATCH = 1024


class ParquetFile(OwnTable):
    """One row per row; a row's number is its position, from 0."""

    format: ClassVar[str] = "parquet"

    def records(self, progress: Progress) -> Iterator[Header | Record | Rejected]:
        """See `OwnTable.records`."""
        parquet = require_extra("pyarrow.parquet", "parquet", "reading Parquet files")
        number = 0
        with opened(self.path, no_progress) as (file, _):
            # one iterator of both: the file is open as long as rows are wanted of it
            batches = self._batches(parquet, file)
            titles, n_rows = next(batches)
            yield Header(titles)
            names = [title.strip() if is_structure(title.strip()) else title for title in titles]
            for batch in batches:
                for row in batch:
                    cells = {}
                    for name, title in zip(names, titles, strict=True):
                        cells[name] = _without_nulls(row[title])
                    yield Record(number, cells)
                    # a batch is no row: its rows go on where the last one's ended
                    number += 1
                progress(number, n_rows)

    def numbers(self, title: str, cell: Any) -> list[float]:
        """See `OwnTable.numbers`."""
        return numbers_in_value(title, cell)

    def kind(self, cell: Any) -> Kind:
        """See `OwnTable.kind`."""
        return kind_of_value(cell)

    def _batches(self, parquet: Any, file: Any) -> Iterator[Any]:
        """The titles of the columns and the number of rows, then the rows in batches."""
        try:
            with parquet.ParquetFile(file) as table:
                yield list(table.schema_arrow.names), table.metadata.num_rows
                for batch in table.iter_batches(batch_size=_BATCH, use_threads=False):
                    yield batch.to_pylist()
        # pyarrow raises its own errors and built-in ones, depending on where the damage is
        except Exception as error:
            raise DataError(
                f"{self.path} is no readable Parquet file ({type(error).__name__}: "
                f"{str(error)[:80]})"
            ) from None


def _without_nulls(cell: Any) -> Any:
    """A cell; of a structure its fields with a value, since each row has those of all rows."""
    if isinstance(cell, dict):
        return {key: value for key, value in cell.items() if value is not None}
    return cell
