"""correlation: does the surrogate follow performance, and where does pre-training on it pay?

The norm of each raw surrogate and each of its components against the label: Pearson, Spearman and
Kendall, with percentile intervals over bootstrap resamples of the architectures. Then, on these and
more data sets, how much of the label the surrogate explains beyond counts of operations
(`explained`), beside what pre-training gained there (`flow_gain`, `agreement`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nasflow.datasets import open_dataset
from nasflow.experiments.defaults import default_options
from nasflow.experiments.manifest import about_dataset
from nasflow.experiments.pictures import drawing
from nasflow.experiments.stages import Stages
from nasflow.running.progress import progress_bar
from nasflow.statistics.metrics import kendall_tau, spearman
from nasflow.surrogate import FlowSurrogate, standardised
from nasflow_paper.questions.agreement import agreements_in_words
from nasflow_paper.questions.explained import Explained, explained
from nasflow_paper.questions.flow_gain import FlowGain, flow_gains
from nasflow_paper.questions.rows import ALL_ROWS, labelled_rows
from nasflow_paper.questions.spaces import SPACES
from nasflow_paper.reproductions.base import Block, Page, PageTable, Picture, ReproduceOptions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FloatArray = npt.NDArray[np.float64]

STATISTICS = {
    "Pearson": lambda x, y: float(np.corrcoef(x, y)[0, 1]),
    "Spearman": spearman,
    "Kendall": kendall_tau,
}

_DONE = (
    "The surrogate of every architecture, as pre-training on that space has it, against its label."
    " Intervals: 95 %, percentiles of {n_resamples} bootstrap resamples of the architectures."
)
_BEYOND_COUNTS = (
    "## Beyond counts of operations\n\n"
    "R^2 of ridge regression on normal scores of the label, on rows it was not fitted on, from"
    " counts of operations, from the surrogate, from both, and from the features of `gp`, the"
    " floor of every table (counts of operations, of joined pairs, and places); tau x100 of a"
    " Gaussian process on a few labels, mean of {n_draws} draws; and what pre-training gained in"
    " tau x100 at 1 % of the labels."
)
_NORM = (
    "* The norm goes with the label beyond chance in {n_clear} of {n} spaces, upwards in {n_up},"
    " downwards in {n_down}."
)
_BEST = (
    "* The component that follows best has |Spearman| {low:.2f} to {high:.2f} (least in {least},"
    " most in {most})."
)
_SHARES = (
    "* Beyond counts of operations the surrogate explains {low:.0f} to {high:.0f} % of the label's"
    " variance, beyond the floor's features {low_wiring:.0f} to {high_wiring:.0f} %."
)


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        return f"{self.value:+.2f} ({self.low:+.2f} to {self.high:+.2f})"


Correlations = Mapping[str, Estimate]
"""By the name of the statistic."""


def correlations(
    values: FloatArray, labels: FloatArray, n_resamples: int, seed: int = 0
) -> Correlations:
    """Pearson, Spearman and Kendall of two columns (N,), each with its 95 % percentile interval."""
    rng = np.random.default_rng(seed)
    resamples = [rng.integers(len(values), size=len(values)) for _ in range(n_resamples)]
    estimates = {}
    for name, statistic in STATISTICS.items():
        resampled = [statistic(values[rows], labels[rows]) for rows in resamples]
        low, high = np.percentile(resampled, [2.5, 97.5])
        estimates[name] = Estimate(statistic(values, labels), float(low), float(high))
    return estimates


def norm_and_components(raw: FloatArray) -> dict[str, FloatArray]:
    """The norm (N,) of raw surrogates (N, k), and those of their components that vary, from 1."""
    # up to rounding, which a correlation with a constant would be made of
    varies = np.ptp(raw, axis=0) > 1e-6 * np.abs(raw).max(axis=0)
    columns = {str(i + 1): raw[:, i] for i in np.flatnonzero(varies)}
    return {"norm": np.linalg.norm(raw, axis=1), **columns}


@dataclass(frozen=True)
class Followed:
    """How the surrogate of one space goes with the label."""

    by_column: Mapping[str, Correlations]
    """Of the norm and of every component that varies."""

    @property
    def norm(self) -> Estimate:
        """The rank correlation of the norm."""
        return self.by_column["norm"]["Spearman"]

    @property
    def best(self) -> str:
        """The component with the largest rank correlation."""
        components = [name for name in self.by_column if name != "norm"]
        return max(components, key=lambda name: abs(self.by_column[name]["Spearman"].value))

    @property
    def largest(self) -> float:
        """Its rank correlation, without the sign."""
        return abs(self.by_column[self.best]["Spearman"].value)


def correlation(options: ReproduceOptions) -> Page:
    """Surrogates against labels, and shares explained against gains of pre-training."""
    names = options.choose(tuple(SPACES))
    settings = {SPACES[name].source: SPACES[name] for name in names}
    gains = flow_gains()
    sources = [SPACES[name].source for name in names]
    if options.spaces is None and not options.quick:
        sources = list(dict.fromkeys([*sources, *gains]))
    n_resamples, n_draws, n_rows = (30, 2, 2000) if options.quick else (100, 10, ALL_ROWS)
    followed: dict[str, Followed] = {}
    measured: dict[str, Explained] = {}
    manifest = {}
    with progress_bar("correlation", len(sources), show=options.progress) as advance:
        for source in sources:
            setting = settings.get(source)
            dataset = open_dataset(source)
            metric = setting.metric if setting else dataset.metric().name
            # with this sign more is better everywhere
            labels = dataset.labels(metric) * (1 if dataset.metric(metric).maximise else -1)
            rows = labelled_rows(labels, n_rows)
            table, labels = dataset.table[rows], labels[rows]
            config = Stages().changed(default_options(source)).surrogate
            raw = FlowSurrogate(table.n_ops, config)(table)
            if setting:
                columns = norm_and_components(raw.double().numpy())
                by_column = {
                    name: correlations(column, labels, n_resamples)
                    for name, column in columns.items()
                }
                followed[setting.title] = Followed(by_column)
            # as many labels as a 1 % run has
            n_few = max(10, int(0.01 * (len(dataset) // 2)))
            surrogate = standardised(raw).double().numpy()
            measured[source] = explained(table, surrogate, labels, n_few, n_draws)
            manifest[source] = {
                **about_dataset(dataset, metric),
                "surrogate": config.to_dict(),
                "rows": len(rows),
            }
            advance(source)
    done = _DONE.format(n_resamples=n_resamples)
    if options.quick:
        done += f" A first look: {n_rows:,} rows."
    blocks: list[Block] = [
        "\n".join([*_verdict(followed, measured), *agreements_in_words(measured, gains)]),
        "## Norm, and the component that follows the label best",
        PageTable(_strongest_rows(followed)),
        Picture(
            "components",
            "rank correlation of the norm and of each component with the label, by space",
            partial(_draw, followed=followed, measured=measured, gains=gains),
        ),
        _BEYOND_COUNTS.format(n_draws=n_draws),
        PageTable(_explained_rows(measured, gains)),
        "## All components",
        PageTable(_all_rows(followed)),
    ]
    title = "Does the surrogate follow performance?"
    return Page(title, done, blocks, manifest={"spaces": manifest})


def _verdict(followed: Mapping[str, Followed], measured: Mapping[str, Explained]) -> list[str]:
    spaces = followed.values()
    best = {title: space.largest for title, space in followed.items()}
    least, most = min(best, key=best.__getitem__), max(best, key=best.__getitem__)
    beyond = [100 * e.beyond for e in measured.values()]
    beyond_wiring = [100 * e.beyond_wiring for e in measured.values()]
    return [
        "## Verdict",
        "",
        _NORM.format(
            n_clear=sum(space.norm.clear for space in spaces),
            n=len(spaces),
            n_up=sum(space.norm.value > 0 for space in spaces),
            n_down=sum(space.norm.value < 0 for space in spaces),
        ),
        _BEST.format(low=best[least], high=best[most], least=least, most=most),
        _SHARES.format(
            low=min(beyond),
            high=max(beyond),
            low_wiring=min(beyond_wiring),
            high_wiring=max(beyond_wiring),
        ),
    ]


def _row(title: str, column: str, estimates: Correlations) -> list[str]:
    return [title, column, *(str(estimates[name]) for name in STATISTICS)]


def _strongest_rows(followed: Mapping[str, Followed]) -> list[list[str]]:
    rows = [["space", "of the surrogate", *STATISTICS]]
    for title, space in followed.items():
        rows.append(_row(title, "norm", space.by_column["norm"]))
        rows.append(_row(title, f"component {space.best}", space.by_column[space.best]))
    return rows


def _all_rows(followed: Mapping[str, Followed]) -> list[list[str]]:
    rows = [["space", "component", *STATISTICS]]
    for title, space in followed.items():
        components = [name for name in space.by_column if name != "norm"]
        rows.extend(_row(title, name, space.by_column[name]) for name in components)
    return rows


def _explained_rows(
    measured: Mapping[str, Explained], gains: Mapping[str, FlowGain]
) -> list[list[str]]:
    rows = [
        [
            "data set",
            "R^2 counts",
            "R^2 surrogate",
            "R^2 both",
            "beyond counts",
            "R^2 floor's features",
            "beyond these",
            "few labels",
            "tau counts",
            "tau both",
            "gain of pre-training",
        ]
    ]
    for source, e in sorted(measured.items(), key=lambda item: -item[1].beyond):
        rows.append(
            [
                source,
                f"{e.counts:.2f}",
                f"{e.surrogate:.2f}",
                f"{e.both:.2f}",
                f"{e.beyond:+.2f}",
                f"{e.wiring:.2f}",
                f"{e.beyond_wiring:+.2f}",
                str(e.few_labels),
                f"{100 * e.few_counts:.1f}",
                f"{100 * e.few_both:.1f}",
                f"{gains[source].gain:+.1f}" if source in gains else "-",
            ]
        )
    return rows


def _draw(
    path: Path,
    followed: Mapping[str, Followed],
    measured: Mapping[str, Explained],
    gains: Mapping[str, FlowGain],
) -> None:
    with drawing(path, (1, 2), (12, 4.8), dpi=90) as (_, (left, right)):
        _draw_components(left, followed)
        _draw_gains(right, measured, gains)


def _draw_components(axes: Axes, followed: Mapping[str, Followed]) -> None:
    middles, titles = [], []
    start = 0.0
    for title, space in followed.items():
        estimates = [by_statistic["Spearman"] for by_statistic in space.by_column.values()]
        x = start + np.arange(len(estimates))
        value = np.array([e.value for e in estimates])
        below = [e.value - e.low for e in estimates]
        above = [e.high - e.value for e in estimates]
        span = np.abs([below, above])  # an interval of resamples can lie beside its value
        axes.errorbar(x, value, span, fmt="o", markersize=3, linewidth=1)
        axes.plot(x[:1], value[:1], "ks", markersize=5, fillstyle="none")
        middles.append(float(x.mean()))
        titles.append(title.replace("TransNAS-Bench-101", "TransNAS").replace("NAS-Bench", "NB"))
        # two places stay free between spaces
        start = x[-1] + 3
    axes.axhline(0, color="grey", linewidth=0.7)
    axes.set_xticks(middles, titles, rotation=20, ha="right")
    axes.set_ylabel("Spearman with the label")
    axes.set_title("norm (square) and components")


def _draw_gains(
    axes: Axes, measured: Mapping[str, Explained], gains: Mapping[str, FlowGain]
) -> None:
    for source in (source for source in measured if source in gains):
        point = (measured[source].beyond, gains[source].gain)
        axes.plot(*point, "o", color="tab:blue", markersize=4)
        axes.annotate(source, point, fontsize=7, xytext=(3, 3), textcoords="offset points")
    axes.axhline(0, color="grey", linewidth=0.7)
    axes.set_xlabel("share of the label's variance explained beyond counts of operations")
    axes.set_ylabel("tau x100 gained by pre-training")
    axes.set_title("where it pays")
