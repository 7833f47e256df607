"""What a search leaves behind: a final table, a CSV of all trials, and a picture."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nasflow.running.files import atomic_write, write_text
from nasflow.search.known import FloatArray
from nasflow.search.problem import Problem
from nasflow.search.short_notation import short_notations
from nasflow.search.study import Study
from nasflow.search.trial import Trial
from nasflow.search.view import best_first, in_one_line, measured, predicted, shortened
from nasflow.text import aligned

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOP = 5  # trials of the final table: the winner, and those it won against
COLUMNS = (
    "trial",
    "state",
    "origin",
    "value",
    "predicted",
    "deviation",
    "seconds",
    "reason",
    "architecture",
)


def final_table(study: Study) -> str:
    """The best trials (with two objectives, those on the Pareto front), and the failures."""
    problem, trials = study.problem, study.trials()
    done = [trial for trial in trials if trial.state == "done"]
    failed = [trial for trial in trials if trial.state == "failed"]
    if not done:
        lines = ["no training gave a result"]
    elif problem.second is None:
        best = best_first(problem, done)[:TOP]
        lines = [f"{len(done)} results, the best {len(best)}:", "", _table(problem, best)]
    else:
        # all of it: which of them is best is for the reader to say
        front = best_first(problem, study.front())
        headline = (
            f"{len(done)} results, {len(front)} of them on the Pareto front (of what is measured"
            f" {better(problem.maximise)}, of {problem.second} {better(problem.second_maximise)}):"
        )
        lines = [headline, "", _table(problem, front)]
    # failures last and short: the CSV has the whole of each reason
    if failed:
        lines += ["", f"{len(failed)} failed:"]
        for trial in failed:
            reason = shortened(trial.reason or "", 200)  # it may hold the lines of an output
            lines.append(f"  trial {trial.number}: {reason}")
    return "\n".join(lines) + "\n"


def better(maximise: bool) -> str:
    """A direction in words."""
    return "more is better" if maximise else "less is better"


def _table(problem: Problem, trials: Sequence[Trial]) -> str:
    """Trials as aligned columns under a header."""
    second = [] if problem.second is None else [problem.second]
    rows = [["trial", "measured", *second, "predicted", "architecture"]]
    notations = short_notations(problem.space, [trial.architecture for trial in trials])
    for trial, notation in zip(trials, notations, strict=True):
        second = [] if trial.second is None else [f"{trial.second:.6g}"]
        # a gap in aligned text would be read as the end of the row
        expected = predicted(trial) or "-"
        row = [str(trial.number), measured(trial), *second, expected, in_one_line(notation)]
        rows.append(row)
    return aligned(rows)


def write_trials(path: Path, study: Study) -> None:
    """All finished trials as a CSV, atomically."""
    second = study.problem.second
    # the objectives side by side
    after_value = COLUMNS.index("value") + 1
    header = list(COLUMNS)
    if second:
        header.insert(after_value, second)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for trial in study.trials():
        # what is planned or under way has nothing to say yet
        if not trial.finished:
            continue
        row = [
            trial.number,
            trial.state,
            trial.origin,
            _number(trial.value),
            _number(trial.predicted),
            _number(trial.deviation),
            "" if trial.seconds is None else f"{trial.seconds:.3f}",
            trial.reason or "",
            study.problem.space.format(trial.architecture),
        ]
        if second:
            row.insert(after_value, _number(trial.second))
        writer.writerow(row)
    write_text(path, text.getvalue())


def _number(value: float | None) -> str:
    """A number for the CSV; empty where there is none."""
    return "" if value is None else f"{value:.8g}"


def draw(path: Path, study: Study) -> None:
    """A PNG: the course of the search, and what was predicted or the Pareto front."""
    from matplotlib.figure import Figure

    problem = study.problem
    done = [trial for trial in study.trials() if trial.state == "done"]
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_course(left, problem, done)
    if problem.second is None:
        _draw_predictions(right, done)
    else:
        front = {trial.number for trial in study.front()}
        _draw_front(right, problem, done, front)
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=120)


def _draw_course(axes: Axes, problem: Problem, done: Sequence[Trial]) -> None:
    """Results in the order of their proposal, with the best so far."""
    values = [trial.value for trial in done if trial.value is not None]
    better = max if problem.maximise else min
    best_so_far = list(itertools.accumulate(values, better))
    axes.plot(values, "o", markersize=4, label="measured")
    # in steps: between two results nothing is better than the last
    axes.plot(best_so_far, drawstyle="steps-post", label="best so far")
    axes.set(
        xlabel="results, in the order of proposal",
        ylabel="value",
        title=f"{problem.space.name}: {len(done)} results",
    )
    axes.legend()


def _draw_front(
    axes: Axes, problem: Problem, done: Sequence[Trial], front: AbstractSet[int]
) -> None:
    """Both objectives, with the trials of the Pareto front in another colour."""
    others = [trial for trial in done if trial.number not in front]
    on_front = [trial for trial in done if trial.number in front]
    for label, trials in (("others", others), ("Pareto front", on_front)):
        x = _numbers(trial.second for trial in trials)
        y = _numbers(trial.value for trial in trials)
        axes.plot(x, y, "o", markersize=4, label=label)
    axes.set(
        xlabel=f"{problem.second} ({better(problem.second_maximise)})",
        ylabel=f"value ({better(problem.maximise)})",
        title="Two objectives",
    )
    axes.legend()


def _draw_predictions(axes: Axes, done: Sequence[Trial]) -> None:
    """What was measured over what was predicted, with its standard deviation."""
    # random architectures were proposed without a prediction
    guessed = [trial for trial in done if trial.predicted is not None]
    x = _numbers(trial.predicted for trial in guessed)
    y = _numbers(trial.value for trial in guessed)
    # some models predict a value alone
    half_width = [trial.deviation or 0.0 for trial in guessed]
    axes.errorbar(x, y, xerr=half_width, fmt="o", markersize=4, elinewidth=0.5)
    title = f"Predicted against measured ({len(guessed)})"
    axes.set(xlabel="predicted", ylabel="measured", title=title)


def _numbers(values: Iterable[float | None]) -> FloatArray:
    """(n,) float64: values to draw; NaN, which leaves a point out, where there is none."""
    return np.array(list(values), np.float64)


def summary(trials: Sequence[Trial]) -> str:
    """One line: how many results, failures and seconds of training."""
    n_done = sum(trial.state == "done" for trial in trials)
    n_failed = sum(trial.state == "failed" for trial in trials)
    seconds = sum(trial.seconds or 0.0 for trial in trials)
    return f"{n_done} results, {n_failed} failures, {seconds:.0f} s of training"
