"""CSV tables of users' own, plain or gzipped; what the columns mean is on the page of `columns.py`.

ops,edges,accuracy#1 [%],accuracy#2 [%],"latency [ms, min]"
input|attn|mlp|output,0>1 1>2 2>3,81.2,80.9,3.5
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, ClassVar

from nasflow.datasets.base import Metric
from nasflow.datasets.readers.base import Progress, Reader, Rejected, Row
from nasflow.datasets.readers.columns import (
    architecture,
    check_structure,
    metric_columns,
    only_metric,
    repeats,
)
from nasflow.errors import DataError, GraphError
from nasflow.running.files import require_file


class CsvFile(Reader):
    """One row per line; a row's number is its line in the file, from 1, the header's."""

    format: ClassVar[str] = "csv"

    def rows(self, progress: Progress) -> Iterator[Row | Rejected]:
        """See `Reader.rows`."""
        total = require_file(self.path).stat().st_size
        try:
            with self.path.open("rb") as raw, self._text(raw) as file:
                yield from self._lines(csv.reader(file), lambda: progress(raw.tell(), total))
        except (OSError, EOFError, UnicodeDecodeError, csv.Error, zlib.error) as error:
            raise DataError(f"{self.path} is no readable CSV ({str(error)[:80]})") from None

    def metric(self, name: str) -> Metric:
        """See `Reader.metric`."""
        return self._metrics[name]

    def _text(self, raw: Any) -> IO[str]:
        binary = gzip.GzipFile(fileobj=raw) if self.path.suffix == ".gz" else raw
        return io.TextIOWrapper(binary, encoding="utf-8-sig", newline="")

    def _lines(self, lines: Any, advance: Callable[[], None]) -> Iterator[Row | Rejected]:
        header = [title.strip() for title in next(lines, [])]
        check_structure(header, str(self.path))
        if len(set(header)) != len(header):
            raise DataError(f"{self.path} names a column twice: {', '.join(header)}")
        columns = metric_columns(header, str(self.path))
        self._metrics = {column.metric.name: column.metric for column in columns}
        self.preferred = only_metric(self._metrics)
        # repeats by their numbers, wherever their columns stand
        columns.sort(key=lambda column: column.repeat)
        for texts in lines:
            # a quoted cell may span lines, so this is not the number of rows read
            number = lines.line_num
            # an empty line is no row
            if not texts:
                continue
            if len(texts) != len(header):
                yield Rejected(number, f"{len(texts)} values where the header has {len(header)}")
                continue
            cells = dict(zip(header, texts, strict=True))
            try:
                values = repeats(columns, cells, _numbers)
                yield Row(number, architecture(cells), values)
            except (DataError, GraphError) as error:
                yield Rejected(number, str(error))
            # a call for each line would take longer than the line
            if number % 1000 == 0:
                advance()


def _numbers(title: str, text: str) -> list[float]:
    """The one number of a cell; nothing is NaN, not measured."""
    if not text.strip():
        return [math.nan]
    # text that is no number is refused below, as NaN and the infinities are
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(
            f"{title} is {text[:40]!r}; it needs a finite number, or nothing for not measured"
        )
    return [value]
