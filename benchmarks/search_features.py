"""Which features fgp should see: a choice made on some benchmarks, for use on others.

    python benchmarks/search_features.py                 runs what is missing, prints the table and the choice

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
from pathlib import Path

import numpy as np
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
BUDGET, FIRST_STEP = 100, 20


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
    names = ["random", *(f"fgp:{parts}" for parts in SETS)]
    losses: dict[str, list[float]] = {name: [] for name in names}
    for bench_name in BENCHMARKS:
        bench = search.BENCHES[bench_name]()
        assert bench.best_valid is not None
        for trial in range(0 if options.report else options.trials):
            for name in names:
                search.run_trial(journal, bench_name, bench, name, trial, BUDGET)
        done = journal.entries()
        courses = {
            name: [
                done[search.key_of(bench_name, name, t, BUDGET)]["course"]
                for t in range(options.trials)
            ]
            for name in names
        }
        regrets = {
            name: [bench.best_valid - along(course, BUDGET, 1) for course in of]
            for name, of in courses.items()
        }
        means = {
            name: np.array([r[FIRST_STEP - 1 :].mean() for r in of]) for name, of in regrets.items()
        }
        for name in names:
            losses[name] += (means[name] / means["random"].mean()).tolist()
    table = {name: np.array(of) for name, of in losses.items()}
    best = min(names, key=lambda name: float(table[name].mean()))
    rows = [["features", *BENCHMARKS, "score", "worse than the best by", "standard error"]]
    chosen = None
    for name in names:
        parts = table[name].reshape(len(BENCHMARKS), -1).mean(axis=1)
        gap = table[name] - table[best]
        error = float(gap.std(ddof=1) / np.sqrt(len(gap)))
        if chosen is None and gap.mean() <= error and name != "random":
            chosen = name
        rows.append(
            [
                name.removeprefix("fgp:"),
                *(f"{p:.3f}" for p in parts),
                f"{table[name].mean():.3f}",
                f"{gap.mean():.3f}",
                f"{error:.3f}",
            ]
        )
    text = f"{markdown(rows)}\nBest score: {best}. Chosen by the rule: {chosen}.\n"
    write_text(options.out / "features.md", text)
    print(text)


if __name__ == "__main__":
    main()
