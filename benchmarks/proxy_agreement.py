"""Do the measures agree with the published ones? Spearman with NAS-Bench-Suite-Zero, at full size.

    NASFLOW_DATA=... python benchmarks/proxy_agreement.py

It prints, and writes benchmarks/results/proxy_agreement.json.

NAS-Bench-201: 500 random cells of the published 9,445, width 16, 5 cells a stage. NAS-Bench-101:
the 500 published cells, width 128, 3 cells a stack. The published values are of CIFAR-10 images;
here they are scikit-learn's digits, enlarged to 32 x 32. Beside each: how well the published values
of cells that compute the same agree with each other. Two hours on two cores; a killed run goes on
from its journals (--journals FOLDER).
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from nasflow.datasets import load_dataset
from nasflow.datasets.base import Dataset, Metric
from nasflow.datasets.csv_table import architectures, numbers, read_csv
from nasflow.datasets.locate import find_data_file
from nasflow.datasets.proxy_table import ProxyTable
from nasflow.experiments.manifest import machine, versions
from nasflow.proxies.options import ProxyConfig
from nasflow.proxies.runner import measure_table
from nasflow.running.files import write_json
from nasflow.spaces.nb201 import NB201
from nasflow.statistics.metrics import spearman

RESULTS = Path(__file__).parent / "results" / "proxy_agreement.json"
PUBLISHED = {"jacob_cov": "jacov"}  # ours -> the name there, where it differs
LEAST = {
    "params": 0.95,
    "flops": 0.95,
    "synflow": 0.95,
    "l2_norm": 0.88,
    "nwot": 0.8,
    "snip": 0.8,
    "grad_norm": 0.8,
    "jacob_cov": 0.6,
}
WITHOUT_BATCH = ("params", "flops", "synflow", "l2_norm")


def published_nb201() -> Dataset:
    """The published cells and columns, row by row; nb201 itself joins them by canonical id."""
    path = find_data_file("nb201_zero_cost.csv.gz", "NAS-Bench-Suite-Zero")
    names = [PUBLISHED.get(name, name) for name in LEAST]
    columns, space = read_csv(path, ["arch", *names]), NB201()
    return Dataset(
        "nb201-zero-cost",
        space.table(architectures(path, columns["arch"], space.parse)),
        {name: Metric(name, "published", trained=False) for name in names},
        {name: numbers(path, name, columns[name]) for name in names},
        space="nb201",
    )


def compare(
    name: str,
    dataset: Dataset,
    rows: np.ndarray,
    measures: tuple[str, ...],
    config: ProxyConfig,
    journals: Path,
    jobs: int,
    draws: int = 1,
) -> dict[str, dict[str, Any]]:
    """Spearman of each measure, the mean of some draws, with the published column on some rows."""
    assert dataset.space is not None
    twins = pairs_of_equals(dataset)
    # of cells that compute the same only one is measured, and dead branches have parameters: one of
    # each is kept
    _, first = np.unique(dataset.table[rows].canonical_ids, return_index=True)
    rows = rows[np.sort(first)]
    table = dataset.table[rows]
    columns_of_draws = []
    for seed in range(draws):
        journal = journals / (f"{name}-{seed}.journal" if seed else f"{name}.journal")
        measured = measure_table(
            dataset.space,
            table,
            measures,
            dataclasses.replace(config, seed=seed),
            journal=journal,
            n_workers=jobs,
            progress=True,
        )
        columns_of_draws.append(measured.proxies.columns(ProxyTable.ids_of(table.canonical_ids)))
    result = {}
    for measure in measures:
        values_of_draws = [columns[measure] for columns in columns_of_draws]
        values = np.mean(values_of_draws, axis=0)
        everywhere = dataset.proxy(PUBLISHED.get(measure, measure))
        published = everywhere[rows]
        both = np.isfinite(published) & np.isfinite(values)
        each_draw = [spearman(draw[both], published[both]) for draw in values_of_draws]
        result[measure] = {
            "spearman": round(spearman(values[both], published[both]), 4),
            "asked": LEAST[measure],
            "architectures": int(both.sum()),
            "each_draw": [round(rho, 4) for rho in each_draw],
            "published_with_itself": round(spearman(*everywhere[twins]), 4),
            "pairs": twins.shape[1],
            "seconds_each": round(measured.seconds[measure], 3),
        }
    return result


def pairs_of_equals(dataset: Dataset) -> np.ndarray:
    """(2, n): rows of different cells that compute the same, each in one pair at most.

    How well the published values of such pairs agree says how much of a measure is chance: nobody's
    values can be expected to agree with the published ones much better than those do with
    themselves.
    """
    _, same = np.unique(dataset.table.canonical_ids, return_inverse=True)
    order = np.argsort(same, kind="stable")
    starts = np.flatnonzero(np.r_[True, same[order][1:] != same[order][:-1]])
    sizes = np.diff(np.r_[starts, len(order)])
    firsts = starts[sizes > 1]
    return np.stack([order[firsts], order[firsts + 1]])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--nb201", type=int, default=500, help="cells of NAS-Bench-201")
    parser.add_argument(
        "--nb101", type=int, default=500, help="cells of NAS-Bench-101, measures without a batch"
    )
    parser.add_argument(
        "--nb101-gradients", type=int, default=500, help="cells of NAS-Bench-101, the others"
    )
    parser.add_argument(
        "--nb101-noise", type=int, default=100, help="cells of NAS-Bench-101 with noise for images"
    )
    parser.add_argument("--batch-201", type=int, default=32)
    parser.add_argument("--batch-101", type=int, default=16)
    parser.add_argument(
        "--journals", type=Path, default=Path(tempfile.mkdtemp()), help="folder for unfinished work"
    )
    options = parser.parse_args()

    nb201, nb101 = published_nb201(), load_dataset("nb101-zero-cost")
    cells = np.random.default_rng(0).permutation(len(nb201))
    order = np.random.default_rng(0).permutation(len(nb101))
    results = {
        "nb201": compare(
            "nb201",
            nb201,
            cells[: options.nb201],
            tuple(LEAST),
            ProxyConfig(width=16, cells=5, image_size=32, batch_size=options.batch_201),
            options.journals,
            options.jobs,
        ),
        "nb101": (
            compare(
                "nb101",
                nb101,
                order[: options.nb101],
                WITHOUT_BATCH,
                ProxyConfig(width=128, cells=3, image_size=32, batch_size=2),
                options.journals,
                options.jobs,
            )
            | compare(
                "nb101-gradients",
                nb101,
                order[: options.nb101_gradients],
                ("snip", "grad_norm", "jacob_cov"),
                ProxyConfig(width=128, cells=3, image_size=32, batch_size=options.batch_101),
                options.journals,
                options.jobs,
            )
        ),
    }
    # Jacobians of digits, which are alike, are correlated as those of photographs and of noise are
    # not
    results["nb101, noise"] = compare(
        "nb101-noise",
        nb101,
        order[: options.nb101_noise],
        ("jacob_cov",),
        ProxyConfig(width=128, cells=3, image_size=32, batch_size=32, images="noise"),
        options.journals,
        options.jobs,
        draws=4,
    )
    for space, by_measure in results.items():
        print(space)
        for measure, row in by_measure.items():
            verdict = "" if row["spearman"] >= row["asked"] else "   below"
            if len(row["each_draw"]) > 1:
                verdict += f"; single draws {row['each_draw']}"
            print(
                f"  {measure:10} Spearman {row['spearman']:6.3f} (asked {row['asked']:.2f}) over"
                f" {row['architectures']} cells, {row['seconds_each']:.2f} s each; published values"
                f" of {row['pairs']} pairs of cells that compute the same:"
                f" {row['published_with_itself']:.3f}{verdict}"
            )
    write_json(
        RESULTS,
        {
            "command": "python benchmarks/proxy_agreement.py",
            "options": {name: value for name, value in vars(options).items() if name != "journals"},
            "spearman": results,
            "machine": machine(),
            "versions": versions(),
        },
    )


if __name__ == "__main__":
    main()
