"""A folder of results made by hand, so small that a report's figures can be computed on paper.

Thirteen architectures, the last without a label. Two splits and one seed; ten test rows, which
`none` ranks as they are in the first split and with the best two exchanged in the second; `flow`
ranks them backwards in both.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from nasflow.datasets import open_dataset
from nasflow.experiments.records import RunRecord
from nasflow.running.journal import Journal

TEST_ROWS = np.arange(2, 12)
TRUTH = np.arange(3.0, 13.0)  # row r has the accuracy r + 1
EXCHANGED = np.array([3, 4, 5, 6, 7, 8, 9, 10, 12, 11], float)
TAUS = {("none", 1): 0.5, ("none", 2): 0.7, ("flow", 1): 0.6, ("flow", 2): 1.0}
OPS = ("input", "conv", "pool", "output")


def graph(row: int) -> dict[str, Any]:
    """Row `row`: a chain of 3 to 6 nodes, no two of them alike.

    Every second one has a skip from first to last, and those from row 8 on one from first to third.
    """
    n = 3 + row % 4
    middle = [OPS[1 + (row // 4 + i) % 2] for i in range(n - 2)]
    edges = [[i, i + 1] for i in range(n - 1)]
    if row % 2:
        edges.append([0, n - 1])
    if row >= 8:
        edges.append([0, 2])
    return {"ops": ["input", *middle, "output"], "edges": edges}


def write_dataset(path: Path, names: dict[str, str] | None = None) -> Path:
    """The JSONL file; `names` renames operations."""
    lines = []
    for row in range(13):
        record: dict[str, Any] = graph(row)
        record["ops"] = [(names or {}).get(op, op) for op in record["ops"]]
        lines.append(json.dumps({**record, "accuracy": None if row == 12 else row + 1.0}))
    path.write_text("\n".join(lines))
    return path


def entry(data: Path, method: str, split: int, **changes: Any) -> dict[str, Any]:
    """The journal's line of a run."""
    tau = TAUS.get((method, split), 0.3)
    return {
        "key": f"{method.encode().hex()}{split}",
        "kind": "run",
        "dataset": str(data),
        "metric": "accuracy",
        "method": method,
        "split": split,
        "seed": 7,
        "n_train": 2,
        "n_validation": 1,
        "n_test": 10,
        "fit_seconds": 2.0 * split,
        "n_twins": 0,
        "tau": tau,
        "spearman": tau,
        "p1": tau / 2,
        "p5": tau / 4,
        "rmse": 1.5,
        "last_tau": tau - 0.1,
        "last_p1": 0.3,
        **changes,
    }


def write_results(
    folder: Path, data: Path, methods: tuple[str, ...] = ("none", "flow"), **manifest: Any
) -> Path:
    """The folder, and in it all that a report can show of `methods`."""
    dataset = open_dataset(str(data))
    journal = Journal(folder / "runs.jsonl")
    runs: dict[str, str | None] = {}
    for method in methods:
        done = None if method == "none" else f"{method.encode().hex()}p"
        if done:
            journal.append(
                {
                    "key": done,
                    "kind": "pretraining",
                    "pretext": method,
                    "seed": 7,
                    "seconds": 30.0,
                    "loss": 0.25,
                    "task_losses": {task: [1.0, 0.5, 0.25] for task in method.split("+")},
                }
            )
        for split in (1, 2):
            line = entry(data, method, split)
            runs[line["key"]] = done
            predicted = (TRUTH if split == 1 else EXCHANGED) if method == "none" else -TRUTH
            RunRecord(
                TEST_ROWS.astype(np.int32),
                predicted.astype(np.float32),
                TRUTH.astype(np.float32),
                np.array([0.0, split / 10, 0.4], np.float32),
            ).save(folder, line["key"])
            journal.append(line)
    (folder / "manifest.json").write_text(
        json.dumps(
            {
                "dataset": {
                    "name": "chains",
                    "rows": 13,
                    "content_sha256": dataset.content_hash(),
                    "origin": {},
                },
                "metric": {
                    "name": "accuracy",
                    "description": "accuracy of chains",
                    "unit": "%",
                    "maximise": True,
                    "trained": True,
                },
                "options": {"surrogate": {"k": 4, "sigma": 1.0}},
                "runs": runs,
                "command": "nasflow evaluate chains.jsonl",
                "date": "2026-01-01T00:00:00+00:00",
                "machine": {"processor": "abacus", "cores": 1, "platform": "desk"},
                "versions": {"nasflow": "0"},
                **manifest,
            }
        )
    )
    return folder
