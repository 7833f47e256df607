"""Tables and figures of simulated searches, from the journal that `search.py` keeps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.stats

from nasflow.experiments.tables import markdown
from nasflow.running.files import atomic_write
from nasflow.search.comparison import FROM, STEPS, at_steps, gains_table, steps_at_or_above
from nasflow.search.simulation import along

FloatArray = npt.NDArray[np.float64]
Entry = dict[str, Any]

SUMMARY_STEPS = (30, 60, 100, 150)


def percent(values: FloatArray) -> FloatArray:
    """Accuracies that a benchmark gives as fractions in per cent; others as they are."""
    return values * 100 if np.abs(values).max() <= 1 else values


def tests(entry: Entry) -> FloatArray:
    """(trainings,): after each training, the test result of the best so far by validation."""
    return percent(along(entry["course"], entry["trainings"]))


def results(
    name: str,
    by_strategy: Mapping[str, list[Entry]],
    optimum: float,
    best_valid: float | None,
) -> str:
    """The table of one benchmark."""
    n_trainings = [e["trainings"] for entries in by_strategy.values() for e in entries]
    steps = [step for step in STEPS if step <= max(n_trainings)]
    at = [f"@{step}" for step in steps]
    rows = [["strategy", *at, "best cell found after", "s a suggestion", "trials"]]
    for strategy, entries in by_strategy.items():
        curves = np.stack([tests(entry) for entry in entries])  # (trials, trainings)
        seconds = np.mean([entry["seconds"] for entry in entries])
        rows.append(
            [
                strategy,
                *at_steps(curves, steps),
                found_after(entries, best_valid),
                f"{seconds:.3f}",
                str(len(entries)),
            ]
        )
    best_test = percent(np.array([optimum]))[0]
    return f"### {name}\n\nBest test result: {best_test:.3f}.\n\n{markdown(rows)}"


def found_after(entries: Sequence[Entry], best_valid: float | None) -> str:
    """Median number of trainings until the best is found, and how many trials find it at all."""
    if best_valid is None:
        return "-"
    found = []
    for entry in entries:
        # a course is of improvements alone, so its end is when the best of the trial was found
        n, valid, _ = entry["course"][-1]
        found.append(n if valid >= best_valid - 1e-9 else np.inf)
    return f"{np.median(found):.0f} ({np.isfinite(found).sum()}/{len(found)})"


def gains_of(
    one: str, other: str, done: Mapping[str, Entry], name: str, trials: Sequence[int], budget: int
) -> FloatArray:
    """(trials, trainings): how far one strategy is above another from the starts in common."""
    differences = []
    for trial in trials:
        better = done.get(f"{name} {one} {trial} {budget}")
        worse = done.get(f"{name} {other} {trial} {budget}")
        if better and worse:
            differences.append(tests(better) - tests(worse))
    return np.stack(differences) if differences else np.zeros((0, budget))


def in_all(
    one: str,
    others: Sequence[str],
    done: Mapping[str, Entry],
    names: Sequence[str],
    trials: Sequence[int],
    budget: int,
) -> str:
    """A line for each benchmark and rival: after how many trainings one strategy is ahead."""
    steps = [step for step in SUMMARY_STEPS if step <= budget]
    at = [f"above it @{step} (95 %)" for step in steps]
    rows = [["benchmark", "rival", *at, f"at or above from {steps[0]} on", "starts"]]
    for name in names:
        for other in others:
            gains = gains_of(one, other, done, name, trials, budget)
            if len(gains) < 2:
                continue
            half = scipy.stats.t.ppf(0.975, len(gains) - 1) * scipy.stats.sem(gains, axis=0)
            mean = gains.mean(axis=0)
            cells = [
                f"{mean[i]:+.3f} ({mean[i] - half[i]:+.3f} to {mean[i] + half[i]:+.3f})"
                for i in (step - 1 for step in steps)
            ]
            n_good, n_steps = steps_at_or_above(gains, steps[0])
            rows.append([name, other, *cells, f"{n_good} of {n_steps}", str(len(gains))])
    return f"### {one} against others\n\n{markdown(rows)}"


def paired(
    one: str, other: str, done: Mapping[str, Entry], name: str, trials: Sequence[int], budget: int
) -> str:
    """How far one strategy's test result is above another's from the same starts."""
    gains = gains_of(one, other, done, name, trials, budget)
    # one start has no interval
    if len(gains) < 2:
        return ""
    rows = gains_table(one, other, gains, [step for step in STEPS if step <= gains.shape[1]])
    n_good, n_steps = steps_at_or_above(gains)
    return (
        f"{name}, {one} against {other}, {len(gains)} starts in common. From {FROM} trainings on,"
        f" {one}'s mean regret is at or below {other}'s at {n_good} of {n_steps}"
        f" steps.\n\n{markdown(rows)}"
    )


def draw(path: Path, curves: dict[str, dict[str, FloatArray]]) -> None:
    """Mean regret against the number of trainings, a panel for each benchmark."""
    from matplotlib.figure import Figure

    columns = min(4, len(curves))
    rows = math.ceil(len(curves) / columns)
    figure = Figure(figsize=(4.5 * columns, 4.2 * rows), layout="constrained")
    panels = np.ravel(figure.subplots(rows, columns))
    for axes in panels[len(curves) :]:
        axes.set_axis_off()
    for axes, (name, by_strategy) in zip(panels, curves.items(), strict=False):
        for strategy, regret in by_strategy.items():
            mean = regret.mean(axis=0)
            # the axis is logarithmic, and the best may be found
            axes.plot(np.arange(1, len(mean) + 1), np.maximum(mean, 1e-3), label=strategy)
        axes.set(yscale="log", title=name, xlabel="trainings", ylabel="mean test regret")
        # below the panel, where it hides no line
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, fontsize=7)
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=100)
