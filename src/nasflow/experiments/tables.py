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

from nasflow.experiments.methods import FLOOR, WITHOUT_ENCODER, draws, validation_trains
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
    """The runs of `better` with those of `worse` on the same split with the same seed, in pairs.

    A run without its like is left out. The one run on a split of a method that draws nothing stands
    for all seeds.
    """
    runs = by_method(entries)
    baseline = {(run["split"], run["seed"]): run for run in runs.get(worse, ())}
    # what draws nothing was run with the first seed alone, whatever seeds the others have
    on_split: dict[int, Entry] = {}
    if not draws(worse):
        on_split = {run["split"]: run for run in runs.get(worse, ())}
    pairs = []
    for run in runs.get(better, ()):
        base = baseline.get((run["split"], run["seed"]), on_split.get(run["split"]))
        if base is not None:
            pairs.append((run, base))
    return pairs


def paired(entries: Sequence[Entry], better: str, worse: str, metric: str = "tau") -> Difference:
    """The paired difference of two methods, with a 95 % interval over the splits.

    They must have runs in common (`same_runs`). With a single split the interval is NaN.
    """
    by_split: dict[int, list[float]] = {}
    for run, base in same_runs(entries, better, worse):
        by_split.setdefault(run["split"], []).append(run[metric] - base[metric])
    differences = [value for values in by_split.values() for value in values]
    # the mean is over runs, its interval over splits: see the head of this file
    mean = float(np.mean(differences))
    half_width = _half_width([float(np.mean(values)) for values in by_split.values()])
    return Difference(
        better=better,
        worse=worse,
        metric=metric,
        mean=mean,
        low=mean - half_width,
        high=mean + half_width,
        n_better=sum(difference > 0 for difference in differences),
        n_runs=len(differences),
    )


def _half_width(means: Sequence[float]) -> float:
    """Half of Student's 95 % interval of the mean of some means; NaN of a single one."""
    n = len(means)
    if n < 2:
        return math.nan
    quantile = scipy.stats.t.ppf(0.975, n - 1)
    return float(quantile * np.array(means).std(ddof=1) / math.sqrt(n))


def results_table(
    entries: Sequence[Entry], pretraining_seconds: Mapping[str, float]
) -> list[list[str]]:
    """Header and a row for each method; tau, Spearman and P@K x100, mean (std, ddof 0)."""
    rows = [["method", "labels", *COLUMNS.values(), "pre-train s", "fit s", "runs"]]
    for method, runs in by_method(entries).items():
        cells = [method, _labels(method, runs[0])]
        for name in COLUMNS:
            # three digits of an error in the label's unit, one of a hundredth
            factor, digits = (100, 1) if name in _IN_HUNDREDTHS else (1, 3)
            values = factor * np.array([run[name] for run in runs])
            cells.append(f"{values.mean():.{digits}f} ({values.std():.{digits}f})")
        fit_seconds = np.mean([run["fit_seconds"] for run in runs])
        cells.append(f"{pretraining_seconds.get(method, 0.0):.0f}")
        cells.append(f"{fit_seconds:.1f}")
        cells.append(str(len(runs)))
        rows.append(cells)
    return rows


def _labels(method: str, run: Entry) -> str:
    """How many labels a method sees: to train on, and more that are not."""
    n_train, n_validation = run["n_train"], run["n_validation"]
    # labels that choose the epoch are paid for like any other
    if validation_trains(method) or not n_validation:
        return str(n_train + n_validation)
    return f"{n_train} + {n_validation}"


def intervals_table(entries: Sequence[Entry]) -> list[list[str]]:
    """Header and a row for each method that has intervals; mean (std, ddof 0) over its runs."""
    names = {"in50": "in 50 %", "in90": "in 90 %", "width50": "width of 50 %"}
    names |= {"width90": "width of 90 %", "crps": "CRPS"}
    rows = [["method", *names.values()]]
    for method, runs in by_method(entries).items():
        cells = [method]
        for name in names:
            values = np.array([run[name] for run in runs if name in run])
            # shares in %; widths and CRPS have the label's unit
            factor, digits = (100, 1) if name.startswith("in") else (1, 3)
            values = factor * values
            # with few labels an interval of 90 % has no end
            told = f"{values.mean():.{digits}f} ({values.std():.{digits}f})" if len(values) else "-"
            cells.append(told)
        # a method that says one number for each row has nothing to show here
        if set(cells[1:]) != {"-"}:
            rows.append(cells)
    return rows


def differences_table(
    entries: Sequence[Entry], pairs: Sequence[tuple[str, str]]
) -> list[list[str]]:
    """Header and a row for each pair of methods: paired differences x100 with their intervals."""
    rows = [["difference", "tau", "95 % interval over splits", "P@1%", "P@5%", "better in"]]
    for better, worse in pairs:
        tau = paired(entries, better, worse, "tau")
        p1 = paired(entries, better, worse, "p1")
        p5 = paired(entries, better, worse, "p5")
        interval = f"{100 * tau.low:+.1f} to {100 * tau.high:+.1f}"
        rows.append(
            [
                f"{better} - {worse}",
                f"{100 * tau.mean:+.1f}",
                "-" if math.isnan(tau.low) else interval,  # a single split has none
                f"{100 * p1.mean:+.1f}",
                f"{100 * p5.mean:+.1f}",
                f"{tau.n_better}/{tau.n_runs} runs",
            ]
        )
    return rows


def interesting_pairs(methods: Sequence[str]) -> list[tuple[str, str]]:
    """Which methods to compare, of those that there are.

    What each pre-training adds to none, what the flow adds to a proxy, and how far each is above
    the floor.
    """
    others = [method for method in methods if method not in ("none", *WITHOUT_ENCODER)]
    with_flow = [method for method in methods if method.startswith("flow+")]
    # of the same labels: what trained on the validation rows too stands against its like
    pairs = [(method, "none@all" if validation_trains(method) else "none") for method in others]
    pairs += [(method, method.replace("flow+", "")) for method in with_flow]
    for floor in (FLOOR, "gp"):
        pairs += [(method, floor) for method in methods if method not in (FLOOR, "gp")]
    # of a pair one may not have been asked for
    there = [(better, worse) for better, worse in pairs if worse in methods and better != worse]
    return list(dict.fromkeys(there))


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first row is the header."""
    header, *body = rows
    lines = [header, ["---"] * len(header), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write_csv(path: Path, entries: Sequence[Entry]) -> None:
    """Every run as a row of a CSV, atomically."""
    # of all entries: the floor has no epoch, others have
    names = dict.fromkeys(name for entry in entries for name in entry)
    fields = [name for name in names if name not in ("key", "kind")]
    text = io.StringIO()
    writer = csv.DictWriter(text, fields, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(entries)
    write_text(path, text.getvalue())
