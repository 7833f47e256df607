"""`OwnTable`: what the three formats of users' tables have in common.

A format gives its records, each a row of cells by title; here they become rows of architectures and
numbers. Two decisions take more than one row:

* A column with more texts than numbers is no metric: it is left unread, and the notes say so. With
  fewer, a text is a fault of its row, such as `failed` among accuracies. So the first text makes
  the whole file be read once more, to count.
* Rows of one graph are repeats of it (`BY_GRAPH`).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as short_repr
from typing import Any, ClassVar

from nasflow.datasets.base import FloatArray, Metric
from nasflow.datasets.readers.base import (
    BY_GRAPH,
    Progress,
    Reader,
    Rejected,
    Row,
    no_progress,
)
from nasflow.datasets.readers.cells import Kind, architecture
from nasflow.datasets.readers.columns import (
    MAX_COLUMNS,
    STRUCTURE,
    Column,
    Columns,
    faults_of_header,
    is_index,
    only_metric,
)
from nasflow.datasets.repeats import mixed_scales, without_copies
from nasflow.errors import DataError, GraphError
from nasflow.spaces.base import Space

_MOST_NAMED = 10  # columns in a note


@dataclass(frozen=True, slots=True)
class Header:
    """The titles of all columns, where a format states them before its rows."""

    titles: Sequence[str]


@dataclass(frozen=True, slots=True)
class Record:
    """One row of cells."""

    number: int
    """Position in the file, as in `Row`."""
    cells: Mapping[str, Any]
    """What each column has, by title."""


class OwnTable(Reader):
    """A table whose columns are on the page of `columns.py`."""

    version: ClassVar[int] = 2

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._columns = Columns(path.name)
        self._spaces: dict[str, Space] = {}
        self._measured: set[str] = set()  # metrics with a number in some row
        self._unnamed: set[str] = set()
        # of each column of text a text, once the kinds of cells were counted
        self._texts: dict[str, Any] | None = None

    @abstractmethod
    def records(self, progress: Progress) -> Iterator[Header | Record | Rejected]:
        """What the file has, in its order; may be asked for again."""

    @abstractmethod
    def numbers(self, title: str, cell: Any) -> list[float]:
        """The repeats in a cell, NaN for not measured; a `DataError` where it is none."""

    @abstractmethod
    def kind(self, cell: Any) -> Kind:
        """What a cell says of its column."""

    def rows(self, progress: Progress) -> Iterator[Row | Rejected]:
        """See `Reader.rows`."""
        for item in self.records(progress):
            if isinstance(item, Rejected):
                yield item
            elif isinstance(item, Header):
                self._take(item.titles)
            else:
                try:
                    graph = architecture(item.cells, self._spaces)
                    yield Row(item.number, graph, self._values(item.cells), key=BY_GRAPH)
                except (DataError, GraphError) as error:
                    yield Rejected(item.number, str(error))
        texts = self._texts or {}
        self.left_unread = {title: short_repr(text) for title, text in texts.items()}
        # a column may have been declared before its first text, or have another one's name
        names = {True: set[str](), False: set[str]()}
        for title, column in self._columns.by_title.items():
            names[title in texts].add(column.metric.name)
        self.left_out = names[True] - names[False]
        self.preferred = only_metric((self._measured - self.left_out) or names[False])
        self.notes = self._notes()

    def metric(self, name: str) -> Metric:
        """See `Reader.metric`."""
        return self._columns.metrics[name]

    def settled(self, name: str, values: FloatArray) -> FloatArray:
        """See `Reader.settled`."""
        metric = self.metric(name)
        doubt = mixed_scales(metric, values)
        if doubt:
            self.notes.append(doubt)
        return without_copies(values, equal=not metric.trained)

    # -- the header

    def _take(self, titles: Sequence[str]) -> None:
        """Declare the columns of a header.

        Raises:
            DataError: all that is wrong with it, in one message.
        """
        if len(titles) > MAX_COLUMNS:
            raise DataError(f"{self.path} has {len(titles)} columns; legal: at most {MAX_COLUMNS}")
        faults = faults_of_header(titles)
        for title in titles:
            try:
                self._column(title)
            except DataError as error:
                faults.append(str(error))
        if faults:
            raise DataError(f"{self.path}: {'; '.join(faults)}")

    def _column(self, title: str) -> Column | None:
        """The column of a title, declared when it is met first; None for one that is no metric.

        Raises:
            DataError: it is a metric, and its title is malformed or contradicts another.
        """
        column = self._columns.by_title.get(title)
        if column is not None or title.strip() in STRUCTURE:
            return column
        if is_index(title):
            self._unnamed.add(title)
            return None
        try:
            return self._columns.declare(title)
        except DataError:
            if self._is_text(title):
                return None
            raise

    # -- the cells

    def _values(self, cells: Mapping[str, Any]) -> dict[str, list[float]]:
        """The repeats of each metric in a row, in the order of their numbers."""
        read: list[tuple[int, str, list[float]]] = []
        for title, cell in cells.items():
            column = self._column(title)
            if column is None:
                continue
            try:
                numbers = self.numbers(title, cell)
            except DataError:
                if self._is_text(title):
                    continue
                raise
            _check_unit(column.metric, numbers)
            read.append((column.repeat, column.metric.name, numbers))
        # wherever the columns stand
        read.sort(key=lambda column: column[0])
        values: dict[str, list[float]] = {}
        for _, name, numbers in read:
            values.setdefault(name, []).extend(numbers)
            if name not in self._measured and any(not math.isnan(n) for n in numbers):
                self._measured.add(name)
        return values

    def _is_text(self, title: str) -> bool:
        """Whether a column has more texts than numbers."""
        if self._texts is None:
            self._texts = self._columns_of_text()
        return title in self._texts

    def _columns_of_text(self) -> dict[str, Any]:
        """The first text of each column that has more texts than numbers."""
        counts: dict[str, Counter[Kind]] = {}
        examples: dict[str, Any] = {}
        for item in self.records(no_progress):
            if not isinstance(item, Record):
                continue
            for title, cell in item.cells.items():
                kind = self.kind(cell)
                counts.setdefault(title, Counter())[kind] += 1
                if kind is Kind.TEXT:
                    examples.setdefault(title, cell)
        texts = {}
        for title, count in counts.items():
            is_metric = count[Kind.NUMBER] >= count[Kind.TEXT]
            if not is_metric and title.strip() not in STRUCTURE and not is_index(title):
                texts[title] = examples[title]
        return texts

    def _notes(self) -> list[str]:
        """What was left unread."""
        notes = []
        if self._unnamed:
            notes.append(f"a column without a name was left unread, as an index ({self.path.name})")
        if self.left_unread:
            shown = [f"{title[:60]} ({text})" for title, text in self.left_unread.items()]
            more = f" and {len(shown) - _MOST_NAMED} more" if len(shown) > _MOST_NAMED else ""
            notes.append(
                f"columns of text were left unread: {', '.join(shown[:_MOST_NAMED])}{more}"
                f" ({self.path.name})"
            )
        return notes


def _check_unit(metric: Metric, numbers: Sequence[float]) -> None:
    """Return if the numbers may have the metric's unit.

    Raises:
        DataError: a percentage that is none.
    """
    if metric.unit != "%":
        return
    for number in numbers:
        if number < 0 or number > 100:  # never true of NaN
            raise DataError(
                f"{metric.name} is {number:g}, and declared in %; legal: 0 to 100, or another unit"
                " in the brackets of its title, or none"
            )
