"""What the default blend learns from a few labels where networks differ in sizes.

    python benchmarks/sizes.py --splits 100 101 102 103 104 105 --out sizes.md

For each column of a data set: Kendall's tau with all other rows, the mean absolute error in per
cent, and how many predictions are within 10 %, means over splits at random. Every split is printed
to the journal as it is done, and a second start goes on.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from nasflow import Predictor, kendall_tau, load_dataset
from nasflow.running.files import write_text

COLUMNS = {
    "ofa-latency": ["latency.titan_rtx_64", "latency.v100_1"],
    "accel-nasbench": ["val_top1", "latency_zcu102"],
    "bert-glue": ["glue"],
}
DESIGN = {
    "ofa-latency": ["latency.2080ti_64", "latency.titan_xp_1"],
    "accel-nasbench": ["val_top5", "latency_vck190", "throughput_a100"],
    "bert-glue": ["sst", "mnli"],
}
"""What choices were made on, with splits of seeds 1 to 20."""
SIZES = (20, 50, 100)


def measured(source: str, column: str, n_labels: int, split: int) -> dict[str, float]:
    """Tau, error, share within 10 % and seconds of one split."""
    dataset = load_dataset(source)
    labels = dataset.labels(column)
    there = np.flatnonzero(np.isfinite(labels))
    order = np.random.RandomState(split).permutation(there)
    known, others = order[:n_labels], order[n_labels:]
    started = time.perf_counter()
    predictor = Predictor().fit(dataset.table[known], labels[known])
    fitted = time.perf_counter()
    predicted = predictor.predict(dataset.table[others])
    away = np.abs(predicted / labels[others] - 1)
    return {
        "tau": kendall_tau(predicted, labels[others]),
        "error": 100 * float(away.mean()),
        "within": 100 * float((away <= 0.1).mean()),
        "fit": fitted - started,
        "predict": time.perf_counter() - fitted,
    }


def page(results: dict[str, dict[str, float]], columns: dict[str, list[str]]) -> str:
    """Means over the splits that there are."""
    lines = [
        "| data | column | labels | tau | error % | within 10 % | fit s | predict s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for source, names in columns.items():
        for column in names:
            for n_labels in SIZES:
                begin = f"{source} {column} {n_labels} "
                of_cell = [value for key, value in results.items() if key.startswith(begin)]
                if not of_cell:
                    continue
                mean = {name: np.mean([each[name] for each in of_cell]) for name in of_cell[0]}
                spread = np.std([each["tau"] for each in of_cell])
                lines.append(
                    f"| {source} | {column} | {n_labels} | {mean['tau']:.3f} ({spread:.3f}) |"
                    f" {mean['error']:.1f} | {mean['within']:.0f} | {mean['fit']:.1f} |"
                    f" {mean['predict']:.1f} |"
                )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--design", action="store_true", help="the columns of the design")
    parser.add_argument("--journal", type=Path, default=Path("runs/sizes.jsonl"))
    parser.add_argument("--out", type=Path, default=Path("runs/sizes.md"))
    options = parser.parse_args()
    columns = DESIGN if options.design else COLUMNS
    options.journal.parent.mkdir(parents=True, exist_ok=True)
    results: dict[str, dict[str, float]] = {}
    if options.journal.exists():
        for line in options.journal.read_text().splitlines():
            results.update(json.loads(line))
    for split in options.splits:
        for source, names in columns.items():
            for column in names:
                for n_labels in SIZES:
                    key = f"{source} {column} {n_labels} {split}"
                    if key in results:
                        continue
                    results[key] = measured(source, column, n_labels, split)
                    with options.journal.open("a") as file:
                        file.write(json.dumps({key: results[key]}) + "\n")
                    print(key, results[key], flush=True)
    write_text(options.out, page(results, columns))
    print(page(results, columns))


if __name__ == "__main__":
    main()
