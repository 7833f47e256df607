"""correlation: does the surrogate follow performance, and does that tell where pre-training on it
pays?

The norm of each raw surrogate and each of its components against the label: Pearson, Spearman and
Kendall, with percentile intervals over bootstrap resamples of the architectures. Then, on these and
more data sets, how much of the label the surrogate explains beyond counts of operations
(`explained`), beside what pre-training gained there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.stats

from nasflow.datasets import open_dataset
from nasflow.experiments.defaults import default_options
from nasflow.experiments.manifest import about_dataset
from nasflow.experiments.pictures import drawing
from nasflow.experiments.stages import Stages
from nasflow.running.progress import progress_bar
from nasflow.statistics.metrics import kendall_tau, spearman
from nasflow.surrogate import FlowSurrogate, standardised
from nasflow_paper.questions.explained import Explained, explained
from nasflow_paper.questions.spaces import SPACES
from nasflow_paper.reproductions.base import Block, Page, Picture, ReproduceOptions, Table

FloatArray = npt.NDArray[np.float64]

# tau x100, flow - none at 1 % of the labels, by data set: docs/results/reproduce/table1.md and
# domains.md, and docs/results/spaces.md
WELL_MEASURED = {
    "nb101": 0.9,
    "nb201": 0.2,
    "nb301": 3.5,
    "transnas-micro": 0.5,
    "nasbench-macro": 3.4,
    "nbgraph-cora": 5.1,
}
"""Over six or nine runs."""
FLOW_GAIN = {
    **WELL_MEASURED,
    "nbgraph-citeseer": 1.9,
    "nbgraph-pubmed": 2.2,
    "nbgraph-cs": 2.2,
    "nbgraph-physics": 1.5,
    "nbgraph-photo": 1.2,
    "nbgraph-computers": 3.8,
    "nbgraph-arxiv": -2.9,
    "nbgraph-proteins": -1.4,
}
"""The others over three runs, one on each split: their intervals are several points wide."""
N_PERMUTATIONS = 10_000
STATISTICS = {
    "Pearson": lambda x, y: float(np.corrcoef(x, y)[0, 1]),
    "Spearman": spearman,
    "Kendall": kendall_tau,
}


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:+.2f} ({self.low:+.2f} to {self.high:+.2f})"


Correlations = Mapping[str, Estimate]
"""By the name of the statistic."""


def correlations(
    values: FloatArray, labels: FloatArray, n_resamples: int, seed: int = 0
) -> Correlations:
    """Pearson, Spearman and Kendall of two columns (N,), each with its 95 % percentile interval."""
    rng = np.random.default_rng(seed)
    rows = [rng.integers(len(values), size=len(values)) for _ in range(n_resamples)]
    found = {}
    for name, statistic in STATISTICS.items():
        low, high = np.percentile([statistic(values[r], labels[r]) for r in rows], [2.5, 97.5])
        found[name] = Estimate(statistic(values, labels), float(low), float(high))
    return found


def norm_and_components(raw: FloatArray) -> dict[str, FloatArray]:
    """The norm (N,) of raw surrogates (N, k), and those of their components that are not constant,
    from 1.
    """
    alive = np.ptp(raw, axis=0) > 1e-6 * np.abs(raw).max(axis=0)
    columns = {str(i + 1): raw[:, i] for i in np.flatnonzero(alive)}
    return {"norm": np.linalg.norm(raw, axis=1), **columns}


def correlation(options: ReproduceOptions) -> Page:
    """The page."""
    names = options.choose(tuple(SPACES))
    sources = [SPACES[name].source for name in names]
    if options.spaces is None and not options.quick:
        sources = list(dict.fromkeys([*sources, *FLOW_GAIN]))
    n_resamples, n_draws, n_rows = (30, 2, 2000) if options.quick else (100, 10, 10**9)
    followed: dict[str, dict[str, Correlations]] = {}
    measured: dict[str, Explained] = {}
    manifest = {}
    with progress_bar("correlation", len(sources), show=options.progress) as advance:
        for source in sources:
            name = next((name for name in names if SPACES[name].source == source), None)
            dataset = open_dataset(source)
            metric = SPACES[name].metric if name else dataset.metric().name
            config = Stages().changed(default_options(source)).surrogate
            labels = dataset.labels(metric) * (1 if dataset.metric(metric).maximise else -1)
            rows = np.flatnonzero(np.isfinite(labels))
            rows = np.sort(np.random.default_rng(0).permutation(rows)[:n_rows])
            raw = FlowSurrogate(dataset.table.n_ops, config)(dataset.table[rows])
            if name:
                followed[SPACES[name].title] = {
                    what: correlations(column, labels[rows], n_resamples)
                    for what, column in norm_and_components(raw.double().numpy()).items()
                }
            # as many labels as a 1 % run has
            n_few = max(10, int(0.01 * (len(dataset) // 2)))
            measured[source] = explained(
                dataset.table[rows],
                standardised(raw).double().numpy(),
                labels[rows],
                n_few,
                n_draws,
            )
            manifest[source] = {
                **about_dataset(dataset, metric),
                "surrogate": config.to_dict(),
                "rows": len(rows),
            }
            advance(source)
    done = (
        "The surrogate of every architecture, as pre-training on that space has it, against its"
        f" label. Intervals: 95 %, percentiles of {n_resamples} bootstrap resamples of the"
        " architectures." + (f" A first look: {n_rows:,} rows." if options.quick else "")
    )
    blocks: list[Block] = [
        _verdict(followed, measured),
        "## Norm, and the component that follows the label best",
        Table(_strongest(followed)),
        Picture(
            "components",
            "rank correlation of the norm and of each component with the label, by space",
            partial(_draw, followed=followed, measured=measured),
        ),
        (
            "## Beyond counts of operations\n\nR^2 of ridge regression on normal scores of the"
            " label, on rows it was not fitted on, from counts of operations, from the surrogate,"
            " from both, and from the features of `gp`, the floor of every table (counts of"
            " operations, of joined pairs, and places); tau x100 of a Gaussian process on a few"
            f" labels, mean of {n_draws} draws; and what pre-training gained in tau x100 at 1 % of"
            " the labels."
        ),
        Table(_explained_rows(measured)),
        "## All components",
        Table(_all_rows(followed)),
    ]
    return Page(
        "Does the surrogate follow performance?", done, blocks, manifest={"spaces": manifest}
    )


@dataclass(frozen=True)
class Agreement:
    """How a measure of data sets goes with the gains of pre-training on them."""

    n: int
    """Number of data sets."""
    spearman: float
    p: float
    """Two-sided, by permutation."""
    upper: float
    lower: float
    """Mean gain of the half where the measure is larger, and of the other."""
    p_halves: float
    """Two-sided, of their difference, by permutation."""


def agreement(values: FloatArray, gains: FloatArray) -> Agreement:
    """How a measure (n,) of some data sets goes with the gains (n,) of pre-training on them."""
    upper = np.argsort(np.argsort(values)) >= len(values) // 2
    sides = np.where(
        upper, 1 / upper.sum(), -1 / (~upper).sum()
    )  # times gains: the difference of the halves' means
    ranks = [scipy.stats.zscore(scipy.stats.rankdata(x)) / np.sqrt(len(x)) for x in (values, gains)]
    rng = np.random.default_rng(0)

    def p(weights: FloatArray, of: FloatArray) -> float:
        shuffled = rng.permuted(np.tile(of, (N_PERMUTATIONS, 1)), axis=1)
        as_large = np.abs(shuffled @ weights) >= abs(float(of @ weights)) - 1e-12
        return float((1 + as_large.sum()) / (1 + N_PERMUTATIONS))

    return Agreement(
        len(values),
        float(ranks[0] @ ranks[1]),
        p(ranks[0], ranks[1]),
        float(gains[upper].mean()),
        float(gains[~upper].mean()),
        p(sides, gains),
    )


def _strongest_component(found: Mapping[str, Correlations]) -> str:
    return max(
        (name for name in found if name != "norm"),
        key=lambda name: abs(found[name]["Spearman"].value),
    )


def _verdict(
    followed: Mapping[str, Mapping[str, Correlations]], measured: Mapping[str, Explained]
) -> str:
    clear = [
        title
        for title, found in followed.items()
        if found["norm"]["Spearman"].low > 0 or found["norm"]["Spearman"].high < 0
    ]
    signs = {title: np.sign(found["norm"]["Spearman"].value) for title, found in followed.items()}
    best = {
        title: abs(found[_strongest_component(found)]["Spearman"].value)
        for title, found in followed.items()
    }
    lines = [
        "## Verdict",
        "",
        (
            f"* The norm goes with the label beyond chance in {len(clear)} of {len(followed)}"
            f" spaces, upwards in {sum(s > 0 for s in signs.values())}, downwards in"
            f" {sum(s < 0 for s in signs.values())}."
        ),
        (
            f"* The component that follows best has |Spearman| {min(best.values()):.2f} to"
            f" {max(best.values()):.2f} (least in {min(best, key=lambda t: best[t])}, most in"
            f" {max(best, key=lambda t: best[t])})."
        ),
        (
            "* Beyond counts of operations the surrogate explains"
            f" {100 * min(e.beyond for e in measured.values()):.0f} to"
            f" {100 * max(e.beyond for e in measured.values()):.0f} % of the label's variance,"
            " beyond the floor's features"
            f" {100 * min(e.beyond_wiring for e in measured.values()):.0f} to"
            f" {100 * max(e.beyond_wiring for e in measured.values()):.0f} %."
        ),
    ]
    words = {
        "beyond": "the share explained beyond counts",
        "counts": "the share that counts explain by themselves",
        "beyond_wiring": "the share explained beyond the floor's features",
        "few_gain": "what it adds to a Gaussian process on few labels",
    }
    agreements: dict[str, Agreement] = {}
    for well, gains in (("", FLOW_GAIN), (" measured over six runs or more", WELL_MEASURED)):
        sources = [source for source in measured if source in gains]
        if len(sources) < 4 or (well and len(sources) == len(measured)):
            continue
        for of, what in words.items():
            values = np.array([getattr(measured[source], of) for source in sources])
            agreements[what + well] = a = agreement(
                values, np.array([gains[source] for source in sources])
            )
            lines.append(
                f"* {a.n} data sets{well}: Spearman between {what} and the gain of pre-training "
                f"{a.spearman:+.2f} (p = {a.p:.2f}); mean gain {a.upper:+.1f} in the upper half, "
                f"{a.lower:+.1f} in the lower (p = {a.p_halves:.2f}; both by permutation)."
            )
    if agreements:
        telling = min(
            agreements, key=lambda what: min(agreements[what].p, agreements[what].p_halves)
        )
        n_small = sum(p < 0.05 for a in agreements.values() for p in (a.p, a.p_halves))
        lines.append(
            f"* What tells best where pre-training pays is {telling}. Of {2 * len(agreements)}"
            f" tests {n_small} {'has' if n_small == 1 else 'have'} p < 0.05; by chance"
            f" {len(agreements) / 10:.1f} would."
        )
    return "\n".join(lines)


def _row(title: str, what: str, found: Correlations) -> list[str]:
    return [title, what, *(str(found[name]) for name in STATISTICS)]


def _strongest(followed: Mapping[str, Mapping[str, Correlations]]) -> list[list[str]]:
    rows = [["space", "of the surrogate", *STATISTICS]]
    for title, found in followed.items():
        best = _strongest_component(found)
        rows += [_row(title, "norm", found["norm"]), _row(title, f"component {best}", found[best])]
    return rows


def _all_rows(followed: Mapping[str, Mapping[str, Correlations]]) -> list[list[str]]:
    return [
        ["space", "component", *STATISTICS],
        *(
            _row(title, what, estimates)
            for title, found in followed.items()
            for what, estimates in found.items()
            if what != "norm"
        ),
    ]


def _explained_rows(measured: Mapping[str, Explained]) -> list[list[str]]:
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
                f"{FLOW_GAIN[source]:+.1f}" if source in FLOW_GAIN else "-",
            ]
        )
    return rows


def _draw(
    path: Path,
    followed: Mapping[str, Mapping[str, Correlations]],
    measured: Mapping[str, Explained],
) -> None:
    with drawing(path, (1, 2), (12, 4.8), dpi=90) as (_, (left, right)):
        ticks: list[tuple[float, str]] = []
        at = 0.0
        for title, found in followed.items():
            estimates: Sequence[Estimate] = [found[name]["Spearman"] for name in found]
            x = at + np.arange(len(estimates))
            value = np.array([e.value for e in estimates])
            span = np.array(
                [[e.value - e.low for e in estimates], [e.high - e.value for e in estimates]]
            )
            left.errorbar(x, value, np.abs(span), fmt="o", markersize=3, linewidth=1)
            left.plot(x[:1], value[:1], "ks", markersize=5, fillstyle="none")
            ticks.append(
                (
                    float(x.mean()),
                    title.replace("TransNAS-Bench-101", "TransNAS").replace("NAS-Bench", "NB"),
                )
            )
            at = x[-1] + 3
        left.axhline(0, color="grey", linewidth=0.7)
        left.set_xticks(
            [x for x, _ in ticks], [title for _, title in ticks], rotation=20, ha="right"
        )
        left.set_ylabel("Spearman with the label")
        left.set_title("norm (square) and components")
        for source, e in measured.items():
            if source in FLOW_GAIN:
                right.plot(e.beyond, FLOW_GAIN[source], "o", color="tab:blue", markersize=4)
                right.annotate(
                    source,
                    (e.beyond, FLOW_GAIN[source]),
                    fontsize=7,
                    xytext=(3, 3),
                    textcoords="offset points",
                )
        right.axhline(0, color="grey", linewidth=0.7)
        right.set_xlabel("share of the label's variance explained beyond counts of operations")
        right.set_ylabel("tau x100 gained by pre-training")
        right.set_title("where it pays")
