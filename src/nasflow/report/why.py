"""Why two test rows are predicted as they are: effects of features, and the nearest labelled rows.

No fitted model is kept with results. What has no graph network is fitted anew, in seconds, on the
labelled rows of its first run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.stats

from nasflow.errors import DataError, MissingDataError
from nasflow.experiments.methods import method_of
from nasflow.experiments.protocol import split_of
from nasflow.experiments.records import RunRecord
from nasflow.experiments.stages import Stages
from nasflow.experiments.tables import Entry, by_method
from nasflow.options.protocol import ProtocolConfig
from nasflow.options.training import FitConfig
from nasflow.prediction.blend import Blend
from nasflow.prediction.explanation import Explanation
from nasflow.prediction.members.registry import FAST
from nasflow.prediction.proxy_ranks import take
from nasflow.report.cells import pack_cells
from nasflow.report.checks import object_in
from nasflow.report.results import Results
from nasflow.report.section import GREY, Data, Figure, Section, Table, axis, layout, plain

METHODS = ("blend-fast", "blend", "features+proxy", "trees", "features")
"""The methods that can say why, the best first."""
N_FEATURES, N_NEIGHBOURS = 8, 5
_RISES, _FALLS = "#0b6fb8", "#c8553d"
_REMEDY = "write it anew with nasflow evaluate"


@dataclass(frozen=True, eq=False)
class _Fitted:
    """A blend as the first run of a method had it, and what that run predicted."""

    method: str
    entry: Entry
    blend: Blend
    rows: npt.NDArray[np.int64]
    """(n,): the labelled rows, in the order in which the blend saw them."""
    record: RunRecord
    columns: tuple[str, ...]
    """The zero-cost columns that it reads."""


def explains(results: Results) -> bool:
    """Whether any method here can say why, and the manifest says which rows it had learnt from."""
    options = results.manifest.get("options")
    says = isinstance(options, dict) and "protocol" in options
    return says and any(method in METHODS for method in results.methods)


def why_section(results: Results) -> Section:
    """The test row that is predicted best, and the one that is missed most, explained.

    Raises:
        MissingDataError: no method here can say why; no predictions were kept.
        NasflowError: the data set is not at hand, or has changed; a damaged record.
    """
    fitted = _fitted(results)
    record, maximise = fitted.record, results.metric.maximise
    sign = 1.0 if maximise else -1.0
    # shares of the test rows that a row is above: by prediction, and by label
    predicted, true = (
        scipy.stats.rankdata(sign * values) / len(values)
        for values in (record.predicted, record.truth)
    )
    places = {
        "Predicted best": int(predicted.argmax()),
        "Missed most": int(np.abs(predicted - true).argmax()),
    }
    parts: dict[str, Section] = {}
    drawn: list[int] = []
    for number, (heading, place) in enumerate(places.items()):
        parts[heading], rows = _part(results, fitted, place, f"why{number}")
        drawn.extend(rows)
    learnt = "all members but its graph networks" if fitted.method == "blend" else fitted.method
    text = (
        f"Two test rows of the first run (split {fitted.entry['split']}, seed"
        f" {fitted.entry['seed']}), by {learnt}, fitted anew on its {len(fitted.rows)} labelled"
        " rows. An effect is how much the prediction is above what it would be, in the mean, if"
        " the row had that feature, or all features of that group, as a labelled row has them;"
        " effects need not add up. Point at a labelled row to see its cell beside the other."
    )
    cells = pack_cells(results.dataset.table, np.unique(drawn))
    return Section(text, cells=cells, parts=parts)


def _fitted(results: Results) -> _Fitted:
    """The best method that can say why, as its first run with predictions had it."""
    there = [method for method in METHODS if method in results.methods]
    if not there:
        raise MissingDataError("no method here can say why it predicts what it does")
    method, records = there[0], results.records
    of_method = by_method(results.entries)[method]
    entry = next((entry for entry in of_method if entry["key"] in records), None)
    if entry is None:
        raise MissingDataError(f"no run of {method} kept its predictions")
    record = records[entry["key"]]
    path = results.folder / "manifest.json"
    options = object_in(path, results.manifest, "options", _REMEDY)
    given = Stages(
        fit=FitConfig.from_dict(object_in(path, options, "fit", _REMEDY)),
        protocol=ProtocolConfig.from_dict(object_in(path, options, "protocol", _REMEDY)),
    )
    stages = given.changed(dict(options.get("per_method") or {}).get(method, {}))
    dataset, metric = results.dataset, str(options.get("metric", results.metric.name))
    metrics = tuple(dict.fromkeys([metric, results.metric.name]))
    split = split_of(dataset, metrics, int(entry["split"]), stages.protocol)
    rows = np.sort(np.concatenate([split.train, split.validation]))
    # otherwise the label of an explained row would explain it
    if not np.array_equal(np.sort(split.test), np.sort(record.rows)):
        raise DataError(
            f"the test rows of split {entry['split']} are not those that {path} says: {_REMEDY}"
        )
    described = method_of(method)
    columns = () if described.columns == "none" else stages.fit.proxies
    reference = {name: dataset.proxy(name) for name in columns}
    members = [member for member in described.members if member in FAST]
    blend = Blend(members, vocabulary=dataset.table.vocabulary, seed=int(entry["seed"]))
    labels = dataset.labels(metric)[rows]
    known = take(reference, rows) or None
    blend.fit(dataset.table[rows], labels, known, reference=reference or None)
    return _Fitted(method, entry, blend, rows, record, columns)


def _part(results: Results, fitted: _Fitted, place: int, name: str) -> tuple[Section, list[int]]:
    """A test row explained, and the rows whose cells are drawn.

    Args:
        results: the evaluation.
        fitted: what explains.
        place: of the row among the test rows.
        name: of the figures.
    """
    dataset, metric = results.dataset, results.metric
    row = int(fitted.record.rows[place])
    which = np.array([row])
    columns = take({name: dataset.proxy(name) for name in fitted.columns}, which) or None
    why = fitted.blend.explain(dataset.table[which], 0, columns)
    unit = f" {metric.unit}" if metric.unit else ""
    truth = float(fitted.record.truth[place])
    words = (
        f"Row {row}: predicted {why.prediction:.5g}{unit}, measured {truth:.5g}{unit}; the labelled"
        f" rows are predicted {why.mean:.5g}{unit} in the mean."
    )
    members = [f"{member} {value:.5g}" for member, value in why.members.items()]
    if len(members) > 1:
        words += f" The members alone: {', '.join(members)}."
    rows = [int(fitted.rows[near.row]) for near in why.neighbours[:N_NEIGHBOURS]]
    nearest = [["nearest labelled rows", f"{metric.name}{unit}", "distance"]]
    for number, near in zip(rows, why.neighbours, strict=False):
        nearest.append([f"row {number}", f"{near.label:.5g}", f"{near.distance:.2g}"])
    said = f"predicted {why.prediction:.5g}{unit}"
    figures = [
        _effects(f"{name}-effects", why, row, said, unit),
        _neighbours(f"{name}-near", why, rows, unit, metric.name),
    ]
    return Section(words, [*figures, Table(nearest)]), [row, *rows]


def _effects(name: str, why: Explanation, row: int, said: str, unit: str) -> Figure:
    """Bars: what each group of features does to the prediction, and the largest of all features."""
    groups = list(why.groups.items())
    features = []
    for each in why.features[:N_FEATURES]:
        told = f"{each.name} = {each.value:.3g} (mean {each.mean:.3g})"
        features.append((told, each.effect))
    traces: list[Data] = []
    for kind, effects in (("groups of features", groups), ("features", features)):
        names, values = [told for told, _ in effects], [effect for _, effect in effects]
        colours = [_RISES if value >= 0 else _FALLS for value in values]
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": kind,
                "showlegend": False,
                "y": [plain(told) for told in names],
                "x": [float(f"{value:.4g}") for value in values],
                "customdata": [row] * len(values),
                "meta": {"words": [said] * len(values)},
                "marker": {"color": colours, "opacity": 1.0 if kind != "features" else 0.6},
                "hoverinfo": "x",
            }
        )
    n_bars = len(groups) + len(features)
    shown = layout(
        axis(f"effect on the prediction{unit and f', {unit.strip()}'}"),
        # the first on top
        axis("", autorange="reversed", type="category"),
        hovermode="closest",
        bargap=0.25,
    )
    return Figure(name, traces, shown, height=90 + 26 * n_bars, cells=True)


def _neighbours(name: str, why: Explanation, rows: list[int], unit: str, metric: str) -> Figure:
    """Points: how far the nearest labelled rows are, and their labels; and the prediction."""
    near = why.neighbours[: len(rows)]
    trace = {
        "type": "scatter",
        "mode": "markers",
        "name": "labelled rows",
        "showlegend": False,
        "x": [float(f"{each.distance:.4g}") for each in near],
        "y": [float(f"{each.label:.5g}") for each in near],
        "customdata": rows,
        "meta": {"words": [f"labelled {each.label:.5g}{unit}" for each in near]},
        "marker": {"size": 11, "color": _RISES},
        "hoverinfo": "none",
    }
    line = {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": why.prediction,
        "y1": why.prediction,
        "line": {"color": GREY, "dash": "dot"},
    }
    shown = layout(
        axis("distance from the row", rangemode="tozero"),
        axis(f"{metric}{unit and f', {unit.strip()}'}"),
        hovermode="closest",
        shapes=[line],
    )
    return Figure(name, [trace], shown, height=260, cells=True)
