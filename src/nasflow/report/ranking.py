"""How well the test rows are ranked: precision at every depth, and predicted against true ranks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.stats

from nasflow.experiments.records import RunRecord
from nasflow.experiments.tables import by_method
from nasflow.report.results import Results
from nasflow.report.section import (
    GREY,
    Data,
    Figure,
    Section,
    axis,
    band,
    colours,
    dot,
    layout,
    line_styles,
    lines,
    plain,
)
from nasflow.statistics.metrics import kendall_tau, precision_at

# 1 and 5 are those of the table
PERCENTS = (0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 4, 5, 7, 10, 14, 20)
MAX_RANKS = 2_000  # points of each method in the figure of ranks,
MAX_ALL_RANKS = 10_000  # and of all together: 250 kB


def precision_section(results: Results) -> Section:
    """P@K from K = 0.1 % to 20 %, mean and standard deviation over the runs of each method.

    Raises:
        MissingDataError, DataError: no predictions were kept; a damaged record.
    """
    records, styles = results.records, line_styles(results.methods)
    sign = 1 if results.metric.maximise else -1
    traces: list[Data] = []
    n_runs, highest = 0, float(PERCENTS[-1])
    for method, entries in by_method(results.entries).items():
        kept = [records[entry["key"]] for entry in entries if entry["key"] in records]
        if kept:
            n_runs += len(kept)
            curves = np.array([_precisions(record, sign) for record in kept])  # (runs, percents)
            mean, spread = np.round(curves.mean(axis=0), 2), np.round(curves.std(axis=0), 2)
            # of a share that is 0 or 100 in most runs the deviation reaches beyond both
            low, high = np.maximum(mean - spread, 0), np.minimum(mean + spread, 100)
            highest = max(highest, float(high.max()))
            colour, group = styles[method]["color"], plain(method)
            traces.append(band(method, PERCENTS, low.tolist(), high.tolist(), colour))
            traces.append(lines(method, PERCENTS, mean.tolist(), styles[method], legendgroup=group))
    # of K % drawn at random, K % are among the best K %
    dotted = {"color": GREY, "width": 1.5, "dash": "dot"}
    traces.append(lines("chance", PERCENTS, PERCENTS, dotted))
    ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20]
    figure = Figure(
        "precision",
        traces,
        layout(
            axis(
                "K, % of the test rows",
                type="log",
                tickvals=ticks,
                ticktext=[f"{tick:g}" for tick in ticks],
            ),
            axis("P@K x100", range=[0, 1.05 * highest]),
            hovermode="x unified",
        ),
    )
    text = (
        "Of the truly best K % of the test rows, the share that is among the predicted best K %:"
        f" mean over {_some(n_runs, len(results.entries))}, the shade one standard deviation either"
        f" way. {_depth(results)} Click a name to hide it, double-click to see it alone."
    )
    return Section(text, [figure])


def ranks_section(results: Results) -> Section:
    """Predicted against true rank in the first run of each method.

    Raises:
        MissingDataError, DataError: no predictions were kept; a damaged record.
    """
    records, colour = results.records, colours(results.methods)
    traces: list[Data] = []
    n_test, most = 0, min(MAX_RANKS, MAX_ALL_RANKS // len(results.methods))
    for method, entries in by_method(results.entries).items():
        first = next((entry for entry in entries if entry["key"] in records), None)
        # runs made before predictions were kept have no record
        if first is None:
            continue
        record = records[first["key"]]
        # methods may have test sets of different sizes; the dotted line must reach all
        n_test = max(n_test, len(record.rows))
        true = _ranks(record.truth, results.metric.maximise)
        predicted = _ranks(record.predicted, results.metric.maximise)
        # one seed for all methods, so that their figures show the same rows
        kept = np.sort(np.random.default_rng(0).permutation(len(true))[:most])
        tau = 100 * kendall_tau(record.predicted, record.truth)
        traces.append(
            {
                "type": "scattergl",
                "mode": "markers",
                "name": plain(f"{method} (tau {tau:.1f})"),
                "x": true[kept].tolist(),
                "y": predicted[kept].tolist(),
                "customdata": record.rows[kept].tolist(),
                "marker": {"size": dot(len(kept)), "opacity": 0.6, "color": colour[method]},
                "hoverinfo": "x+y",
                # one at a time: clouds that lie on each other show nothing
                "visible": True if not traces else "legendonly",
            }
        )
    diagonal = {
        "type": "line",
        "x0": 1,
        "y0": 1,
        "x1": n_test,
        "y1": n_test,
        "line": {"color": GREY, "dash": "dot"},
    }
    figure = Figure(
        "ranks",
        traces,
        layout(
            axis("true rank (1 = best)"),
            axis("predicted rank"),
            hovermode="closest",
            shapes=[diagonal],
            legend={"itemclick": "toggleothers"},
        ),
        height=520,
        cells=True,
    )
    shown = (
        "all test rows" if n_test <= most else f"{most:,} of {n_test:,} test rows, drawn at random"
    )
    text = (
        f"The first run of each method (split {results.entries[0]['split']}, seed"
        f" {results.entries[0]['seed']}), {shown}; on the dotted line the prediction is right."
        " Click a name to see that method."
    )
    return Section(text, [figure])


def _precisions(record: RunRecord, sign: int) -> list[float]:
    """P@K x100 of a run for each of `PERCENTS`."""
    predicted, true = sign * record.predicted, sign * record.truth
    return [100 * precision_at(predicted, true, percent) for percent in PERCENTS]


def _ranks(values: npt.NDArray[np.float32], maximise: bool) -> npt.NDArray[np.float64]:
    """(n,): 1 for the best; equal values share their mean rank."""
    ranks: npt.NDArray[np.float64] = scipy.stats.rankdata(-values if maximise else values)
    return ranks


def _some(n: int, total: int) -> str:
    return f"the {n} runs" if n == total else f"the {n} of {total} runs that kept their predictions"


def _depth(results: Results) -> str:
    n_test = results.entries[0]["n_test"]
    return f"K = 0.1 % is {max(1, int(n_test * 0.1 / 100))} of {n_test:,} test rows."
