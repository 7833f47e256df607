"""The page that sets our table beside the paper's, on results that were made by hand."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import scipy.stats

from nasflow.experiments.settings import SETTINGS
from nasflow_paper.reproductions import sections
from nasflow_paper.reproductions.base import ReproduceOptions
from nasflow_paper.reproductions.comparison import (
    Comparison,
    compared,
    page_of,
    papers_numbers,
    results,
    wilcoxon,
)
from nasflow_paper.reproductions.measured import MeasuredRuns
from nasflow_paper.reproductions.variants import FGP, NONE, ZC_PROXY
from tiny_space import dataset

TAUS = {"none": 0.73, "ZC-Proxy": 0.80, "FGP": 0.81, "gp": 0.66}


def entry(method: str, split: int, seed: int) -> dict[str, Any]:
    tau = TAUS[method] + 0.01 * split + 0.002 * seed * (method == "FGP")
    return {
        "key": f"{method}{split}{seed}",
        "method": method,
        "space": "nb201",
        "group": "ResGatedGCN",
        "split": split,
        "seed": seed,
        "metric": "cifar10_test",
        "tau": tau,
        "p1": tau / 2,
        "p5": tau / 2,
        "last_tau": tau - 0.02,
        "last_p1": tau / 4,
        "n_train": 78,
        "n_validation": 40,
        "n_test": 7772,
    }


RUNS = list(itertools.product((0, 1, 2), (1, 2)))  # split, seed
ENTRIES = [entry(method, *run) for method in ("none", "ZC-Proxy", "FGP") for run in RUNS]
ENTRIES += [entry("gp", split, 1) for split in (0, 1, 2)]
OPTIONS = {
    f"ResGatedGCN, nb201, {v.label}": {
        "method": v.method,
        **SETTINGS["nb201"].stages(v.method, tuned=False).to_dict(),
    }
    for v in (NONE, ZC_PROXY, FGP)
}
PAPER = papers_numbers(["table1"], "ResGatedGCN", "nb201")


def test_ours_stands_beside_the_papers() -> None:
    header, *rows = results(ENTRIES, PAPER, ("tau", "p1"))
    assert header == [
        "method",
        "tau",
        "paper",
        "P@1%",
        "paper",
        "tau, last epoch",
        "P@1%, last epoch",
        "runs",
    ]
    assert rows[0] == [
        "none",
        "74.0 (0.8)",
        "73.4 (1.5)",
        "37.0 (0.4)",
        "29.7 (11.8)",
        "72.0 (0.8)",
        "18.5 (0.2)",
        "6",
    ]
    assert rows[3] == ["gp", "67.0 (0.8)", "", "33.5 (0.4)", "", "65.0 (0.8)", "16.8 (0.2)", "3"]
    assert results(ENTRIES, {}, ("tau",))[0] == [
        "method",
        "tau",
        "tau, last epoch",
        "P@1%, last epoch",
        "runs",
    ]


def test_differences_are_paired_and_stand_beside_the_papers() -> None:
    header, fgp, floor = compared(ENTRIES, [("FGP", "none"), ("FGP", "GMAE"), ("FGP", "gp")], PAPER)
    assert header[-2:] == ["paper's tau", "paper's P@1%"]
    # 8.2 and 8.4 on every split
    assert fgp == [
        "FGP - none",
        "+8.3",
        "+8.3 to +8.3",
        "0.031",
        "6/6 runs",
        "+4.2",
        "+8.8",
        "+19.2",
    ]
    assert floor[0] == "FGP - gp"
    assert floor[-1] == ""
    assert compared(ENTRIES, [("FGP", "GMAE")], PAPER) == []
    assert len(compared(ENTRIES, [("FGP", "none")], {})[0]) == 6


def test_wilcoxon_is_over_the_runs_that_both_have() -> None:
    fgp = [e["tau"] for e in ENTRIES if e["method"] == "FGP"]
    none = [e["tau"] for e in ENTRIES if e["method"] == "none"]
    assert wilcoxon(ENTRIES, "FGP", "none") == scipy.stats.wilcoxon(fgp, none).pvalue
    assert wilcoxon(ENTRIES, "none", "none") == 1.0


@pytest.mark.parametrize(
    ("tuned", "sentence"),
    [
        ({}, "Options are the package's defaults; they were not tuned."),
        (
            {"none": {"fit.lr": 1e-4}},
            "Options of each method were chosen on the validation rows by `nasflow tune`.",
        ),
    ],
)
def test_the_page_says_what_it_rests_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tuned: dict[str, Any], sentence: str
) -> None:
    monkeypatch.setattr(sections, "tuned_options", lambda _: tuned)
    comparison = Comparison(
        "Some table",
        "What was done.",
        [NONE, ZC_PROXY, FGP],
        ("nb201",),
        ["table1"],
        [("FGP", "none")],
    )
    measured = MeasuredRuns(
        ENTRIES, {}, ["GMAE is left out."], {"nb201": dataset()}, {"options": OPTIONS}
    )
    options = ReproduceOptions(tmp_path)
    text = page_of(comparison, measured, options).write("some", options).read_text()
    assert text.startswith("# Some table\n\nWhat was done.\n")
    text = " ".join(text.split())  # wherever its lines are broken
    for words in (
        sentence,
        "GMAE is left out.",
        "Label: `cifar10_test`, a made-up cifar10_test.",
        "78 labels to train on, 40 more",
        "Runs of each row: 6.",
        "Encoder: resgatedgcn, width 128, layers 3; 300 epochs of fine-tuning, 40 of pre-training.",
        "| FGP | 82.3 (0.8) | 82.2 (0.7) |",
        "the paper's best method is the best here in 1 of 1 comparisons, and 3 of 3 pairs",
        "| ResGatedGCN | NAS-Bench-201 | FGP | FGP | 3/3 | 3, 3 | 2/3 |",
        "Order by tau: FGP > ZC-Proxy > none; as in the paper.",
        "| FGP - none | +8.3 |",
    ):
        assert words in text, words
    assert "first look" not in text


@pytest.mark.parametrize("changed", ["FGP", "none"])
def test_an_order_that_contradicts_the_paper_is_said(tmp_path: Path, changed: str) -> None:
    shift = 0.2 if changed == "none" else -0.2
    entries = []
    for run in ENTRIES:
        by = shift if run["method"] == changed else 0.0
        entries.append({**run, "tau": run["tau"] + by})
    comparison = Comparison(
        "Some table", "What was done.", [NONE, ZC_PROXY, FGP], ("nb201",), ["table1"]
    )
    options = ReproduceOptions(tmp_path)
    measured = MeasuredRuns(entries, {}, [], {"nb201": dataset()}, {"options": OPTIONS})
    text = page_of(comparison, measured, options).write("some", options).read_text()
    assert "Clear here and against the paper:" in text
    assert "none > FGP (ResGatedGCN, NAS-Bench-201)" in " ".join(text.split())
