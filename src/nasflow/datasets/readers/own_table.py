"""`OwnTable`: what the three formats of users' tables have in common.

A format gives its records, each a row of cells by title; here they become rows of architectures and
numbers. Two decisions take more than one row: a column of texts is no metric (`text_columns`), so
the first text makes the whole file be read once more; and rows of one graph are repeats of it
(`BY_GRAPH`).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
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
    Column,
    Columns,
    check_unit,
    faults_of_header,
    is_index,
    is_structure,
    only_metric,
)
from nasflow.datasets.readers.text_columns import Record, columns_of_text, notes_of_unread
from nasflow.datasets.repeats import mixed_scales, without_copies
from nasflow.errors import DataError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.spaces.base import Space


@dataclass(frozen=True, slots=True)
class Header:
    """The titles of all columns, where a format states them before its rows."""

    titles: Sequence[str]


class OwnTable(Reader):
    """A table whose columns are on the page of `columns.py`."""

    version: ClassVar[int] = 4

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
                    values = self._values(item.cells)
                    _check_apart(graph, values)
                    yield Row(item.number, graph, values, key=BY_GRAPH)
                except (DataError, GraphError) as error:
                    yield Rejected(item.number, str(error))
        # only now: a comment may begin in the last row
        texts = self._texts or {}
        self.left_unread = {title: short_repr(text) for title, text in texts.items()}
        # a column may have been declared before its first text, or have another one's name
        columns = self._columns.by_title
        of_numbers = {columns[title].metric.name for title in columns if title not in texts}
        self.left_out = set(self._columns.metrics) - of_numbers
        # a column with nothing in it does not take the only label away
        self.preferred = only_metric((self._measured - self.left_out) or of_numbers)
        self.notes = notes_of_unread(self.path.name, bool(self._unnamed), self.left_unread)

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

    def texts_of_metrics(self) -> dict[str, str]:
        """A text of each metric of which all columns are left unread, as far as rows were read."""
        texts: dict[str, str] = {}
        numbers = set()
        for title, column in self._columns.by_title.items():
            if title in (self._texts or {}):
                texts[column.metric.name] = short_repr((self._texts or {})[title])
            else:
                numbers.add(column.metric.name)
        return {name: text for name, text in texts.items() if name not in numbers}

    # -- the header

    def _take(self, titles: Sequence[str]) -> None:
        """Declare the columns of a header.

        Raises:
            DataError: all that is wrong with it, in one message.
        """
        if len(titles) > MAX_COLUMNS:
            raise DataError(f"{self.path} has {len(titles)} columns; legal: at most {MAX_COLUMNS}")
        # all together, since who mends them one by one comes back as often
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
        if column is not None or is_structure(title.strip()):
            return column
        if is_index(title):
            self._unnamed.add(title)
            return None
        try:
            return self._columns.declare(title)
        except DataError:
            # above a column that is left unread, any title may stand
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
            check_unit(column.metric, numbers)
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
            self._texts = columns_of_text(self.records(no_progress), self.kind)
        return title in self._texts


def _check_apart(graph: Architecture, values: Collection[str]) -> None:
    """Return if no number of the graph has a metric's name: a label must not be seen by a model.

    Raises:
        GraphError: one has.
    """
    both = graph.globals.keys() & values
    if both:
        raise GraphError(
            f"globals has the name {min(both)!r}, which is a column of its own too: a model would"
            " see what it is to predict; leave one out, or name it otherwise"
        )
