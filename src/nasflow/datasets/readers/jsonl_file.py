"""JSONL tables of users' own, plain or gzipped: an object a line, its keys as in `columns.py`.

    {"ops": ["input", "attn", "output"], "edges": [[0, 1], [1, 2]], "accuracy [%]": [81.2, 80.9]}

A list of numbers is the repeats of a metric. `datasets.jsonl.read_jsonl` reads the same files and
stops at the first malformed line instead of passing it over.
"""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Iterator
from reprlib import repr as short_repr
from typing import Any, ClassVar

from nasflow.datasets.base import Metric
from nasflow.datasets.readers.base import Progress, Reader, Rejected, Row
from nasflow.datasets.readers.columns import architecture, metric_columns, only_metric
from nasflow.errors import DataError, GraphError
from nasflow.running.files import require_file


class JsonlFile(Reader):
    """One row per line that is not empty; a row's number is its line, from 1."""

    format: ClassVar[str] = "jsonl"

    def rows(self, progress: Progress) -> Iterator[Row | Rejected]:
        """See `Reader.rows`."""
        total = require_file(self.path).stat().st_size
        self._metrics: dict[str, Metric] = {}
        # a key of the objects -> its metric's name; keys may begin in any line
        self._names: dict[str, str] = {}
        try:
            with self.path.open("rb") as raw:
                lines = gzip.GzipFile(fileobj=raw) if self.path.suffix == ".gz" else raw
                for number, line in enumerate(lines, start=1):
                    if line.strip():
                        try:
                            yield self._row(number, line)
                        except (DataError, GraphError) as error:
                            yield Rejected(number, str(error))
                    if number % 1000 == 0:
                        progress(raw.tell(), total)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{self.path} is no readable JSONL ({str(error)[:80]})") from None
        self.preferred = only_metric(self._metrics)

    def metric(self, name: str) -> Metric:
        """See `Reader.metric`."""
        return self._metrics[name]

    def _row(self, number: int, line: bytes) -> Row:
        try:
            record: Any = json.loads(line.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise DataError(f"no JSON ({str(error)[:60]}): {line[:60]!r}") from None
        if not isinstance(record, dict):
            raise DataError(
                f"a JSON {type(record).__name__}; it needs an object with ops and edges, or arch"
                " and space"
            )
        graph = architecture(record)
        for title in record:
            if title not in self._names:
                for column in metric_columns([title], str(self.path)):
                    self._declare(title, column.metric)
        values = {
            self._names[title]: numbers(title, value)
            for title, value in record.items()
            if title in self._names
        }
        return Row(number, graph, values)

    def _declare(self, title: str, metric: Metric) -> None:
        declared = self._metrics.setdefault(metric.name, metric)
        if declared != metric:
            raise DataError(f"{title!r} declares {metric.name} otherwise than an earlier line")
        self._names[title] = metric.name


def numbers(title: str, value: Any) -> list[float]:
    """The repeats in a value: a number, null for not measured, or a list of them."""
    repeats = []
    for item in value if isinstance(value, list) else [value]:
        is_number = isinstance(item, (int, float)) and not isinstance(item, bool)
        if item is None:
            repeats.append(math.nan)
        # NaN, the infinities and integers that no float holds are all not below this
        elif not is_number or not abs(item) < 1e300:
            raise DataError(
                f"{title} is {short_repr(item)}; it needs a finite number, or null for not measured"
            )
        else:
            repeats.append(float(item))
    return repeats
