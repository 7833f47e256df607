"""The picture of a search: its course, and predicted against measured or the Pareto front."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nasflow.running.files import atomic_write
from nasflow.search.known import FloatArray
from nasflow.search.report import better
from nasflow.search.results import Results
from nasflow.search.trial import Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TAIL = 0.75  # heights of the better three quarters that are shown below them
_MARGIN = 0.06  # of the height, above and below what is shown
_BLUE, _ORANGE, _GREY, _RED = "#1f77b4", "#e07b00", "#8a8a8a", "#c81e1e"
_DIAMETER = 5.0
_LONGEST_NAME = 40  # characters


def draw(path: Path, results: Results) -> None:
    """A PNG: the course of the search, and what was predicted or the Pareto front."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    # numbers near the end of the floats overflow in differences: the picture shows what it can
    with np.errstate(all="ignore"):
        _draw_course(left, results)
        if results.second is None:
            _draw_predictions(right, results)
        else:
            _draw_front(right, results)
        n_failed = f", {len(results.failed)} failures" if results.failed else ""
        title = f"{_plain(results.title)}: {len(results.done)} results{n_failed}"
        figure.suptitle(title)
        with atomic_write(path) as file:
            figure.savefig(file, format="png", dpi=120)


def _plain(name: str) -> str:
    """A name as it is: a dollar would begin a formula; and not too long."""
    name = name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
    return name.replace("$", r"\$")


def _draw_course(axes: Axes, results: Results) -> None:
    """Results and failures in the order of their proposal, with the best so far."""
    from matplotlib.ticker import MaxNLocator

    finished = [trial for trial in results.trials if trial.finished]
    place = {trial.number: i for i, trial in enumerate(finished, 1)}
    done = [trial for trial in finished if trial.state == "done"]
    low, high = _limits(_numbers(trial.value for trial in done), results.maximise)
    # where nothing else comes, as in random search, they begin nothing
    is_start = any(_kind(trial) == "proposed" for trial in finished)
    kinds = {
        "told": ("D", _GREY, "brought along"),
        "start": ("o", _ORANGE, "random start" if is_start else "drawn at random"),
        "proposed": ("o", _BLUE, "proposed"),
    }
    for kind, (marker, colour, label) in kinds.items():
        trials = [trial for trial in done if _kind(trial) == kind]
        if not trials:
            continue
        x = [place[trial.number] for trial in trials]
        y = _numbers(trial.value for trial in trials)
        axes.plot(x, y, marker, color=colour, markersize=_DIAMETER, label=label)
    if done:
        best = max if results.maximise else min
        values = [trial.value for trial in done if trial.value is not None]
        best_so_far = list(itertools.accumulate(values, best))
        # in steps, to the end: between two results nothing is better than the last
        steps = [*(place[trial.number] for trial in done), len(finished)]
        best_so_far.append(best_so_far[-1])
        axes.plot(
            steps,
            best_so_far,
            color=_BLUE,
            linewidth=1.2,
            drawstyle="steps-post",
            label="best so far",
        )
    _draw_beyond(axes, done, place, (low, high))
    if results.failed:
        x = [place[trial.number] for trial in results.failed]
        # at the foot, whatever the values are
        foot = axes.get_xaxis_transform()
        axes.plot(x, [0.02] * len(x), "x", color=_RED, transform=foot, label="failed")
    if low < high:
        axes.set_ylim(low, high)
    metric = _plain(results.metric)
    axes.set(
        xlabel="trainings, in the order of proposal",
        ylabel=f"{metric} ({better(results.maximise)})",
        title="Course of the search",
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if finished:
        axes.legend(fontsize="small")


def _kind(trial: Trial) -> str:
    """What a result is of: told, a random start, or a proposal of the strategy."""
    if trial.origin == "told":
        return "told"
    return "start" if trial.origin == "random" else "proposed"


def _draw_beyond(
    axes: Axes, done: Sequence[Trial], place: dict[int, int], limits: tuple[float, float]
) -> None:
    """Arrows at the edge for results that are too bad to be shown without squeezing the rest."""
    low, high = limits
    for marker, edge, is_beyond in (("v", 0.02, np.less), ("^", 0.98, np.greater)):
        bound = low if marker == "v" else high
        x = [place[t.number] for t in done if t.value is not None and is_beyond(t.value, bound)]
        if x and low < high:
            across = axes.get_xaxis_transform()
            label = f"worse than shown ({len(x)})"
            axes.plot(x, [edge] * len(x), marker, color=_GREY, transform=across, label=label)


def _limits(values: FloatArray, maximise: bool) -> tuple[float, float]:
    """What to show of values (n,): all, less what is far worse than the better three quarters.

    Both are 0 where nothing can be said.
    """
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return 0.0, 0.0
    gains = values if maximise else -values
    best, quarter = float(gains.max()), float(np.quantile(gains, 0.25))
    worst = max(float(gains.min()), quarter - _TAIL * (best - quarter))
    height = best - worst
    if not 0 < height < np.inf:
        return 0.0, 0.0
    low, high = worst - _MARGIN * height, best + _MARGIN * height
    return (low, high) if maximise else (-high, -low)


def _draw_predictions(axes: Axes, results: Results) -> None:
    """What was measured over what was predicted, with its standard deviation."""
    # random architectures were proposed without a prediction
    guessed = [trial for trial in results.done if trial.predicted is not None]
    if not guessed:
        # an empty frame would have numbers at its edges that mean nothing
        axes.set_axis_off()
        axes.text(0.5, 0.5, "nothing was predicted", ha="center", transform=axes.transAxes)
        return
    x = _numbers(trial.predicted for trial in guessed)
    y = _numbers(trial.value for trial in guessed)
    # some models predict a value alone
    deviations = np.array([trial.deviation or 0.0 for trial in guessed])
    axes.errorbar(
        x,
        y,
        xerr=deviations,
        fmt="o",
        color=_BLUE,
        ecolor="#9dbfd9",
        markersize=_DIAMETER,
        elinewidth=1.4,
        capsize=2,
    )
    # with the whole of the intervals, less those of what is too bad to be shown
    low, high = _limits(np.concatenate([x - deviations, x + deviations, y]), results.maximise)
    count = f"{len(guessed)}"
    if low < high:
        n_shown = int(((low <= x) & (x <= high) & (low <= y) & (y <= high)).sum())
        # what is cut off is said, since no arrow at the edge shows it
        if n_shown < len(guessed):
            count = f"{n_shown} of {len(guessed)} shown"
        # one scale for both: on the diagonal a prediction is right
        axes.plot([low, high], [low, high], color=_GREY, linewidth=1, label="as predicted")
        axes.set(xlim=(low, high), ylim=(low, high))
        axes.legend(fontsize="small")
    axes.set_box_aspect(1)
    metric = _plain(results.metric)
    axes.set(
        xlabel=f"predicted {metric}, ± a standard deviation",
        ylabel=f"measured {metric}",
        title=f"Predicted against measured ({count})",
    )


def _draw_front(axes: Axes, results: Results) -> None:
    """Both objectives, with the Pareto front as a line, and where better is."""
    front = sorted(results.front, key=lambda trial: trial.second or 0.0)
    on_front = {trial.number for trial in front}
    others = [trial for trial in results.done if trial.number not in on_front]
    axes.plot(
        _numbers(trial.second for trial in others),
        _numbers(trial.value for trial in others),
        "o",
        color=_GREY,
        markersize=_DIAMETER,
        label="others",
    )
    # corners on the side that is worse: up to the next point nothing better is known
    steps = "steps-pre" if results.second_maximise else "steps-post"
    axes.plot(
        _numbers(trial.second for trial in front),
        _numbers(trial.value for trial in front),
        "o-",
        color=_BLUE,
        markersize=_DIAMETER,
        drawstyle=steps,
        label="Pareto front",
    )
    low, high = _limits(_numbers(trial.value for trial in results.done), results.maximise)
    if low < high:
        axes.set_ylim(low, high)
    # an arrow into the better corner
    x = 0.96 if results.second_maximise else 0.04
    y = 0.96 if results.maximise else 0.04
    axes.annotate(
        "better",
        xy=(x, y),
        xytext=(x + (0.14 if x < 0.5 else -0.14), y + (0.12 if y < 0.5 else -0.12)),
        xycoords="axes fraction",
        ha="center",
        va="center",
        arrowprops={"arrowstyle": "->"},
    )
    second = _plain(results.second or "")
    axes.set(
        xlabel=f"{second} ({better(results.second_maximise)})",
        ylabel=f"{_plain(results.metric)} ({better(results.maximise)})",
        title=f"Pareto front ({len(front)})",
    )
    axes.legend(fontsize="small")


def _numbers(values: Iterable[float | None]) -> FloatArray:
    """(n,) float64: values to draw; NaN, which leaves a point out, where there is none."""
    return np.array(list(values), np.float64)
