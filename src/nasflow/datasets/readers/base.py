"""`Reader`: the interface of a file format: rows, good and bad, and never a whole file at once.

A reader knows one format. It checks what the format itself promises and says what each metric
means; what is common to all of them (joining repeats, rejecting malformed graphs, the flat arrays)
is `TableBuilder`'s. A new format is one file with one subclass, and a line in `registry.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import ClassVar

from nasflow.datasets.base import FloatArray, Metric
from nasflow.errors import DataError
from nasflow.graphs.architecture import Architecture
from nasflow.running.files import require_file

Progress = Callable[[int, int], None]
"""Called now and then with how much is done and how much there is, in bytes or files."""


def no_progress(_done: int, _total: int) -> None:
    """The progress function that shows nothing."""


class _ByGraph(Enum):
    KEY = "by graph"


BY_GRAPH = _ByGraph.KEY
"""The key of a row whose architecture is told by its graph: equal nodes and edges, in this order.

Not by what it computes: a space's table has twins, and they are rows of their own.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """What one record of a file says of one architecture.

    Rows with the same `key` describe the same architecture, and their `values` are repeats, in the
    file's order.
    """

    number: int
    """Position in the file, for messages: the record, line or entry, as the format counts."""
    architecture: Architecture | Callable[[], Architecture]
    """The graph, or a function that makes it; only the first row of a key is asked for it."""
    values: Mapping[str, float | Sequence[float]] = field(default_factory=dict)
    """Measured once a training: a number, or several repeats. NaN: not measured."""
    fixed: Mapping[str, float] = field(default_factory=dict)
    """Properties of the architecture, the same in each of its rows: parameters, proxies."""
    key: Hashable = None
    """Which architecture this is; `BY_GRAPH` where only the graph tells; None for one that no other
    row describes."""
    notation: str | None = None
    """The architecture as the file writes it; a later row of the key that differs is rejected."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that is no valid row."""

    number: int
    """Position in the file, as in `Row`."""
    reason: str
    """What is wrong with it, the value seen, what is legal."""


class Reader(ABC):
    """One file or folder of one format.

    Attributes may be set while `rows` runs; they are read when it has ended.
    """

    format: ClassVar[str]
    """The registered name, as the command line knows it."""
    version: ClassVar[int] = 1
    """Number of the parsing code.

    Raise it when the same file gives another table, so that caches are left behind.
    """

    counts: ClassVar[str] = "row"
    """What the numbers of rows count: rows, or lines of a text."""

    space: str | None = None
    """Registered name of the search space the rows belong to, if they have one."""
    vocabulary: tuple[str, ...] | None = None
    """The operations in the space's order; None for those that occur, sorted."""
    preferred: tuple[str, ...] = ()
    """Metrics to predict by default: the first of them that the file has."""
    file_order_is_random: bool = False
    """Whether a split may take the rows as they come."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[str] = []
        """What a reader of the table should know: columns left unread, doubtful values."""
        self.left_unread: dict[str, str] = {}
        """Columns that are no metrics, each with a text that it holds."""
        self.left_out: set[str] = set()
        """Metrics of some rows that turned out to be none."""

    def sources(self) -> list[Path]:
        """The files that make up the table, in a fixed order.

        Raises:
            MissingDataError: there is none.
        """
        return [require_file(self.path)]

    @abstractmethod
    def rows(self, progress: Progress) -> Iterator[Row | Rejected]:
        """The records in the file's order.

        Raises:
            DataError, UnsafeFileError: the file as a whole is not of this format, or ends too
            early.
        """

    @abstractmethod
    def metric(self, name: str) -> Metric:
        """What the metric `name` of some row means: unit, direction, whether it took a training."""

    def settled(self, name: str, values: FloatArray) -> FloatArray:  # noqa: ARG002
        """The column of a metric (N,) or (N, n_repeats), when all rows are read."""
        return values


def refused(reader: Reader, row: Rejected) -> DataError:
    """The error for a file that must have no malformed row."""
    return DataError(f"{reader.path} {reader.counts} {row.number}: {row.reason}")
