"""Tables of results: mean (standard deviation) over runs, differences paired by split and seed.

Spreads over splits are large, so two methods are compared by the differences of their runs on the
same split with the same seed. The interval is Student's t over the means of the splits: runs that
share a split share its labelled architectures and are not independent.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.stats

from nasflow.running.files import write_text

Entry = Mapping[str, Any]

COLUMNS = {
    "tau": "tau",
    "spearman": "Spearman",
    "p1": "P@1%",
    "p5": "P@5%",
    "rmse": "RMSE",
    "last_tau": "tau, last epoch",
    "last_p1": "P@1%, last epoch",
}
_IN_HUNDREDTHS = {"tau", "spearman", "p1", "p5", "last_tau", "last_p1"}


@dataclass(frozen=True)
class Difference:
    """How much better one method is than another, run by run."""

    better: str
    worse: str
    metric: str
    mean: float
    low: float
    high: float
    n_better: int
    n_runs: int

    @property
    def clear(self) -> bool:
        """Whether its interval leaves out 0."""
        return self.low > 0 or self.high < 0


def by_method(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """The entries of each method, methods in their first order."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry["method"], []).append(entry)
    return groups


def same_runs(entries: Sequence[Entry], better: str, worse: str) -> list[tuple[Entry, Entry]]:
    """The runs of `better`, each with that of `worse` on the same split with the same seed; empty
    where none match.

    The Gaussian process has no seed of its own: its one run on a split stands for all.
    """
    runs = by_method(entries)
    other = {(e["split"], e["seed"]): e for e in runs.get(worse, ())}
    once = {e["split"]: e for e in runs.get(worse, ())} if worse == "gp" else {}
    pairs = [
        (e, other.get((e["split"], e["seed"]), once.get(e["split"]))) for e in runs.get(better, ())
    ]
    return [(e, base) for e, base in pairs if base is not None]


def paired(entries: Sequence[Entry], better: str, worse: str, metric: str = "tau") -> Difference:
    """The paired difference of two methods, with a 95 % interval over the splits (NaN with a single
    split).

    They must have runs in common (`same_runs`).
    """
    differences: dict[int, list[float]] = {}
    for e, base in same_runs(entries, better, worse):
        differences.setdefault(e["split"], []).append(e[metric] - base[metric])
    means = np.array([np.mean(values) for values in differences.values()])
    flat = [value for values in differences.values() for value in values]
    half = math.nan
    if len(means) > 1:
        half = float(
            scipy.stats.t.ppf(0.975, len(means) - 1) * means.std(ddof=1) / math.sqrt(len(means))
        )
    mean = float(np.mean(flat))
    return Difference(
        better, worse, metric, mean, mean - half, mean + half, sum(d > 0 for d in flat), len(flat)
    )


def results_table(
    entries: Sequence[Entry], pretraining_seconds: Mapping[str, float]
) -> list[list[str]]:
    """Header and a row for each method; tau, Spearman and P@K x100, mean (std, ddof 0)."""
    rows = [["method", *COLUMNS.values(), "pre-train s", "fit s", "runs"]]
    for method, runs in by_method(entries).items():
        cells = [method]
        for name in COLUMNS:
            factor, digits = (100, 1) if name in _IN_HUNDREDTHS else (1, 3)
            values = factor * np.array([run[name] for run in runs])
            cells.append(f"{values.mean():.{digits}f} ({values.std():.{digits}f})")
        fit = np.mean([run["fit_seconds"] for run in runs])
        rows.append(
            [*cells, f"{pretraining_seconds.get(method, 0.0):.0f}", f"{fit:.1f}", str(len(runs))]
        )
    return rows


def differences_table(
    entries: Sequence[Entry], pairs: Sequence[tuple[str, str]]
) -> list[list[str]]:
    """Header and a row for each pair of methods: paired differences x100 with their intervals."""
    rows = [["difference", "tau", "95 % interval over splits", "P@1%", "P@5%", "better in"]]
    for better, worse in pairs:
        tau, p1, p5 = (paired(entries, better, worse, metric) for metric in ("tau", "p1", "p5"))
        span = "-" if math.isnan(tau.low) else f"{100 * tau.low:+.1f} to {100 * tau.high:+.1f}"
        rows.append(
            [
                f"{better} - {worse}",
                f"{100 * tau.mean:+.1f}",
                span,
                f"{100 * p1.mean:+.1f}",
                f"{100 * p5.mean:+.1f}",
                f"{tau.n_better}/{tau.n_runs} runs",
            ]
        )
    return rows


def interesting_pairs(methods: Sequence[str]) -> list[tuple[str, str]]:
    """What each pre-training adds to none, what the flow adds to a proxy, and how far each is above
    the floor.
    """
    pairs = [(m, "none") for m in methods if m not in ("none", "gp") and "none" in methods]
    pairs += [
        (m, m.replace("flow+", ""))
        for m in methods
        if m.startswith("flow+") and m.replace("flow+", "") in methods
    ]
    pairs += [(m, "gp") for m in methods if m != "gp" and "gp" in methods]
    return pairs


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first row is the header."""
    header, *body = rows
    lines = [header, ["---"] * len(header), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write_csv(path: Path, entries: Sequence[Entry]) -> None:
    """Every run as a row of a CSV, atomically."""
    fields = list(
        dict.fromkeys(name for entry in entries for name in entry if name not in ("key", "kind"))
    )
    text = io.StringIO()
    writer = csv.DictWriter(text, fields, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(entries)
    write_text(path, text.getvalue())
