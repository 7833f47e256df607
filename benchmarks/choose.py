"""Do rows that `nasflow choose` takes teach more than random ones? On splits for design.

    NASFLOW_DATA=... python benchmarks/choose.py --splits 1 2 3 4

Of each split one half may be labelled and the other is predicted, by a blend without a zero-cost
column unless some are named. tau x100 and P@1% in per cent, mean (standard deviation) over the
splits.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from nasflow import Blend, Dataset, choose, kendall_tau, open_dataset
from nasflow.experiments.tables import markdown
from nasflow.prediction.members.registry import FAST
from nasflow.statistics.metrics import precision_at

SPACES = ("transnas-micro", "nasbench-macro", "nb201", "nb101", "nbgraph-cora")
MEMBERS = ("graph-gp", "flow-gp", "trees")


def measured(dataset: Dataset, n: int, split: int, aim: str, names: list[str]) -> np.ndarray:
    """(2, 2): tau and P@1% of random rows, and of chosen ones."""
    metric = dataset.metric()
    labels = dataset.labels(metric.name) * (1 if metric.maximise else -1)
    order = np.random.RandomState(split).permutation(np.flatnonzero(np.isfinite(labels)))
    half, test = np.split(order, [len(order) // 2])
    proxies = {name: dataset.proxy(name) for name in names}
    of_half = {name: column[half] for name, column in proxies.items()}
    chosen = half[choose(dataset.table[half], n, proxies=of_half or None, aim=aim, seed=split)]
    members = FAST if names else MEMBERS
    results = []
    for rows in (half[:n], chosen):
        at_rows, at_test = (
            {name: column[which] for name, column in proxies.items()} or None
            for which in (rows, test)
        )
        blend = Blend(members, seed=split)
        blend.fit(dataset.table[rows], labels[rows], at_rows, reference=proxies or None)
        predicted = blend.predict(dataset.table[test], at_test)
        truth = labels[test]
        results.append([kendall_tau(predicted, truth), precision_at(predicted, truth, 1)])
    return 100 * np.array(results)


def main() -> None:
    """A line for each space and number of labels."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spaces", nargs="+", default=SPACES)
    parser.add_argument("--labels", nargs="+", type=int, default=[20, 40, 100])
    parser.add_argument("--splits", nargs="+", type=int, default=[1, 2, 3, 4])
    parser.add_argument("--aim", choices=["ranking", "top"], default="ranking")
    parser.add_argument("--proxies", nargs="*", default=[], help="columns that need no training")
    options = parser.parse_args()
    header = ["space", "labels", "tau, random", "tau, chosen", "P@1%, random", "P@1%, chosen"]
    rows = []
    for space in options.spaces:
        dataset = open_dataset(space)
        for n in options.labels:
            runs = np.stack(
                [
                    measured(dataset, n, split, options.aim, options.proxies)
                    for split in options.splits
                ]
            )
            means, deviations = runs.mean(axis=0), runs.std(axis=0)
            cells = [
                f"{means[way, of]:.1f} ({deviations[way, of]:.1f})"
                for of in (0, 1)
                for way in (0, 1)
            ]
            rows.append([space, str(n), *cells])
            # as they come: a line takes up to a minute
            print(*rows[-1], file=sys.stderr, flush=True)
    print(markdown([header, *rows]))


if __name__ == "__main__":
    main()
