"""Parquet tables of users' own (extra `parquet`).

Columns as on the page of `columns.py`; a list of numbers is the repeats of a metric.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, ClassVar

from nasflow.datasets.base import Metric
from nasflow.datasets.readers.base import Progress, Reader, Rejected, Row
from nasflow.datasets.readers.columns import (
    STRUCTURE,
    architecture,
    check_structure,
    metric_columns,
    only_metric,
    repeats,
)
from nasflow.datasets.readers.jsonl_file import numbers
from nasflow.errors import DataError, GraphError
from nasflow.running.extras import require_extra
from nasflow.running.files import require_file

_BATCH = 1024


class ParquetFile(Reader):
    """One row per row; a row's number is its position, from 0."""

    format: ClassVar[str] = "parquet"

    def rows(self, progress: Progress) -> Iterator[Row | Rejected]:
        """See `Reader.rows`."""
        require_file(self.path)
        batches = self._batches(progress)
        titles = next(batches)
        check_structure(titles, str(self.path))
        columns = metric_columns(titles, str(self.path))
        self._metrics = {column.metric.name: column.metric for column in columns}
        self.preferred = only_metric(self._metrics)
        # repeats by their numbers, wherever their columns stand
        columns.sort(key=lambda column: column.repeat)
        structure = {title.strip(): title for title in titles if title.strip() in STRUCTURE}
        for number, record in enumerate(itertools.chain.from_iterable(batches)):
            try:
                cells = {name: record.get(title) for name, title in structure.items()}
                values = repeats(columns, record, numbers)
                yield Row(number, architecture(cells), values)
            except (DataError, GraphError) as error:
                yield Rejected(number, str(error))

    def metric(self, name: str) -> Metric:
        """See `Reader.metric`."""
        return self._metrics[name]

    def _batches(self, progress: Progress) -> Iterator[list[Any]]:
        """The titles of the columns, then the rows in batches."""
        parquet = require_extra("pyarrow.parquet", "parquet", "reading Parquet files")
        done = 0  # rows
        try:
            with parquet.ParquetFile(self.path) as file:
                yield list(file.schema_arrow.names)
                for batch in file.iter_batches(batch_size=_BATCH, use_threads=False):
                    yield batch.to_pylist()
                    done += batch.num_rows
                    progress(done, file.metadata.num_rows)
        # pyarrow raises its own errors and built-in ones, depending on where the damage is
        except Exception as error:
            raise DataError(
                f"{self.path} is no readable Parquet file ({type(error).__name__}: "
                f"{str(error)[:80]})"
            ) from None
