"""What a search shows while it runs: a live table on a terminal, a line for each finished training
elsewhere.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from nasflow.search.problem import Problem
from nasflow.search.trial import Trial

if TYPE_CHECKING:
    from rich.console import RenderableType

_ROWS = 12  # the newest trials that the live table shows
_WIDTH = 48  # characters of an architecture, and of a reason


class View:
    """Shows a study on standard error; used in a `with` block.

    Args:
        problem: for notation and direction.
        budget, parallel: for the time left.
    """

    def __init__(self, problem: Problem, budget: int, parallel: int) -> None:
        self.problem, self.budget, self.parallel = problem, budget, parallel
        self._printed: set[int] | None = (
            None  # trials that have their line; None before the first look
        )
        self._live = None
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), refresh_per_second=4)

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, trials: Sequence[Trial]) -> None:
        """Show the study as it now is."""
        if self._live is not None:
            self._live.update(self.table(trials))
            return
        finished = [t for t in trials if t.finished]
        if self._printed is None:  # what an earlier run did is not told again
            self._printed = {t.number for t in finished}
        for trial in finished:
            if trial.number not in self._printed:
                self._printed.add(trial.number)
                print(f"{self.headline(trials)} | {self._line(trial)}", file=sys.stderr, flush=True)

    def table(self, trials: Sequence[Trial]) -> RenderableType:
        """The newest trials as a table under a headline."""
        from rich.table import Table

        table = Table(title=self.headline(trials), title_justify="left", expand=True)
        for name, justify in (
            ("trial", "right"),
            ("architecture", "left"),
            ("found by", "left"),
            ("predicted", "right"),
            ("measured", "right"),
            ("seconds", "right"),
        ):
            table.add_column(name, justify=justify, no_wrap=name != "measured")  # type: ignore[arg-type]
        for trial in [t for t in trials if t.state != "planned"][-_ROWS:]:
            style = {"failed": "red", "asked": "yellow"}.get(trial.state)
            table.add_row(*self.cells(trial), style=style)
        return table

    def cells(self, trial: Trial) -> list[str]:
        """A trial as number, architecture, origin, predicted, measured, seconds."""
        seconds = trial.seconds
        if trial.state == "asked" and trial.started_at is not None:
            seconds = time.time() - trial.started_at
        return [
            str(trial.number),
            shortened(self.problem.space.format(trial.architecture), _WIDTH),
            trial.origin,
            predicted(trial),
            measured(trial),
            "" if seconds is None else f"{seconds:.0f}",
        ]

    def headline(self, trials: Sequence[Trial]) -> str:
        """How far the search is: trainings of the budget, failures, the best so far, seconds
        left.
        """
        ended = [t for t in trials if t.finished and t.origin != "told"]
        done = [t for t in trials if t.state == "done"]
        failed = sum(t.state == "failed" for t in ended)
        words = [f"{len(ended)}/{self.budget}" + (f" ({failed} failed)" if failed else "")]
        if done:
            values = [t.value for t in done if t.value is not None]
            words.append(f"best so far {(max if self.problem.maximise else min)(values):.6g}")
        seconds = [t.seconds for t in ended if t.seconds is not None]
        if seconds and len(ended) < self.budget:
            left = statistics.mean(seconds) * (self.budget - len(ended)) / self.parallel
            words.append(f"about {left:.0f} s left")
        return ", ".join(words)

    def _line(self, trial: Trial) -> str:
        number, architecture, origin, expected, result, seconds = self.cells(trial)
        return (
            f"trial {number} ({origin}, {seconds} s): {result}"
            + (f", predicted {expected}" if expected else "")
            + f"  {architecture}"
        )


def predicted(trial: Trial) -> str:
    """What was expected, with its standard deviation; empty where nothing was."""
    if trial.predicted is None:
        return ""
    return f"{trial.predicted:.4g}" + (
        "" if trial.deviation is None else f" ±{trial.deviation:.2g}"
    )


def measured(trial: Trial) -> str:
    """The value, or what stands in its place."""
    if trial.state == "done" and trial.value is not None:
        return f"{trial.value:.6g}"
    if trial.state == "failed":
        return "failed: " + shortened(trial.reason or "", _WIDTH)
    return "training" if trial.starts else "starting"


def shortened(text: str, width: int) -> str:
    """The first line of a text, at most `width` characters of it."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"
