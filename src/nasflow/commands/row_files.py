"""A file with numbers for each row of a table, however long: `features`, `surrogate`, `embed`.

Three passes, each part by part: through the table for what must be known of the whole, where
something must; through it again for the rows, which grow as raw numbers in `OUT.partial`; and
through these for the file itself, which may need all rows at once (standardising, ranks). After a
kill all goes on in the part where it was, the last pass from its beginning.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from nasflow.running.matrix_files import Array, Matrix, RawRows, write_matrix
from nasflow.running.progress import progress_bar
from nasflow.running.registry import code_stamps
from nasflow.running.unfinished import UnfinishedFile

if TYPE_CHECKING:
    from nasflow.datasets.long_table import LongTable
    from nasflow.datasets.row_functions import RowFunction
    from nasflow.features.survey import Survey


@dataclass(frozen=True)
class OnceSurveyed:
    """Numbers of rows that depend on what the whole table is."""

    make: Callable[[Survey], RowFunction]


@dataclass(frozen=True)
class RowFile:
    """What is asked for, and by whom it is done."""

    out: str
    array: str
    """The name of the matrix in an .npz."""
    title: str
    """Of the work, for its progress."""
    about: Mapping[str, Any]
    """What the numbers depend on beside the table, as JSON values."""
    jobs: int = 1
    ray: str | None = None
    has_names: bool = False
    """Whether an .npz has the names of the columns."""
    code: tuple[str | None, ...] = field(default=())
    """Names of what computes them; files of the user's own may be edited between two runs."""
    columns: tuple[str, ...] = field(default=())
    """The numbers of the table that are read."""


@dataclass(frozen=True)
class Written:
    """What came of it."""

    shape: tuple[int, int]
    seconds: float
    """Of this run, without the writing of the file."""
    n_computed: int
    """Rows of this run."""


def write_rows(order: RowFile, table: LongTable, what: RowFunction | OnceSurveyed) -> Written:
    """Write the numbers of all rows, or what an earlier run has left of it.

    Args:
        order: what is asked for.
        table: the rows.
        what: the numbers, or how to make them of the survey of the whole table.

    Raises:
        DataError, GraphError: a malformed row; the file was changed meanwhile.
        UnknownNameError: the table has no such column.
    """
    key = {
        # another version may compute other digits
        "nasflow": version("nasflow"),
        "archs": table.source,
        "files": table.stamp.files,
        "about": dict(order.about),
        "code": code_stamps(order.code),
    }
    started = time.perf_counter()
    with UnfinishedFile(order.out, key) as file:
        n_before = int(file.state.get("n_rows", 0))
        if n_before:
            print(f"going on behind the {n_before:,} rows of an earlier run", file=sys.stderr)
        n_all: int | None = None
        if isinstance(what, OnceSurveyed):
            survey = _surveyed(order, table, file)
            what, n_all = what.make(survey), survey.n_rows
        n_rows = _computed(order, table, what, file, n_all)
        table.stamp.check()
        # what follows takes minutes of a long table, and reads the rows from the disk
        file.save()
        seconds = time.perf_counter() - started
        raw = RawRows(file.partial, n_rows, len(what.names), what.dtype)
        _write(order, what, raw)
        file.discard()
    return Written((n_rows, len(what.names)), seconds, n_rows - n_before)


def _surveyed(order: RowFile, table: LongTable, file: UnfinishedFile) -> Survey:
    """The survey of the whole table."""
    from nasflow.features.survey import Survey, surveys

    state = file.state
    survey = Survey.from_state(state["survey"]) if "survey" in state else None
    if survey is not None and state["is_surveyed"]:
        return survey
    if survey is not None:
        print(
            f"going on behind the {survey.n_rows:,} rows that an earlier run looked through",
            file=sys.stderr,
        )
    seen = surveys(table, order.columns, survey, order.jobs, order.ray)
    with progress_bar(f"looking through {table.source}", None) as advance:
        for survey in seen:
            # no bytes, for the rows come later: of this pass the state is all there is
            file.add(b"", {"survey": survey.state(), "is_surveyed": False})
            advance(f"{survey.n_rows:,} rows")
    assert survey is not None  # a file without rows is in memory, or an error
    file.add(b"", {"survey": survey.state(), "is_surveyed": True})
    return survey


def _computed(
    order: RowFile, table: LongTable, what: RowFunction, file: UnfinishedFile, n_all: int | None
) -> int:
    """Compute what is not there yet; returns the number of rows."""
    from nasflow.datasets.row_functions import computed_parts

    # what an earlier pass has found stays, for a run that goes on here
    state = dict(file.state)
    n_rows = int(state.get("n_rows", 0))
    if state.get("is_computed"):
        return n_rows
    if table.dataset is not None:
        n_all = len(table.dataset)
    # the last part may be shorter
    total = None if n_all is None else -(-n_all // what.rows_of_part)
    parts = computed_parts(what, table, n_rows, n_workers=order.jobs, ray=order.ray)
    title = f"{order.title} {table.source}"
    with progress_bar(title, total, done=n_rows // what.rows_of_part) as advance:
        for part in parts:
            n_rows += part.n_rows
            file.add(part.data, {**state, "n_rows": n_rows})
            advance(f"{n_rows:,} rows")
    # then the table need not be read again to learn that nothing is left
    file.add(b"", {**state, "n_rows": n_rows, "is_computed": True})
    return n_rows


def _write(order: RowFile, what: RowFunction, raw: RawRows) -> None:
    """Make the file of the rows that were computed."""

    def blocks() -> Iterator[Array]:
        # looks at all rows, and so comes before the first of them is written
        end = what.ended(raw)
        n_done = 0
        with progress_bar(f"writing {order.out}", None) as advance:
            for block in raw.blocks():
                yield end(block).astype(what.dtype, copy=False)
                n_done += len(block)
                advance(f"{n_done:,} of {raw.n_rows:,} rows")

    shape = (raw.n_rows, raw.n_columns)
    matrix = Matrix(order.array, what.names, order.has_names, shape, what.dtype, blocks())
    write_matrix(order.out, matrix)
