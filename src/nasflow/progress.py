"""Progress bars for long work, on standard error, only where a person looks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

Advance = Callable[[str], None]


@contextlib.contextmanager
def progress_bar(title: str, total: int, *, done: int = 0, show: bool = True) -> Iterator[Advance]:
    """A function to call after each of `total` steps, with a few words on how it went (a loss, a name).

    Args:
        title: what is going on.
        total: number of steps.
        done: steps that an earlier run has made.
        show: False for no output at all. A bar is drawn on a terminal only; elsewhere nothing is printed.
    """
    if not show:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.fields[note]}"))
    with Progress(*columns, console=Console(stderr=True), transient=False) as bars:
        bar = bars.add_task(title, total=total, completed=done, note="")
        yield lambda note: bars.update(bar, advance=1, note=note)
