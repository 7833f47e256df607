"""Writes docs/results/tries.md: what further members would add to the blend, and do not.

    NASFLOW_DATA=... python benchmarks/tries.py
    python benchmarks/tries.py --report

On splits that have other seeds than those that results are reported on. Each member is fitted once
for each split, and the default blend is weighed anew with it and without, by its own rule. A line
for each split goes to docs/results/tries.jsonl; what is there is not made again.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning

from blend import half_of
from nasflow import Dataset, kendall_tau, open_dataset
from nasflow.experiments.tables import markdown
from nasflow.features.make import Features, setting_of
from nasflow.features.registry import NUMBER_GROUPS
from nasflow.prediction.blend import GROUPS
from nasflow.prediction.blend_weights import blend_weights
from nasflow.prediction.members.base import Rows
from nasflow.prediction.members.registry import FAST, MEMBERS
from nasflow.running.files import write_text
from nasflow.running.journal import Journal
from nasflow.statistics.metrics import precision_at
from nasflow.statistics.ranks import normal_scores
from tried_members import TRIED, Places, Sequences

FloatArray = npt.NDArray[np.float64]

SPACES = ("nb101", "nb201", "nasbench-macro", "transnas-micro", "nbgraph-cora")
SPLITS = (1, 2, 3, 4)
RIDGE = 3.0  # the default of a blend
N_TEST = 4000

FINDINGS = """## What the table says

Nothing that was tried adds half a point of tau to the blend in the mean of the spaces, alone or all
together, and nothing finds the best better, though some rank as well by themselves as its own
members do: what is left open they leave open too. Boosted trees come nearest (+0.6 on TransNAS,
+0.5 on Cora, -0.3 on NAS-Bench-101).
"""


def rows_of(features: Features, dataset: Dataset, which: npt.NDArray[np.int64]) -> Rows:
    """Some rows as members see them."""
    table = dataset.table[which]
    ends = np.cumsum(list(features.sizes.values()))
    blocks = np.split(features(table), ends[:-1], axis=1)
    return Rows(table, dict(zip(features.group_names, blocks, strict=True)))


def measured(dataset: Dataset, seed: int) -> dict[str, Any]:
    """tau and P@1% of each member alone, and of the blend without and with it."""
    half = half_of(dataset, seed)
    test = half.test[:N_TEST]
    features = Features(setting_of(dataset.table), [*GROUPS, "wl", Sequences, Places])
    labelled, tests = (rows_of(features, dataset, rows) for rows in (half.labelled, test))
    scores, truth = normal_scores(half.labels[half.labelled]), half.labels[test]
    unseen, predicted, results = {}, {}, {}
    for name in (*FAST, *TRIED):
        kind = TRIED.get(name) or MEMBERS.find(name)
        # a group that is not there would be left out without a word
        assert set(kind.groups) - {"proxies"} <= {*features.group_names, *NUMBER_GROUPS}
        with warnings.catch_warnings():
            # perceptrons are stopped early on purpose
            warnings.simplefilter("ignore", ConvergenceWarning)
            member = kind(0).fit(labelled, scores)
        unseen[name], predicted[name] = member.out_of_fold().mean, member.predict_mean(tests)
        results[f"{name} alone"] = ranking(predicted[name], truth)
    for line, further in {"blend": (), **{n: (n,) for n in TRIED}, "all of them": TRIED}.items():
        names = [*FAST, *further]
        means = np.stack([unseen[name] for name in names])
        weights = blend_weights(means, scores, RIDGE, [False] * len(names))
        results[line] = ranking(weights @ np.stack([predicted[n] for n in names]), truth)
    return {"n_labels": len(scores), "results": results}


def ranking(predicted: FloatArray, truth: FloatArray) -> list[float]:
    """tau and P@1%, x100."""
    values = (kendall_tau(predicted, truth), precision_at(predicted, truth, 1))
    return [round(100 * value, 3) for value in values]


def page(entries: Mapping[str, Mapping[str, Any]]) -> str:
    """The page of all splits that were made."""
    spaces: dict[str, list[Mapping[str, Any]]] = {}
    for entry in entries.values():
        spaces.setdefault(entry["space"], []).append(entry)
    about = "\n".join(__doc__.splitlines()[5:])
    sections = [
        f"# What further members would add to the blend\n\n{about}\n\n"
        "Command: `NASFLOW_DATA=... python benchmarks/tries.py`\n",
        FINDINGS,
    ]
    for number, measure in enumerate(("tau", "P@1%")):
        rows = [["member", *spaces, "mean", "between"]]
        for name in (*TRIED, "all of them"):
            gains = [
                _mean(runs, name, number) - _mean(runs, "blend", number) for runs in spaces.values()
            ]
            cells = [f"{gain:+.1f}" for gain in gains]
            if name in TRIED:
                alone = [_mean(runs, f"{name} alone", number) for runs in spaces.values()]
                cells = [f"{c} ({a:.1f})" for c, a in zip(cells, alone, strict=True)]
            ends = f"{min(gains):+.1f} and {max(gains):+.1f}"
            rows.append([name, *cells, f"{np.mean(gains):+.1f}", ends])
        blend = [f"{_mean(runs, 'blend', number):.1f}" for runs in spaces.values()]
        rows.insert(1, ["the blend itself", *blend, "", ""])
        counts = ", ".join(f"{runs[0]['n_labels']} on {space}" for space, runs in spaces.items())
        sections.append(
            f"## {measure} x100: what is added (what the member has alone)\n\n"
            f"Labels: {counts}; {len(next(iter(spaces.values())))} splits.\n\n{markdown(rows)}"
        )
    return "\n".join(sections)


def _mean(runs: Sequence[Mapping[str, Any]], line: str, number: int) -> float:
    """The mean of a line over the splits."""
    return float(np.mean([run["results"][line][number] for run in runs]))


def main() -> None:
    """Make the splits that are missing, and the page of all that are done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spaces", nargs="+", default=SPACES)
    parser.add_argument("--splits", nargs="+", type=int, default=SPLITS)
    parser.add_argument("--out", type=Path, default=Path("docs/results/tries.md"), help="the page")
    parser.add_argument("--report", action="store_true", help="only write the page")
    options = parser.parse_args()
    journal = Journal(options.out.with_suffix(".jsonl"))
    for space in () if options.report else options.spaces:
        dataset = open_dataset(space)
        for split in options.splits:
            key = f"{space} {split}"
            if key in journal.entries():
                continue
            started = time.perf_counter()
            journal.append({"key": key, "space": space, **measured(dataset, split)})
            # as they come: a split takes up to two minutes
            print(f"{key}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
            write_text(options.out, page(journal.entries()))
    write_text(options.out, page(journal.entries()))


if __name__ == "__main__":
    main()
