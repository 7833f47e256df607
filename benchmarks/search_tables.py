"""Tables and figures of simulated searches, from the journal that `search.py` keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.experiments.tables import markdown
from nasflow.running.files import atomic_write
from nasflow.search.comparison import FROM, STEPS, at_steps, gains_table, steps_at_or_above
from nasflow.search.simulation import along

FloatArray = npt.NDArray[np.float64]
Entry = dict[str, Any]


def percent(values: FloatArray) -> FloatArray:
    """Accuracies that a benchmark gives as fractions in per cent; others as they are."""
    return values * 100 if np.abs(values).max() <= 1 else values


def tests(entry: Entry) -> FloatArray:
    """(trainings,): after each training, the test result of the best so far by validation."""
    return percent(along(entry["course"], entry["trainings"]))


def results(
    name: str, of: Mapping[str, list[Entry]], optimum: float, best_valid: float | None
) -> str:
    """The table of one benchmark."""
    steps = [
        s for s in STEPS if s <= max(e["trainings"] for entries in of.values() for e in entries)
    ]
    rows = [
        ["strategy", *(f"@{s}" for s in steps), "best cell found after", "s a suggestion", "trials"]
    ]
    for strategy, entries in of.items():
        curves = np.stack([tests(e) for e in entries])
        ends = [e["course"][-1] for e in entries]
        found = [
            n if best_valid is not None and valid >= best_valid - 1e-9 else np.inf
            for n, valid, _ in ends
        ]
        rows.append(
            [
                strategy,
                *at_steps(curves, steps),
                (
                    "-"
                    if best_valid is None
                    else f"{np.median(found):.0f} ({np.isfinite(found).sum()}/{len(found)})"
                ),
                f"{np.mean([e['seconds'] for e in entries]):.3f}",
                str(len(entries)),
            ]
        )
    return (
        f"### {name}\n\nBest test result:"
        f" {percent(np.array([optimum]))[0]:.3f}.\n\n{markdown(rows)}"
    )


def paired(
    one: str, other: str, done: Mapping[str, Entry], name: str, trials: Sequence[int], budget: int
) -> str:
    """How far the test result of one strategy is above another's from the same starts, with 95 %
    intervals.
    """
    pairs = [
        (a, b)
        for t in trials
        if (a := done.get(f"{name} {one} {t} {budget}"))
        and (b := done.get(f"{name} {other} {t} {budget}"))
    ]
    if len(pairs) < 2:
        return ""
    gains = np.stack([tests(a) - tests(b) for a, b in pairs])
    rows = gains_table(one, other, gains, [s for s in STEPS if s <= gains.shape[1]])
    n_good, n_steps = steps_at_or_above(gains)
    return (
        f"{name}, {one} against {other}, {len(pairs)} starts in common. From {FROM} trainings on,"
        f" {one}'s mean regret is at or below {other}'s at {n_good} of {n_steps}"
        f" steps.\n\n{markdown(rows)}"
    )


def draw(path: Path, curves: dict[str, dict[str, FloatArray]]) -> None:
    """Mean regret against the number of trainings, a panel for each benchmark."""
    from matplotlib.figure import Figure

    columns = min(4, len(curves))
    figure = Figure(figsize=(4.5 * columns, 4.2 * -(-len(curves) // columns)), layout="constrained")
    panels = np.ravel(figure.subplots(-(-len(curves) // columns), columns))
    for axes in panels[len(curves) :]:
        axes.set_axis_off()
    for axes, (name, of) in zip(panels, curves.items(), strict=False):
        for strategy, regret in of.items():
            mean = regret.mean(axis=0)
            axes.plot(np.arange(1, len(mean) + 1), np.maximum(mean, 1e-3), label=strategy)
        axes.set(yscale="log", title=name, xlabel="trainings", ylabel="mean test regret")
        axes.legend(
            loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, fontsize=7
        )  # below: no line is hidden
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=100)
