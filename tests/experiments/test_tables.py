"""Tables of results, on entries small enough to compute by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from nasflow.experiments.tables import (
    differences_table,
    interesting_pairs,
    intervals_table,
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
        "n_train": 78,
        "n_validation": 40,
    }


SPLITS = (1, 2, 3)
ENTRIES = [
    *(entry("none", split, seed, 0.5 + split / 100) for split in SPLITS for seed in (1, 2)),
    *(
        entry("flow", split, seed, 0.6 + split / 50 + seed / 100)
        for split in SPLITS
        for seed in (1, 2)
    ),
    *(entry("gp", split, 1, 0.4) for split in SPLITS),
]


def test_differences_are_paired_and_their_interval_is_over_splits() -> None:
    difference = paired(ENTRIES, "flow", "none")
    means = np.array([0.1 + split / 100 + 0.015 for split in SPLITS])
    low, high = scipy.stats.t.interval(0.95, 2, means.mean(), scipy.stats.sem(means))
    interval = (difference.mean, difference.low, difference.high)
    assert interval == pytest.approx((means.mean(), low, high))
    assert (difference.n_better, difference.n_runs) == (6, 6)
    assert paired(ENTRIES, "flow", "gp").n_runs == 6  # one run a split stands for all seeds


def test_runs_without_their_like_are_in_no_difference() -> None:
    """A grid that is not finished: a run is never compared with one of another seed."""
    lone = [run for run in ENTRIES if run["method"] != "none"]
    lone.append(entry("none", 1, 2, 0.5))
    ((run, base),) = same_runs(lone, "flow", "none")
    assert (run["split"], run["seed"], base["method"]) == (1, 2, "none")
    assert paired(lone, "flow", "none").n_runs == 1
    assert same_runs(lone, "flow", "gmae") == same_runs(lone, "gmae", "flow") == []


def test_a_single_split_has_no_interval() -> None:
    one = [run for run in ENTRIES if run["split"] == 1]
    assert np.isnan(paired(one, "flow", "none").low)
    assert differences_table(one, [("flow", "none")])[1][2] == "-"


def test_the_table_has_means_and_population_deviations_times_100() -> None:
    header, *rows = results_table(ENTRIES, {"flow": 12.0})
    taus = 100 * np.array([run["tau"] for run in ENTRIES if run["method"] == "flow"])
    (row,) = (row for row in rows if row[0] == "flow")
    flow = dict(zip(header, row, strict=True))
    assert flow["tau"] == f"{taus.mean():.1f} ({taus.std():.1f})"
    assert flow["pre-train s"] == "12"
    assert flow["runs"] == "6"
    assert markdown([header, *rows]).startswith("| method | labels | tau |")


@pytest.mark.parametrize(
    ("method", "labels"), [("flow", "78 + 40"), ("flow@all", "118"), ("features", "118")]
)
def test_a_row_says_how_many_labels_its_method_saw(method: str, labels: str) -> None:
    (header, row) = results_table([entry(method, 1, 1, 0.5)], {})
    assert dict(zip(header, row, strict=True))["labels"] == labels


def test_intervals_are_told_of_methods_that_have_some() -> None:
    held = {"in50": 0.5, "in90": 0.875, "width50": 1.5, "crps": 0.25}
    runs = [entry("blend", split, 1, 0.5) | held for split in (1, 2)]
    header, *rows = intervals_table([*ENTRIES, *runs])
    assert rows == [["blend", "50.0 (0.0)", "87.5 (0.0)", "1.500 (0.000)", "-", "0.250 (0.000)"]]
    assert header[0] == "method"


def test_a_method_that_saw_all_labels_is_held_against_its_like() -> None:
    methods = ["none", "none@all", "flow@all", "blend", "features", "trees"]
    pairs = interesting_pairs(methods)
    assert ("flow@all", "none@all") in pairs
    assert ("blend", "none@all") in pairs
    assert ("flow@all", "none") not in pairs
    assert [pair for pair in pairs if "trees" in pair] == [("trees", "features")]
    assert all(better != worse for better, worse in pairs)


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
