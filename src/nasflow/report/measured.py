"""The tables: what each method reached, how methods differ run by run, and what it took."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from nasflow.errors import MissingDataError
from nasflow.experiments import tables
from nasflow.report.references import references
from nasflow.report.results import Results
from nasflow.report.section import (
    Data,
    Figure,
    Section,
    Table,
    axis,
    colours,
    layout,
    padded,
    plain,
)


def results_section(results: Results) -> Section:
    """The table of results: mean and deviation over each method's runs, others' numbers below."""
    header, *rows = tables.results_table(results.entries, results.pretraining_seconds)
    unit = f", {results.metric.unit}" if results.metric.unit else ""
    text = (
        f"tau, Spearman and P@K x100; RMSE in the label's unit{unit}. Mean (standard deviation)"
        " over the runs. Labels: those that a method trains on, and behind a + those that choose"
        " its epoch."
    )
    for reference in references(results):
        for row in rows:
            # behind the method's name and labels; a cell's further lines are shown small
            for i, metric in enumerate(tables.COLUMNS, start=2):
                number = reference.numbers.get((row[0], metric))
                if number:
                    row[i] += f"\n{reference.name} {number}"
        # what must be known to compare stands where the comparison is made
        text += f" {reference.remark}"
    return Section(text, [Table([header, *rows])])


def has_intervals(results: Results) -> bool:
    """Whether any method here says how sure it is."""
    return len(tables.intervals_table(results.entries)) > 1


def intervals_section(results: Results) -> Section:
    """How many test labels the intervals of each method that has some hold, and how wide they are.

    Raises:
        MissingDataError: no method here has intervals.
    """
    if not has_intervals(results):
        raise MissingDataError("no method here says how sure it is")
    unit = f", {results.metric.unit}" if results.metric.unit else ""
    text = (
        "How many test labels lie inside intervals of 50 and of 90 %, in %: the nearer to 50 and 90"
        " the better, and of two methods that are as near the one with the narrower intervals."
        " CRPS is the mean error of the whole distribution that is predicted: less is better. It"
        f" and widths are in the label's unit{unit}. Mean (standard deviation) over the runs; an"
        " interval that labels are too few for has no end, and no width here."
    )
    return Section(text, [Table(tables.intervals_table(results.entries))])


def differences_section(results: Results) -> Section:
    """Paired differences with their intervals, as a table and drawn.

    Raises:
        MissingDataError: no two methods have runs in common.
    """
    entries = results.entries
    # methods without a run in common were not measured on the same rows
    pairs = [
        pair
        for pair in tables.interesting_pairs(results.methods)
        if tables.same_runs(entries, *pair)
    ]
    if not pairs:
        raise MissingDataError(
            "no two methods here have a finished run on the same split with the same seed"
        )
    differences = [tables.paired(entries, *pair) for pair in pairs]
    halves: list[float | None] = []
    # the line that 0 is on belongs to the picture, and the ends of each interval
    ends = [0.0]
    for difference in differences:
        # JSON has no NaN; of one split there is no interval, and plotly.js draws none for null
        has_interval = not math.isnan(difference.high)
        half = round(100 * (difference.high - difference.mean), 2) if has_interval else None
        halves.append(half)
        middle = 100 * difference.mean
        ends += [middle - (half or 0.0), middle + (half or 0.0)]
    colour = colours(results.methods)
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [round(100 * difference.mean, 2) for difference in differences],
        "y": [plain(f"{difference.better} - {difference.worse}") for difference in differences],
        # one colour for all: plotly.js takes no list here, and complains on the console
        "error_x": {
            "type": "data",
            "array": halves,
            "thickness": 1.5,
            "width": 5,
            "color": "#555555",
        },
        "hoverinfo": "x+y",
        "marker": {"size": 9, "color": [colour[difference.better] for difference in differences]},
    }
    figure = Figure(
        "differences",
        [trace],
        layout(
            axis(
                "tau x100, 95 % interval",
                zeroline=True,
                zerolinecolor="#444444",
                range=padded(min(ends), max(ends)),
            ),
            # plotly.js draws the first one at the bottom; from high to low, it is on top as in the
            # table
            axis("", type="category", range=[len(pairs) - 0.5, -0.5]),
        ),
        height=90 + 34 * len(pairs),
    )
    n_splits = len({entry["split"] for entry in entries})
    text = (
        "Each run is compared with that of the other method on the same split with the same seed,"
        " x100. "
    )
    if n_splits > 1:
        text += (
            f"The interval is Student's t over the means of the {n_splits} splits: where it"
            " holds 0, the order of the two may be chance."
        )
    else:
        text += "There is one split, and so no interval."
    return Section(text, [Table(tables.differences_table(entries, pairs)), figure])


def seconds_section(results: Results) -> Section:
    """What each method took, as bars."""
    fit = {}
    for method, runs in tables.by_method(results.entries).items():
        fit[method] = float(np.mean([run["fit_seconds"] for run in runs]))
    pretraining = results.pretraining_seconds
    # a method without pre-training has a bar of length 0, so that both traces have all methods
    pretrain = {method: pretraining.get(method, 0.0) for method in fit}
    traces = [
        _bars("pre-training, once for all splits", pretrain, "#0b6fb8"),
        _bars("fine-tuning and prediction", fit, "#e0a458"),
    ]
    figure = Figure(
        "seconds",
        traces,
        layout(axis("seconds"), axis("", autorange="reversed", type="category"), barmode="stack"),
        height=130 + 34 * len(fit),
    )
    return Section("Wall-clock seconds on one core, means over pre-trainings and runs.", [figure])


def _bars(name: str, seconds: Mapping[str, float], colour: str) -> Data:
    """A bar for each method."""
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "y": [plain(method) for method in seconds],
        "x": [round(value, 2) for value in seconds.values()],
        "marker": {"color": colour},
        "hoverinfo": "x+name",
    }
