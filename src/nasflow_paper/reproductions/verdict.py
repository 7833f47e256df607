"""`judge`: does our order of methods agree with the paper's? Counted, not worded by hand.

Three questions, for one metric of one table:

* Order: how do the methods stand, and of the pairs that the paper's means tell apart, how many
  stand the same way round here? One row may rest on more splits and seeds than another, so the
  order is that over the runs that all have, and a pair is compared on those that both have.
* Clear differences: of the pairs whose difference here has a 95 % interval over splits without 0,
  how many have the paper's sign?
* Level: how many of our means lie within one of the paper's standard deviations of its mean?
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nasflow.experiments.tables import Entry, by_method, paired, same_runs
from nasflow_paper.published import Number


@dataclass(frozen=True)
class Verdict:
    """How one metric of one table compares with the paper's; methods best first."""

    here: tuple[str, ...]
    paper: tuple[str, ...]
    n_pairs: int
    n_same: int
    """Of the pairs that the paper tells apart."""
    clear_same: tuple[str, ...]
    """Differences that are clear here and have the paper's sign, as `better > worse`."""
    clear_other: tuple[str, ...]
    """Differences that are clear here and have not."""
    n_common: int | None
    """Number of runs that the order rests on, where that is not all of every row's; 0 where rows
    share none.
    """
    has_intervals: bool
    """Whether there are two splits at least."""
    n_within: int
    """Means within one of the paper's standard deviations."""
    furthest: tuple[str, float]
    """The method that is furthest from the paper's mean, and how far, in points."""

    @property
    def best_agrees(self) -> bool:
        """Whether the paper's best method is the best here."""
        return self.here[0] == self.paper[0]

    def words(self, metric: str) -> str:
        """The verdict as Markdown."""
        same = (
            "as in the paper" if self.here == self.paper else f"in the paper {_chain(self.paper)}"
        )
        place = self.here.index(self.paper[0]) + 1
        best = "the best here too" if place == 1 else f"number {place} of {len(self.here)} here"
        over = f" over the {self.n_common} runs that all rows have" if self.n_common else ""
        text = [
            f"Order by {metric}{over}: {_chain(self.here)}; {same}. {self.n_same} of {self.n_pairs}"
            f" pairs stand as in the paper; its best, {self.paper[0]}, is {best}."
        ]
        n_clear = len(self.clear_same) + len(self.clear_other)
        if not self.has_intervals:
            text.append("One split gives no interval: the order may be chance.")
        elif not n_clear:
            text.append("No difference is clear here: every interval over splits holds 0.")
        else:
            are = "is" if n_clear == 1 else "are"
            text.append(
                f"{n_clear} of these differences {are} clear here (interval over splits without 0),"
                f" {len(self.clear_same)} with the paper's sign"
                + (f"; against it: {', '.join(self.clear_other)}." if self.clear_other else ".")
            )
        text.append(
            f"{self.n_within} of {len(self.here)} means lie within one standard deviation of the"
            f" paper's; the furthest, {self.furthest[0]}, is {self.furthest[1]:+.1f} points"
            " from it."
        )
        return " ".join(text)


def judge(entries: Sequence[Entry], paper: Mapping[str, Number], metric: str) -> Verdict | None:
    """The verdict on the methods that both have; None where that is fewer than two.

    Args:
        entries: the runs of one table, their labels as `method`.
        paper: the paper's numbers of the table by label.
        metric: the one that is compared, a key of the entries.
    """
    rows = {
        label: {(run["split"], run["seed"]): 100 * run[metric] for run in runs}
        for label, runs in by_method(entries).items()
        if label in paper
    }
    labels = list(rows)
    if len(labels) < 2:
        return None
    ours = {label: float(np.mean(list(runs.values()))) for label, runs in rows.items()}
    common = set.intersection(*(set(runs) for runs in rows.values()))
    here = sorted(labels, key=lambda label: -_mean_of(rows[label], common))
    there = sorted(labels, key=lambda label: -paper[label].mean)
    n_pairs = n_same = 0
    clear: dict[bool, list[str]] = {True: [], False: []}
    has_intervals = False
    for a, b in itertools.combinations(labels, 2):
        if paper[a].mean == paper[b].mean:
            continue
        n_pairs += 1
        difference = paired(entries, a, b, metric) if same_runs(entries, a, b) else None
        gap = ours[a] - ours[b] if difference is None else difference.mean
        same = gap * (paper[a].mean - paper[b].mean) > 0
        n_same += same
        if difference is None:
            continue
        has_intervals |= not math.isnan(difference.low)
        if difference.clear:
            better, worse = (a, b) if gap > 0 else (b, a)
            clear[same].append(f"{better} > {worse}")
    away = {label: ours[label] - paper[label].mean for label in labels}
    within = [label for label in labels if abs(away[label]) <= (paper[label].std or 0.0)]
    furthest = max(labels, key=lambda label: abs(away[label]))
    n_common = len(common) if any(len(runs) > len(common) for runs in rows.values()) else None
    return Verdict(
        tuple(here),
        tuple(there),
        n_pairs,
        n_same,
        tuple(clear[True]),
        tuple(clear[False]),
        n_common,
        has_intervals,
        len(within),
        (furthest, away[furthest]),
    )


def _mean_of(runs: Mapping[tuple[int, int], float], places: Collection[tuple[int, int]]) -> float:
    """The mean over some of a row's runs; over all of them if none are named."""
    return float(np.mean([runs[place] for place in places or runs]))


def _chain(labels: Sequence[str]) -> str:
    return " > ".join(labels)
