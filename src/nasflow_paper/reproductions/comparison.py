"""`compare`: a page that sets our table beside the paper's, with paired differences and a verdict
that is counted.

Most reproductions are a few lines over this: what varies, on which spaces, which table of the
paper.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.stats

from nasflow.experiments.settings import SETTINGS
from nasflow.experiments.tables import Entry, by_method, paired, same_runs
from nasflow.experiments.tuned import tuned_options
from nasflow_paper.published import Number, published
from nasflow_paper.reproductions.base import Block, Page, ReproduceOptions, Table
from nasflow_paper.reproductions.variants import FLOOR, Measured, Variant, measure
from nasflow_paper.reproductions.verdict import Verdict, judge

NAMES = {"tau": "tau", "p1": "P@1%", "p5": "P@5%"}
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


def page_of(comparison: Comparison, measured: Measured, options: ReproduceOptions) -> Page:
    """The page on what was measured."""
    groups = list(dict.fromkeys(variant.group for variant in comparison.variants))
    sections: list[Block] = []
    verdicts: dict[tuple[str, str], Verdict] = {}
    for space in measured.datasets:
        sections.append(_about(space, measured))
        for group in groups:
            entries = measured.of(group, space)
            labels = [v.label for v in comparison.variants if v.group == group]
            if not any(entry["method"] in labels for entry in entries):
                continue
            sections.append(
                f"### {group}, {SETTINGS[space].title}\n\n{_options(measured, group, space)}"
            )
            paper = papers_numbers(comparison.tables, group, space)
            sections.append(Table(results(entries, paper, comparison.metrics)))
            if differences := compared(entries, comparison.pairs, paper):
                sections.append(Table(differences))
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
    blocks = [*comparison.notes, *_overview(verdicts), *sections, *_slips(comparison.tables)]
    return Page(comparison.title, "\n\n".join(parts), blocks, measured.entries, measured.manifest)


def papers_numbers(tables: Sequence[str], group: str, space: str) -> dict[str, dict[str, Number]]:
    """The paper's numbers for a part of some tables: by metric, then by label."""
    found: dict[str, dict[str, Number]] = {}
    for table in tables:
        for place, number in published(table).items():
            if (place.group, place.space) == (group, space):
                found.setdefault(place.metric, {})[place.method] = number
    return found


def results(
    entries: Sequence[Entry], paper: Mapping[str, Mapping[str, Number]], metrics: Sequence[str]
) -> list[list[str]]:
    """Header and a row for each method: ours, and the paper's beside it where the paper has the
    metric.
    """
    header, rows = ["method"], []
    for metric in metrics:
        header += [NAMES[metric], *(["paper"] if metric in paper else [])]
    for method, runs in by_method(entries).items():
        row = [method]
        for metric in metrics:
            row.append(_mean_std(runs, metric))
            if metric in paper:
                row.append(str(paper[metric].get(method, "")))
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
        if not same_runs(entries, better, worse):
            continue
        tau, p1 = (paired(entries, better, worse, metric) for metric in ("tau", "p1"))
        span = "-" if math.isnan(tau.low) else f"{100 * tau.low:+.1f} to {100 * tau.high:+.1f}"
        p = f"{wilcoxon(entries, better, worse):.3f}" if tau.n_runs > 1 else "-"
        row = [
            f"{better} - {worse}",
            f"{100 * tau.mean:+.1f}",
            span,
            p,
            f"{tau.n_better}/{tau.n_runs} runs",
            f"{100 * p1.mean:+.1f}",
        ]
        rows.append(
            row
            + [_papers_difference(paper.get(metric, {}), better, worse) for metric in ("tau", "p1")]
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
    if not any(row[-2] or row[-1] for row in rows):
        header, rows = header[:-2], [row[:-2] for row in rows]
    return [header, *rows] if rows else []


def wilcoxon(entries: Sequence[Entry], better: str, worse: str, metric: str = "tau") -> float:
    """Two-sided p of Wilcoxon's signed-rank test on the runs that both have; 1 where no two
    differ.
    """
    differences = [one[metric] - other[metric] for one, other in same_runs(entries, better, worse)]
    return float(scipy.stats.wilcoxon(differences).pvalue) if any(differences) else 1.0


def _mean_std(runs: Sequence[Entry], metric: str) -> str:
    values = 100 * np.array([run[metric] for run in runs])
    return f"{values.mean():.1f} ({values.std():.1f})"


def _papers_difference(numbers: Mapping[str, Number], better: str, worse: str) -> str:
    if better not in numbers or worse not in numbers:
        return ""
    return f"{numbers[better].mean - numbers[worse].mean:+.1f}"


def _about(space: str, measured: Measured) -> str:
    """A heading with the label, what of it differs from the paper's, and the sizes of the split."""
    setting, dataset = SETTINGS[space], measured.datasets[space]
    entries = [entry for entry in measured.entries if entry["space"] == space]
    metric = dataset.metric(entries[0]["metric"] if entries else setting.metric)
    text = (
        f"## {setting.title}\n\nLabel: `{metric.name}`, {metric.description}. Against the paper: "
        f"{setting.differs}. "
    )
    for n_train, n_validation, n_test in dict.fromkeys(
        (e["n_train"], e["n_validation"], e["n_test"]) for e in entries
    ):
        text += (
            f"{n_train} labels to train on, {n_validation} more to choose the epoch, {n_test:,} to"
            " test on. "
        )
    text += (
        "Options of each method were chosen on the validation rows by `nasflow tune`. "
        if tuned_options(space)
        else "Options are the package's defaults; they were not tuned. "
    )
    counts = sorted({len(runs) for runs in _by_row(entries).values()})
    if counts:
        text += (
            f"Runs of each row: {' to '.join(map(str, dict.fromkeys((counts[0], counts[-1]))))}."
        )
    return text


def _options(measured: Measured, group: str, space: str) -> str:
    """The encoder and the length of pre-training of a table's rows, where they have several values
    all of them.
    """
    rows = [
        options
        for place, options in measured.manifest.get("options", {}).items()
        if place.startswith(f"{group}, {space}, ") and options["method"] != FLOOR
    ]

    def values(stage: str, option: str, rows: list[Any]) -> str:
        return ", ".join(map(str, dict.fromkeys(row[stage][option] for row in rows)))

    trained = [row for row in rows if row["method"] != "none"]
    text = (
        f"Encoder: {values('encoder', 'name', rows)}, width {values('encoder', 'width', rows)},"
        f" layers {values('encoder', 'n_layers', rows)}; {values('fit', 'epochs', rows)} epochs of"
        " fine-tuning"
    )
    return text + (
        f", {values('pretrain', 'epochs', trained)} of pre-training." if trained else "."
    )


def _by_row(entries: Sequence[Entry]) -> dict[tuple[str, str], list[Entry]]:
    rows: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        if entry["method"] != FLOOR:
            rows.setdefault((entry["group"], entry["method"]), []).append(entry)
    return rows


def _overview(verdicts: Mapping[tuple[str, str], Verdict]) -> list[Block]:
    """A table with a line for each verdict: whether the paper's order by tau was found."""
    if not verdicts:
        return []
    rows = [
        [
            "",
            "space",
            "best here",
            "best in the paper",
            "pairs as in the paper",
            "clear here, of these as in the paper",
            "means within the paper's std",
        ]
    ]
    for (group, space), v in verdicts.items():
        clear = (
            f"{len(v.clear_same) + len(v.clear_other)}, {len(v.clear_same)}"
            if v.has_intervals
            else "-"
        )
        rows.append(
            [
                group,
                SETTINGS[space].title,
                v.here[0],
                v.paper[0],
                f"{v.n_same}/{v.n_pairs}",
                clear,
                f"{v.n_within}/{len(v.here)}",
            ]
        )
    n_best, n = sum(v.best_agrees for v in verdicts.values()), len(verdicts)
    n_same, n_pairs = (
        sum(getattr(v, name) for v in verdicts.values()) for name in ("n_same", "n_pairs")
    )
    against = [
        f"{difference} ({group}, {SETTINGS[space].title})"
        for (group, space), v in verdicts.items()
        for difference in v.clear_other
    ]
    text = (
        f"## Does the order agree?\n\nBy tau, the paper's best method is the best here in {n_best}"
        f" of {n} comparisons, and {n_same} of {n_pairs} pairs of methods, each on the runs that"
        " both have, stand as in the paper. "
        + (
            f"Clear here and against the paper: {'; '.join(against)}."
            if against
            else "No difference that is clear here contradicts the paper's order."
        )
    )
    return [text, Table(rows)]


def _slips(tables: Sequence[str]) -> list[Block]:
    """What is wrong with numbers marked [sic]."""
    slips = [
        f"* {p.group}, {p.method}, {p.metric} on {p.space}: {n.slip}."
        for table in tables
        for p, n in published(table).items()
        if n.slip
    ]
    return (
        ["Numbers of the paper marked [sic] are kept as printed:\n\n" + "\n".join(slips)]
        if slips
        else []
    )
