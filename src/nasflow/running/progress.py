"""Progress of long work, on standard error: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

Advance = Callable[[str], None]
SECONDS_BETWEEN_LINES = 30.0


@contextlib.contextmanager
def progress_bar(
    title: str, total: int | None, *, done: int = 0, show: bool = True
) -> Iterator[Advance]:
    """A function to call after each of `total` steps with a few words on it (a loss, a name).

    Args:
        title: what is going on.
        total: number of steps; None where nobody knows.
        done: steps that an earlier run has made.
        show: False for no output at all.
    """
    if not show:
        yield lambda _: None
    elif sys.stderr.isatty():
        yield from _bar(title, total, done)
    else:
        yield _lines(title, total, done)


def _bar(title: str, total: int | None, done: int) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        bar = bars.add_task(title, total=total, completed=done, note="")
        yield lambda note: bars.update(bar, advance=1, note=note)


def _lines(title: str, total: int | None, done: int) -> Advance:
    """For logs: a line at most every half minute, so that short work prints none."""
    last = time.monotonic()

    def advance(note: str) -> None:
        nonlocal done, last
        done += 1
        if time.monotonic() - last > SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            steps = "" if total is None else f"{done}/{total} "
            print(f"{title}: {steps}{note}", file=sys.stderr, flush=True)

    return advance
