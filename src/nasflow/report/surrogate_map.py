"""The map of the flow surrogates: two principal components, coloured by rank, cells on hover."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.stats

from nasflow.experiments.pictures import principal_components
from nasflow.graphs.table import ArchTable
from nasflow.report.cells import pack_cells
from nasflow.report.results import Results
from nasflow.report.section import Figure, Section, axis, dot, layout, plain
from nasflow.surrogate import FlowSurrogate

MAX_POINTS = 16_000
"""The whole of NAS-Bench-201; more points take long to draw and hide each other."""

MAX_NUMBERS = 1_200_000
"""Of nodes and ends of edges: keeps the file below 6 MB whatever the size of the graphs."""


def map_section(results: Results) -> Section:
    """The map, and the cells under it.

    Raises:
        NasflowError: the data set is not at hand, or has changed.
    """
    dataset, metric, config = results.dataset, results.metric, results.surrogate
    labels = dataset.labels(metric.name)
    measured = np.flatnonzero(np.isfinite(labels))
    surrogate = FlowSurrogate(dataset.table.n_ops, config).targets(dataset.table[measured]).numpy()
    points, share = principal_components(surrogate.astype(np.float64))
    percentile = percentiles(labels[measured] * (1 if metric.maximise else -1))
    kept = sample(dataset.table, measured)
    rows, points, percentile = measured[kept], points[kept], percentile[kept]
    bar = {
        "title": {
            "text": plain(f"rank by {metric.name} (100 = best)"),
            "side": "top",
            "font": {"size": 13},
        },
        "orientation": "h",
        "y": 1.0,
        "yanchor": "bottom",
        "thickness": 10,
        "len": 0.9,
    }
    trace = {
        "type": "scattergl",
        "mode": "markers",
        "x": np.round(points[:, 0], 3).tolist(),
        "y": np.round(points[:, 1], 3).tolist(),
        "customdata": rows.tolist(),
        # what the page writes beside the drawn cell
        "meta": {
            "metric": metric.name,
            "unit": metric.unit,
            "labels": [float(f"{x:.5g}") for x in labels[rows]],
        },
        "hoverinfo": "none",
        "marker": {
            "size": dot(len(rows)),
            "opacity": 0.75,
            "color": np.round(percentile, 1).tolist(),
            "colorscale": "Viridis",
            "cmin": 0,
            "cmax": 100,
            "colorbar": bar,
        },
    }
    shown = f"all {len(rows):,}"
    if len(rows) < len(measured):
        shown = (
            f"{len(rows):,} of {len(measured):,}, drawn at random, since more would make this file"
            " slow"
        )
    text = (
        f"The surrogate that pre-training reconstructs (k = {config.k}, sigma = {config.sigma:g}),"
        " computed from the graphs alone, on its first two principal components; every point is an"
        f" architecture, {shown} that have a label. Where neighbours have one colour, the surrogate"
        " knows something about performance. Point at one to see its cell."
    )
    figure = Figure(
        "map",
        [trace],
        layout(
            axis(f"component 1 ({100 * share[0]:.0f} % of the variance)"),
            axis(f"component 2 ({100 * share[1]:.0f} %)"),
            hovermode="closest",
        ),
        height=520,
        cells=True,
    )
    return Section(text, [figure], cells=pack_cells(dataset.table, rows))


def percentiles(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(n,): the rank of each value, 0 the lowest, 100 the highest, the mean rank where equal."""
    ranks: npt.NDArray[np.float64] = scipy.stats.rankdata(values) - 1
    return 100 * ranks / max(1, len(values) - 1)


def sample(table: ArchTable, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(n,): ascending positions in `rows` that the map shows, drawn where the limits allow less."""
    numbers = len(table.ops) + 2 * table.edges.shape[1]
    n = min(MAX_POINTS, int(MAX_NUMBERS * len(table) / numbers))
    if len(rows) <= n:
        return np.arange(len(rows))
    return np.sort(np.random.default_rng(0).permutation(len(rows))[:n])
