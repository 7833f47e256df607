"""What a search shows while it runs.

On a terminal that is a live table; elsewhere a line for each finished training.
"""

from __future__ import annotations

import math
import statistics
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from nasflow.search.problem import Problem
from nasflow.search.short_notation import short_notations
from nasflow.search.trial import Trial
from nasflow.text import in_one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

_ROWS = 12  # the newest trials that the live table shows, below the best
_WIDTH = 48  # characters of an architecture, and of a reason


class View:
    """Shows a study on standard error; used in a `with` block.

    Args:
        problem: for notation and direction.
        budget, parallel: for the time left.
    """

    def __init__(self, problem: Problem, budget: int, parallel: int) -> None:
        self.problem, self.budget, self.parallel = problem, budget, parallel
        # numbers of the trials that have their line; None before the first look
        self._printed: set[int] | None = None
        self._live = None
        # a table that redraws itself would fill a log with control characters
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
            if trial.number in self._printed:
                continue
            self._printed.add(trial.number)
            line = f"{self.headline(trials)} | {self._line(trial)}"
            print(line, file=sys.stderr, flush=True)

    def table(self, trials: Sequence[Trial]) -> RenderableType:
        """The best trial and the newest as a table under a headline."""
        from rich.table import Table
        from rich.text import Text

        # as Text: rich takes square brackets of a name or a reason for markup otherwise, and an
        # operation `conv5[width=16]` or a reason `[/x]` is neither shown nor survived
        title = Text(self.headline(trials))
        # without lines between columns, for terminals of 80: numbers come first and whole, and the
        # architecture gives way
        table = Table(title=title, title_justify="left", expand=True, box=None, padding=(0, 1))
        for name in ("trial", "measured", "predicted"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("found by", no_wrap=True, max_width=12)
        table.add_column("seconds", justify="right", no_wrap=True)
        table.add_column("architecture", no_wrap=True, ratio=1)
        shown = self._shown(trials)
        styles = {"failed": "red", "asked": "yellow"}
        architectures = short_notations(self.problem.space, [trial.architecture for trial in shown])
        best = self._best(trials)
        for trial, architecture in zip(shown, architectures, strict=True):
            number, origin, expected, result, seconds = self.cells(trial)
            last = in_one_line(architecture)
            if trial.state == "failed":
                # what went wrong tells more than with what
                result, _, last = result.partition(": ")
            cells = (number, result, expected, origin, seconds, last)
            style = "bold green" if trial is best else styles.get(trial.state)
            table.add_row(*map(Text, cells), style=style)
        return table

    def _best(self, trials: Sequence[Trial]) -> Trial | None:
        """The best trial so far, if there is one."""
        done = [trial for trial in trials if trial.state == "done"]
        return best_first(self.problem.maximise, done)[0] if done else None

    def _shown(self, trials: Sequence[Trial]) -> list[Trial]:
        """The best trial so far, and the newest."""
        begun = [trial for trial in trials if trial.finished or trial.state == "asked"]
        best = self._best(trials)
        newest = [trial for trial in begun[-_ROWS:] if trial is not best]
        return newest if best is None else [best, *newest]

    def cells(self, trial: Trial) -> list[str]:
        """A trial as number, origin, predicted, measured, seconds."""
        seconds = trial.seconds
        if trial.state == "asked" and trial.started_at is not None:
            seconds = time.time() - trial.started_at
        return [
            str(trial.number),
            in_one_line(trial.origin),
            predicted(trial),
            measured(trial),
            "" if seconds is None else f"{seconds:.0f}",
        ]

    def headline(self, trials: Sequence[Trial]) -> str:
        """How far the search is: trainings of the budget, failures, best so far, seconds left."""
        # results that were brought along took no training of the budget
        ended = [trial for trial in trials if trial.finished and trial.origin != "told"]
        n_failed = sum(trial.state == "failed" for trial in ended)
        parts = [f"{len(ended)}/{self.budget}"]
        if n_failed:
            parts[0] += f" ({n_failed} failed)"
        values = [trial.value for trial in trials if trial.value is not None]
        if values:
            best = max(values) if self.problem.maximise else min(values)
            parts.append(f"best so far {best:.6g}")
        seconds = [trial.seconds for trial in ended if trial.seconds is not None]
        n_left = self.budget - len(ended)
        if seconds and n_left > 0:
            seconds_left = statistics.mean(seconds) * n_left / self.parallel
            parts.append(f"about {seconds_left:.0f} s left")
        return ", ".join(parts)

    def _line(self, trial: Trial) -> str:
        number, origin, expected, result, seconds = self.cells(trial)
        line = f"trial {number} ({origin}, {seconds} s): {result}"
        if expected:
            line += f", predicted {expected}"
        (architecture,) = short_notations(self.problem.space, [trial.architecture])
        return f"{line}  {shortened(architecture, _WIDTH)}"


def best_first(maximise: bool, trials: Sequence[Trial]) -> list[Trial]:
    """Trials by their values, the best first; of equal ones the earlier."""

    def key(trial: Trial) -> tuple[float, int]:
        value = math.nan if trial.value is None else trial.value
        return (-value if maximise else value, trial.number)

    return sorted(trials, key=key)


def predicted(trial: Trial) -> str:
    """What was expected, with its standard deviation; empty where nothing was."""
    if trial.predicted is None:
        return ""
    text = f"{trial.predicted:.4g}"
    return text if trial.deviation is None else f"{text} ±{trial.deviation:.2g}"


def measured(trial: Trial) -> str:
    """The value, or what stands in its place."""
    if trial.state == "done" and trial.value is not None:
        spread = "" if trial.spread is None else f" ±{trial.spread:.2g}"
        return f"{trial.value:.6g}{spread}"
    if trial.state == "failed":
        return "failed: " + shortened(trial.reason or "", _WIDTH)
    return "training" if trial.starts else "starting"


def shortened(text: str, width: int) -> str:
    """A text in one line, at most `width` characters of it."""
    line = in_one_line(text)
    return line if len(line) <= width else line[: width - 1] + "…"
