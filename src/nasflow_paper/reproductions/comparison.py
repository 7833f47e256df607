"""`compare`: a page with our table beside the paper's, paired differences and a counted verdict.

Most reproductions are a few lines over this: what varies, on which spaces, which table of the
paper.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.stats

from nasflow.experiments.settings import SETTINGS
from nasflow.experiments.tables import Entry, by_method, paired, same_runs
from nasflow_paper.published import Number, published
from nasflow_paper.reproductions.base import Block, Page, PageTable, ReproduceOptions
from nasflow_paper.reproductions.measured import MeasuredRuns, measure
from nasflow_paper.reproductions.sections import about, encoder_and_epochs, overview, slips
from nasflow_paper.reproductions.variants import Variant
from nasflow_paper.reproductions.verdict import Verdict, judge

NAMES = {"tau": "tau", "p1": "P@1%", "p5": "P@5%"}
# stands on every page: each may be read without the others
HOW = (
    "tau and P@K x100: mean (standard deviation over the runs). Differences are paired by split and"
    " seed; their 95 % interval is Student's t over the splits, p is Wilcoxon's signed-rank test"
    " over the runs (runs that share a split are not independent, so it flatters). `gp` is the"
    " floor, a Gaussian process on hand-made features. The epoch is chosen on 40 validation labels"
    " that the ratio does not count; the last epoch is chosen without them."
)


@dataclass(frozen=True)
class Comparison:
    """What a page compares."""

    title: str
    done: str
    """Markdown: what was done, and what of it differs from the paper."""
    variants: Sequence[Variant]
    spaces: Sequence[str]
    tables: Sequence[str] = ()
    """The paper's tables (names of `published`); none where it gives no numbers."""
    pairs: Sequence[tuple[str, str]] = ()
    """Labels whose runs are compared: better, worse."""
    metrics: Sequence[str] = ("tau", "p1", "p5")
    notes: Sequence[Block] = field(default=())
    """What comes before the tables."""


def compare(options: ReproduceOptions, comparison: Comparison) -> Page:
    """Measure the variants and write the page."""
    return page_of(comparison, measure(comparison.variants, comparison.spaces, options), options)


def page_of(comparison: Comparison, measured: MeasuredRuns, options: ReproduceOptions) -> Page:
    """The page on what was measured."""
    groups = list(dict.fromkeys(variant.group for variant in comparison.variants))
    sections: list[Block] = []
    verdicts: dict[tuple[str, str], Verdict] = {}
    for space in measured.datasets:
        sections.append(about(space, measured))
        for group in groups:
            entries = measured.of(group, space)
            labels = [v.label for v in comparison.variants if v.group == group]
            # the floor alone is no table: rows that were not asked for may have no run yet
            if not any(entry["method"] in labels for entry in entries):
                continue
            title = f"{group}, {SETTINGS[space].title}"
            sections.append(f"### {title}\n\n{encoder_and_epochs(measured, group, space)}")
            paper = papers_numbers(comparison.tables, group, space)
            sections.append(PageTable(results(entries, paper, comparison.metrics)))
            if differences := compared(entries, comparison.pairs, paper):
                sections.append(PageTable(differences))
            # tau is what all tables of the paper on prediction have
            verdict = judge(entries, paper["tau"], "tau") if "tau" in paper else None
            if verdict is not None:
                verdicts[group, space] = verdict
                sections.append(verdict.words("tau"))
    parts = [comparison.done, HOW, *measured.left_out]
    if options.quick:
        parts.append(
            "A first look (`--quick`): narrow encoders, a tenth of the architectures to pre-train"
            " on, few epochs. It shows that everything runs, not how good a method is."
        )
    blocks = [*comparison.notes, *overview(verdicts), *sections, *slips(comparison.tables)]
    return Page(comparison.title, "\n\n".join(parts), blocks, measured.entries, measured.manifest)


def papers_numbers(tables: Sequence[str], group: str, space: str) -> dict[str, dict[str, Number]]:
    """The paper's numbers for a part of some tables: by metric, then by label."""
    numbers: dict[str, dict[str, Number]] = {}
    for table in tables:
        for place, number in published(table).items():
            if (place.group, place.space) == (group, space):
                numbers.setdefault(place.metric, {})[place.method] = number
    return numbers


def results(
    entries: Sequence[Entry], paper: Mapping[str, Mapping[str, Number]], metrics: Sequence[str]
) -> list[list[str]]:
    """Header and a row for each method: ours, and the paper's beside it where it has the metric."""
    header = ["method"]
    for metric in metrics:
        header.append(NAMES[metric])
        if metric in paper:
            header.append("paper")
    rows = []
    for method, runs in by_method(entries).items():
        row = [method]
        # the floor, and what the paper did not measure, have an empty cell beside ours
        for metric in metrics:
            row.append(_mean_std(runs, metric))
            if metric in paper:
                row.append(str(paper[metric].get(method, "")))
        # without validation labels: what choosing the epoch does is seen beside it
        rows.append([*row, _mean_std(runs, "last_tau"), _mean_std(runs, "last_p1"), str(len(runs))])
    return [[*header, "tau, last epoch", "P@1%, last epoch", "runs"], *rows]


def compared(
    entries: Sequence[Entry],
    pairs: Sequence[tuple[str, str]],
    paper: Mapping[str, Mapping[str, Number]],
) -> list[list[str]]:
    """Header and a row for each pair that has runs in common; empty where none has."""
    rows = []
    for better, worse in pairs:
        # differences are paired by split and seed: rows without a run in common have none
        if not same_runs(entries, better, worse):
            continue
        tau = paired(entries, better, worse, "tau")
        p1 = paired(entries, better, worse, "p1")
        span = "-" if math.isnan(tau.low) else f"{100 * tau.low:+.1f} to {100 * tau.high:+.1f}"
        # a single run has no rank and a single split no interval
        p = f"{wilcoxon(entries, better, worse):.3f}" if tau.n_runs > 1 else "-"
        rows.append(
            [
                f"{better} - {worse}",
                f"{100 * tau.mean:+.1f}",
                span,
                p,
                f"{tau.n_better}/{tau.n_runs} runs",
                f"{100 * p1.mean:+.1f}",
                _papers_difference(paper.get("tau", {}), better, worse),
                _papers_difference(paper.get("p1", {}), better, worse),
            ]
        )
    header = [
        "difference",
        "tau",
        "95 % interval over splits",
        "p",
        "better in",
        "P@1%",
        "paper's tau",
        "paper's P@1%",
    ]
    if not rows:
        return []
    # no columns for a paper that has none of these pairs
    if not any(row[-2] or row[-1] for row in rows):
        return [row[:-2] for row in (header, *rows)]
    return [header, *rows]


def wilcoxon(entries: Sequence[Entry], better: str, worse: str, metric: str = "tau") -> float:
    """Two-sided p of Wilcoxon's signed-rank test on the runs that both have; 1 if none differ."""
    differences = [one[metric] - other[metric] for one, other in same_runs(entries, better, worse)]
    if not any(differences):  # SciPy drops those of 0, and would have nothing left
        return 1.0
    return float(scipy.stats.wilcoxon(differences).pvalue)


def _mean_std(runs: Sequence[Entry], metric: str) -> str:
    """Mean and standard deviation of a metric over runs, x100."""
    values = 100 * np.array([run[metric] for run in runs])
    return f"{values.mean():.1f} ({values.std():.1f})"


def _papers_difference(numbers: Mapping[str, Number], better: str, worse: str) -> str:
    """The difference of the paper's means; empty where it has not both."""
    if better not in numbers or worse not in numbers:
        return ""
    return f"{numbers[better].mean - numbers[worse].mean:+.1f}"
