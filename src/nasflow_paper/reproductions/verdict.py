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

_Scores = dict[tuple[int, int], float]
"""A row's runs: the metric x100 by split and seed."""


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
    """Number of runs that the order rests on, where that is not all of every row's; 0 for none."""
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
        label, points = self.furthest
        level = (
            f"{self.n_within} of {len(self.here)} means lie within one standard deviation of the"
            f" paper's; the furthest, {label}, is {points:+.1f} points from it."
        )
        return f"{self._order(metric)} {self._clear_differences()} {level}"

    def _order(self, metric: str) -> str:
        """How the methods stand, and where the paper's best one does."""
        over = f" over the {self.n_common} runs that all rows have" if self.n_common else ""
        same = "as in the paper"
        if self.here != self.paper:
            same = f"in the paper {_chain(self.paper)}"
        paper_best = self.paper[0]
        rank = self.here.index(paper_best) + 1
        best = "the best here too" if rank == 1 else f"number {rank} of {len(self.here)} here"
        return (
            f"Order by {metric}{over}: {_chain(self.here)}; {same}. {self.n_same} of {self.n_pairs}"
            f" pairs stand as in the paper; its best, {paper_best}, is {best}."
        )

    def _clear_differences(self) -> str:
        """How many differences have an interval without 0, and which are against the paper."""
        if not self.has_intervals:
            return "One split gives no interval: the order may be chance."
        n_clear = len(self.clear_same) + len(self.clear_other)
        if not n_clear:
            return "No difference is clear here: every interval over splits holds 0."
        are = "is" if n_clear == 1 else "are"
        against = f"; against it: {', '.join(self.clear_other)}" if self.clear_other else ""
        return (
            f"{n_clear} of these differences {are} clear here (interval over splits without 0),"
            f" {len(self.clear_same)} with the paper's sign{against}."
        )


def judge(entries: Sequence[Entry], paper: Mapping[str, Number], metric: str) -> Verdict | None:
    """The verdict on the methods that both have; None where that is fewer than two.

    Args:
        entries: the runs of one table, their labels as `method`.
        paper: the paper's numbers of the table by label.
        metric: the one that is compared, a key of the entries.
    """
    rows: dict[str, _Scores] = {}
    for label, runs in by_method(entries).items():
        if label in paper:
            rows[label] = {(run["split"], run["seed"]): 100 * run[metric] for run in runs}
    labels = list(rows)
    if len(labels) < 2:
        return None
    # two means of a row: over all its runs, to be compared with the paper's number, and over the
    # runs that all rows have, to be compared with each other
    ours = {label: float(np.mean(list(scores.values()))) for label, scores in rows.items()}
    common = set.intersection(*(set(scores) for scores in rows.values()))
    here = sorted(labels, key=lambda label: -_mean_of(rows[label], common))
    there = sorted(labels, key=lambda label: -paper[label].mean)
    n_pairs = n_same = 0
    clear: dict[bool, list[str]] = {True: [], False: []}  # by whether the sign is the paper's
    has_intervals = False
    for a, b in itertools.combinations(labels, 2):
        # to a tenth, as printed: the paper does not tell these two apart
        if paper[a].mean == paper[b].mean:
            continue
        n_pairs += 1
        difference = paired(entries, a, b, metric) if same_runs(entries, a, b) else None
        # without a run in common the means are all there is, and no interval follows
        gap = ours[a] - ours[b] if difference is None else difference.mean
        same = gap * (paper[a].mean - paper[b].mean) > 0
        n_same += same
        if difference is None:
            continue
        has_intervals |= not math.isnan(difference.low)
        if difference.clear:
            better, worse = (a, b) if gap > 0 else (b, a)
            clear[same].append(f"{better} > {worse}")
    # x100 like the paper's, and with its sign: above it or below
    away = {label: ours[label] - paper[label].mean for label in labels}
    within = [label for label in labels if abs(away[label]) <= (paper[label].std or 0.0)]
    furthest = max(labels, key=lambda label: abs(away[label]))
    # said on the page only where the order rests on fewer runs than the table shows
    all_share_all = all(len(scores) == len(common) for scores in rows.values())
    n_common = None if all_share_all else len(common)
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


def _mean_of(scores: _Scores, runs: Collection[tuple[int, int]]) -> float:
    """The mean over some of a row's runs; over all of them if none are named."""
    return float(np.mean([scores[run] for run in runs or scores]))


def _chain(labels: Sequence[str]) -> str:
    """The labels as an order, best first."""
    return " > ".join(labels)
