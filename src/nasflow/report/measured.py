"""The tables: what each method reached, how methods differ run by run, and what it took."""

from __future__ import annotations

import math

import numpy as np

from nasflow.errors import MissingDataError
from nasflow.experiments import tables
from nasflow.report.references import references
from nasflow.report.results import Results
from nasflow.report.section import Figure, Section, Table, axis, colours, layout, plain


def results_section(results: Results) -> Section:
    """The table of results: mean and standard deviation over the runs of each method, reference
    numbers below.
    """
    header, *rows = tables.results_table(results.entries, results.pretraining_seconds)
    unit = f", {results.metric.unit}" if results.metric.unit else ""
    text = (
        f"tau, Spearman and P@K x100; RMSE in the label's unit{unit}. Mean (standard deviation)"
        " over the runs."
    )
    for reference in references(results):
        for row in rows:
            for i, metric in enumerate(
                tables.COLUMNS, start=1
            ):  # the columns behind the method's name
                number = reference.numbers.get((row[0], metric))
                if number:
                    row[i] += f"\n{reference.name} {number}"
        text += f" {reference.remark}"
    return Section(text, [Table([header, *rows])])


def differences_section(results: Results) -> Section:
    """Paired differences with their intervals, as a table and drawn.

    Raises:
        MissingDataError: no two methods have runs in common.
    """
    entries = results.entries
    pairs = [
        pair
        for pair in tables.interesting_pairs(results.methods)
        if tables.same_runs(entries, *pair)
    ]
    if not pairs:
        raise MissingDataError(
            "no two methods here have a finished run on the same split with the same seed"
        )
    found = [tables.paired(entries, *pair) for pair in pairs]
    halves = [None if math.isnan(d.high) else round(100 * (d.high - d.mean), 2) for d in found]
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [round(100 * d.mean, 2) for d in found],
        "y": [plain(f"{d.better} - {d.worse}") for d in found],
        "error_x": {"type": "data", "array": halves, "thickness": 1.5, "width": 5},
        "hoverinfo": "x+y",
        "marker": {"size": 9, "color": [colours(results.methods)[d.better] for d in found]},
    }
    figure = Figure(
        "differences",
        [trace],
        layout(
            axis("tau x100, 95 % interval", zeroline=True, zerolinecolor="#444444"),
            axis("", autorange="reversed", type="category"),
        ),
        height=90 + 34 * len(pairs),
    )
    n_splits = len({entry["split"] for entry in entries})
    text = (
        "Each run is compared with that of the other method on the same split with the same seed,"
        f" x100. The interval is Student's t over the means of the {n_splits} splits: where it"
        " holds 0, the order of the two may be chance."
        if n_splits > 1
        else (
            "Each run is compared with that of the other method on the same split with the same"
            " seed, x100. There is one split, and so no interval."
        )
    )
    return Section(text, [Table(tables.differences_table(entries, pairs)), figure])


def seconds_section(results: Results) -> Section:
    """What each method took, as bars."""
    fit = {
        method: float(np.mean([run["fit_seconds"] for run in runs]))
        for method, runs in tables.by_method(results.entries).items()
    }
    names = [plain(method) for method in fit]
    pretrain = results.pretraining_seconds
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "y": names,
            "x": [round(value, 2) for value in values],
            "marker": {"color": colour},
            "hoverinfo": "x+name",
        }
        for name, values, colour in (
            (
                "pre-training, once for all splits",
                [pretrain.get(method, 0.0) for method in fit],
                "#0b6fb8",
            ),
            ("fine-tuning and prediction", list(fit.values()), "#e0a458"),
        )
    ]
    figure = Figure(
        "seconds",
        traces,
        layout(axis("seconds"), axis("", autorange="reversed", type="category"), barmode="stack"),
        height=130 + 34 * len(fit),
    )
    return Section("Wall-clock seconds on one core, means over pre-trainings and runs.", [figure])
