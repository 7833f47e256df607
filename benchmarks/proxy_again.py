"""Do the zero-cost measures that nasflow brings along come out again on this machine?

    python benchmarks/proxy_again.py      prints, and writes benchmarks/results/proxy_again.json

Some cells of each data set, evenly over those that compute different things, measured anew with the
options that the kept values were measured with. Images and weights come from seeds, so what differs
is rounding and what it grows to.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from nasflow.datasets import load_dataset
from nasflow.datasets.computed import FOLDER
from nasflow.datasets.proxy_table import ProxyTable
from nasflow.experiments.manifest import machine, versions
from nasflow.proxies.options import ProxyConfig
from nasflow.proxies.runner import measure_table
from nasflow.running.files import write_json
from nasflow.statistics.metrics import kendall_tau

RESULTS = Path(__file__).parent / "results" / "proxy_again.json"


def again(name: str, n: int, jobs: int, journals: Path) -> dict[str, dict[str, Any]]:
    """How each measure of `n` cells of a data set agrees with the kept one."""
    kept, dataset = ProxyTable.load(FOLDER / f"{name}.npz"), load_dataset(name)
    _, different = np.unique(dataset.table.canonical_ids, return_index=True)
    evenly = np.linspace(0, len(different) - 1, min(n, len(different))).astype(int)
    rows = np.sort(different)[evenly]
    table, settings = dataset.table[rows], kept.about["settings"]
    config = ProxyConfig(**{option: settings[option] for option in ProxyConfig().to_dict()})
    measured = measure_table(
        settings["space"],
        table,
        tuple(settings["measures"]),
        config,
        journal=journals / name,
        n_workers=jobs,
        progress=True,
    )
    ids = ProxyTable.ids_of(table.canonical_ids)
    before, now = kept.columns(ids), measured.proxies.columns(ids)
    result = {}
    for measure, values in now.items():
        both = np.isfinite(values) & np.isfinite(before[measure])
        old, new = before[measure][both], values[both]
        # relative to the kept value, which may be 0
        apart = np.abs(new - old) / np.maximum(np.abs(old), 1e-300)
        result[measure] = {
            "cells": int(both.sum()),
            "tau": float(f"{kendall_tau(new, old):.4f}"),
            "apart_median": float(f"{np.median(apart):.2g}"),
            "apart_at_most": float(f"{apart.max():.2g}"),
        }
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", type=int, default=200, help="of each data set")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    names = sorted(path.stem for path in FOLDER.glob("*.npz"))
    with tempfile.TemporaryDirectory() as journals:
        agreement = {
            name: again(name, options.cells, options.jobs, Path(journals)) for name in names
        }
    for name, by_measure in agreement.items():
        for measure, row in by_measure.items():
            print(
                f"{name:16}{measure:12}{row['cells']:5} cells, tau {row['tau']:.4f}, apart by"
                f" {row['apart_median']:.2g} of the kept value in the median,"
                f" {row['apart_at_most']:.2g} at most"
            )
    write_json(
        RESULTS,
        {
            "command": f"python benchmarks/proxy_again.py --cells {options.cells}",
            "agreement": agreement,
            "machine": machine(),
            "versions": versions(),
        },
    )


if __name__ == "__main__":
    main()
