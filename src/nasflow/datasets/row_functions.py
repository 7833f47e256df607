"""`RowFunction`: numbers of each row of a table, computed part by part.

    for part in computed_parts(SurrogateRows(...), LongTable("archs.jsonl.gz")):
        file.write(part.data)

A part is read and computed by one worker; what comes back are the bytes of its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from nasflow.datasets.base import FloatArray
from nasflow.datasets.long_table import LongTable
from nasflow.datasets.parts import Part
from nasflow.errors import DataError, GraphError
from nasflow.graphs.table import ArchTable
from nasflow.running.in_order import in_order
from nasflow.running.matrix_files import Array, RawRows


class RowFunction(Protocol):
    """What is computed; small to send to a worker, with all that it needs to know beside a row."""

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The operations that may occur."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of numbers that it reads."""

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each number of a row."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the numbers, the same on all machines."""

    @property
    def rows_of_part(self) -> int:
        """How many rows are computed at once."""

    def __call__(self, table: ArchTable, columns: Mapping[str, FloatArray]) -> Array:
        """(N, len(names)): the numbers of each row, as far as the row alone tells."""

    def ended(self, raw: RawRows) -> Callable[[Array], Array]:
        """What makes of the numbers of some rows those that are wanted, once all rows are there."""


@dataclass(frozen=True)
class Computed:
    """What came of one part."""

    n_rows: int
    data: bytes
    """Row after row."""


def computed_parts(
    what: RowFunction,
    table: LongTable,
    first_row: int = 0,
    *,
    n_workers: int = 1,
    ray: str | None = None,
) -> Iterator[Computed]:
    """The numbers of the rows from `first_row` on, which begins a part, in their order.

    Raises:
        DataError, GraphError: a malformed row, which a user's table names by its line; a row of
            which there is no such number.
    """
    parts = table.parts(what.vocabulary, first_row, what.rows_of_part)
    return in_order(partial(_computed, what, table.source), parts, n_workers, ray=ray)


def _computed(what: RowFunction, source: str, part: Part) -> Computed:
    # errors of reading that are data's name lines of the file, or the file itself
    with part.counted(GraphError):
        table, columns = part.read_all(what.vocabulary, what.columns, source)
    with part.counted(GraphError, DataError):
        values = what(table, columns)
    return Computed(len(table), np.ascontiguousarray(values, what.dtype).tobytes())
