from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from nasflow.experiments.tables import (
    differences_table,
    interesting_pairs,
    markdown,
    paired,
    results_table,
    same_runs,
    write_csv,
)


def entry(method: str, split: int, seed: int, tau: float) -> dict:
    return {
        "key": f"{method}{split}{seed}",
        "kind": "run",
        "method": method,
        "split": split,
        "seed": seed,
        "tau": tau,
        "spearman": tau,
        "p1": tau / 2,
        "p5": tau / 4,
        "rmse": 1.0,
        "last_tau": tau,
        "last_p1": tau / 2,
        "fit_seconds": 2.0,
    }


ENTRIES = (
    [entry("none", s, m, 0.5 + s / 100) for s in (1, 2, 3) for m in (1, 2)]
    + [entry("flow", s, m, 0.6 + s / 50 + m / 100) for s in (1, 2, 3) for m in (1, 2)]
    + [entry("gp", s, 1, 0.4) for s in (1, 2, 3)]
)


def test_differences_are_paired_and_their_interval_is_over_splits() -> None:
    found = paired(ENTRIES, "flow", "none")
    by_split = np.array([0.1 + s / 100 + 0.015 for s in (1, 2, 3)])
    low, high = scipy.stats.t.interval(0.95, 2, by_split.mean(), scipy.stats.sem(by_split))
    assert (found.mean, found.low, found.high) == pytest.approx((by_split.mean(), low, high))
    assert (found.n_better, found.n_runs) == (6, 6)
    assert paired(ENTRIES, "flow", "gp").n_runs == 6  # one run a split stands for all seeds


def test_runs_without_their_like_are_in_no_difference() -> None:
    """A grid that is not finished: a run is never compared with one of another seed."""
    lone = [*[e for e in ENTRIES if e["method"] != "none"], entry("none", 1, 2, 0.5)]
    assert [(a["split"], a["seed"], b["method"]) for a, b in same_runs(lone, "flow", "none")] == [
        (1, 2, "none")
    ]
    assert paired(lone, "flow", "none").n_runs == 1
    assert same_runs(lone, "flow", "gmae") == same_runs(lone, "gmae", "flow") == []


def test_a_single_split_has_no_interval() -> None:
    one = [e for e in ENTRIES if e["split"] == 1]
    assert np.isnan(paired(one, "flow", "none").low)
    assert differences_table(one, [("flow", "none")])[1][2] == "-"


def test_the_table_has_means_and_population_deviations_times_100() -> None:
    header, *rows = results_table(ENTRIES, {"flow": 12.0})
    taus = 100 * np.array([e["tau"] for e in ENTRIES if e["method"] == "flow"])
    flow = dict(zip(header, next(row for row in rows if row[0] == "flow"), strict=True))
    assert flow["tau"] == f"{taus.mean():.1f} ({taus.std():.1f})"
    assert flow["pre-train s"] == "12"
    assert flow["runs"] == "6"
    assert markdown([header, *rows]).startswith("| method | tau |")


def test_the_comparisons_asked_for_are_each_method_and_what_flow_adds() -> None:
    assert interesting_pairs(["none", "flow", "flow+proxy", "proxy", "gp"]) == [
        ("flow", "none"),
        ("flow+proxy", "none"),
        ("proxy", "none"),
        ("flow+proxy", "proxy"),
        ("none", "gp"),
        ("flow", "gp"),
        ("flow+proxy", "gp"),
        ("proxy", "gp"),
    ]


def test_every_run_is_a_row_of_the_csv(tmp_path: Path) -> None:
    write_csv(tmp_path / "runs.csv", ENTRIES)
    lines = (tmp_path / "runs.csv").read_text().splitlines()
    assert lines[0].startswith("method,split,seed,tau")
    assert len(lines) == 1 + len(ENTRIES)
