"""How often intervals hold that should hold half of labels, or nine of ten.

    NASFLOW_DATA=... python benchmarks/intervals.py --out docs/results/intervals.md

Rows to label are drawn at random, 3,000 others are tested. Shares in per cent, widths in standard
deviations of the tested labels, means over the draws. `chosen` has rows that `nasflow choose` took,
and `searched` those that a search trained (its best ones crowd together): there rows are not drawn
as the tested ones are, and nothing promises that intervals hold.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from nasflow import Blend, Dataset, choose, kendall_tau, open_dataset
from nasflow.experiments.graph_models import LEVELS
from nasflow.experiments.tables import markdown
from nasflow.running.files import write_text
from nasflow.statistics.metrics import crps

SPACES = ("nb101", "nb201", "nb301", "nasbench-macro", "transnas-micro", "nbgraph-cora")
COLUMNS = ("space", "rows", "labels", "tau", "in 50 %", "in 90 %", "width of 90 %", "CRPS")
WAYS = ("random", "chosen", "searched")


def searched(dataset: Dataset, labels: np.ndarray, rows: np.ndarray, n: int, seed: int):
    """(n,) rows as a search would train them: by samples of labels, a tenth in each round."""
    random = np.random.RandomState(seed)
    known = random.permutation(rows)[: max(5, n // 4)]
    while len(known) < n:
        left = np.setdiff1d(rows, known)
        left = random.permutation(left)[:3000]
        blend = Blend(["graph-gp", "flow-gp"]).fit(dataset.table[known], labels[known])
        promise = blend.samples(dataset.table[left], 1, seed=len(known))[0]
        step = min(max(1, n // 10), n - len(known))
        known = np.concatenate([known, left[np.argsort(-promise)[:step]]])
    return known


def measured(dataset: Dataset, n: int, seed: int, way: str) -> list[float]:
    """The numbers of one draw."""
    metric = dataset.metric()
    labels = dataset.labels(metric.name) * (1 if metric.maximise else -1)
    order = np.random.RandomState(1000 + seed).permutation(np.flatnonzero(np.isfinite(labels)))
    half, test = order[: len(order) // 2], order[len(order) // 2 :][:3000]
    rows = half[:n]
    if way == "chosen":
        rows = half[choose(dataset.table[half], n, seed=seed)]
    if way == "searched":
        rows = searched(dataset, labels, half, n, seed)
    blend = Blend().fit(dataset.table[rows], labels[rows])
    truth, tests = labels[test], dataset.table[test]
    numbers = [100 * kendall_tau(blend.predict(tests), truth)]
    for level in (0.5, 0.9):
        low, high = blend.interval(tests, level)
        numbers.append(100 * float(((low <= truth) & (truth <= high)).mean()))
    spread = truth.std()
    numbers.append(float((high - low).mean() / spread))
    numbers.append(crps(blend.quantiles(tests, LEVELS), LEVELS, truth) / spread)
    return numbers


def main() -> None:
    """A line for each space, way and number of labels."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spaces", nargs="+", default=SPACES)
    parser.add_argument("--labels", nargs="+", type=int, default=[20, 50, 118, 500])
    parser.add_argument("--draws", type=int, default=4)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=["random"])
    parser.add_argument("--out", default="", help="a page to write")
    options = parser.parse_args()
    rows = [list(COLUMNS)]
    for space in options.spaces:
        dataset = open_dataset(space)
        for way in options.ways:
            for n in options.labels:
                draws = [measured(dataset, n, seed, way) for seed in range(options.draws)]
                means = np.mean(draws, axis=0)
                cells = [f"{mean:.1f}" for mean in means[:3]] + [f"{m:.2f}" for m in means[3:]]
                rows.append([space, way, str(n), *cells])
                # as they come: a line takes up to two minutes
                print(*rows[-1], file=sys.stderr, flush=True)
    text = markdown(rows)
    if options.out:
        command = " ".join(["NASFLOW_DATA=... python", *sys.argv])
        about = "\n".join(__doc__.splitlines()[4:])
        write_text(options.out, f"# Do intervals hold?\n{about}\n\n{text}\nCommand: `{command}`\n")
    print(text)


if __name__ == "__main__":
    main()
