"""Which features fgp should see: a choice made on some benchmarks, for use on others.

    python benchmarks/search_features.py      runs what is missing, prints table and choice

The rule, written down before the first of these runs:

* Benchmarks: NAS-Bench-101 (labelled rows), TransNAS micro (class_scene), NAS-Bench-Graph (Cora).
  NAS-Bench-201 takes no part. Trials 0 to 9, 100 trainings each.
* Only what a search optimises is looked at. The regret of a trial after t trainings is the best
  validation result there is, less the best so far; a set's loss in a trial is its mean over t = 20,
  ..., 100, divided by the mean of random search's over all trials; the set's score is the mean loss
  over trials and benchmarks. Less is better.
* Among the sets whose score is within one standard error of the best one's (of the paired
  differences over all trials and benchmarks), the first of SETS is chosen: those that need no
  pre-training come first, then those with fewer parts.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

import search
from nasflow.experiments.tables import markdown
from nasflow.running.files import write_text
from nasflow.running.journal import Journal
from nasflow.search.simulation import along

BENCHMARKS = ("transnas-class_scene", "nb101", "nbgraph-cora")
SETS = (
    "one-hot",
    "counts",
    "surrogate",
    "counts+one-hot",
    "surrogate+counts+one-hot",
    "embedding",
    "embedding+one-hot",
    "embedding+counts+one-hot",
    "embedding+surrogate+counts+one-hot",
)
NAMES = ("random", *(f"fgp:{parts}" for parts in SETS))
BUDGET, FIRST_STEP = 100, 20

FloatArray = npt.NDArray[np.float64]


def losses(
    entries: Mapping[str, dict[str, Any]], bench_name: str, bench: search.Bench, trials: int
) -> dict[str, FloatArray]:
    """(trials,) for each name: mean regret over the steps, beside that of random search."""
    assert bench.best_valid is not None
    regrets = {}
    for name in NAMES:
        of_trials = []
        for trial in range(trials):
            course = entries[search.key_of(bench_name, name, trial, BUDGET)]["course"]
            regret = bench.best_valid - along(course, BUDGET, 1)  # (trainings,)
            of_trials.append(regret[FIRST_STEP - 1 :].mean())
        regrets[name] = np.array(of_trials)
    # so that a benchmark of large differences counts no more than one of small ones
    return {name: regret / regrets["random"].mean() for name, regret in regrets.items()}


def choice(table: Mapping[str, FloatArray]) -> str:
    """The scores as Markdown, and what the rule chooses."""
    best = min(NAMES, key=lambda name: float(table[name].mean()))
    rows = [["features", *BENCHMARKS, "score", "worse than the best by", "standard error"]]
    chosen = None
    for name in NAMES:
        parts = table[name].reshape(len(BENCHMARKS), -1).mean(axis=1)
        gap = table[name] - table[best]
        error = float(gap.std(ddof=1) / np.sqrt(len(gap)))
        # the first of the sets that is within the error; random search is none of them
        if chosen is None and gap.mean() <= error and name != "random":
            chosen = name
        rows.append(
            [
                name.removeprefix("fgp:"),
                *(f"{part:.3f}" for part in parts),
                f"{table[name].mean():.3f}",
                f"{gap.mean():.3f}",
                f"{error:.3f}",
            ]
        )
    return f"{markdown(rows)}\nBest score: {best}. Chosen by the rule: {chosen}.\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path("runs/search"))
    parser.add_argument("--report", action="store_true", help="only print what was done")
    options = parser.parse_args()
    torch.set_num_threads(1)
    journal = Journal(options.out / "journal.jsonl")
    by_benchmark: list[dict[str, FloatArray]] = []
    for bench_name in BENCHMARKS:
        bench = search.BENCHES[bench_name]()
        # trial by trial, so that a run that is stopped compares all sets
        for trial in range(0 if options.report else options.trials):
            for name in NAMES:
                search.run_trial(journal, bench_name, bench, name, trial, BUDGET)
        by_benchmark.append(losses(journal.entries(), bench_name, bench, options.trials))
    # (benchmarks * trials,), benchmark after benchmark
    table = {}
    for name in NAMES:
        table[name] = np.concatenate([by_name[name] for by_name in by_benchmark])
    text = choice(table)
    write_text(options.out / "features.md", text)
    print(text)


if __name__ == "__main__":
    main()
