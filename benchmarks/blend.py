"""How a blend ranks, how often its intervals hold, and how long it takes, on splits for design.

    NASFLOW_DATA=... python benchmarks/blend.py --splits 1 2 3

The splits have other seeds than the protocol's, which results are reported on. tau x100, P@1% and
P@5% in per cent; `single` is the member that turned out best in the test half, which nobody could
have chosen.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

from nasflow import Blend, Dataset, ProtocolConfig, kendall_tau, open_dataset
from nasflow.experiments.protocol import split_of
from nasflow.experiments.tables import markdown
from nasflow.statistics.metrics import precision_at

SPACES = ("nb101", "nb201", "nb301", "nasbench-macro", "transnas-micro", "nbgraph-cora")
COLUMNS = ("tau", "P@1%", "P@5%", "single", "equal", "in 50 %", "in 90 %", "fit s", "predict s")


def measured(dataset: Dataset, seed: int, proxies: list[str]) -> list[float]:
    """The columns of one split."""
    metric = dataset.metric()
    split = split_of(dataset, (metric.name,), seed, ProtocolConfig())
    labelled, test = np.sort(np.concatenate([split.train, split.validation])), split.test
    labels = dataset.labels(metric.name) * (1 if metric.maximise else -1)
    reference = {name: dataset.proxy(name) for name in proxies} or None
    known = {name: dataset.proxy(name)[labelled] for name in proxies} or None
    unknown = {name: dataset.proxy(name)[test] for name in proxies} or None
    started = time.perf_counter()
    blend = Blend().fit(dataset.table[labelled], labels[labelled], known, reference=reference)
    fitted = time.perf_counter()
    predicted = blend.predict(dataset.table[test], unknown)
    done = time.perf_counter()
    truth = labels[test]
    members = blend.predict_members(dataset.table[test], unknown)
    single = max(kendall_tau(values, truth) for values in members.values())
    equal = kendall_tau(np.mean(list(members.values()), axis=0), truth)
    inside = []
    for level in (0.5, 0.9):
        low, high = blend.interval(dataset.table[test], level, unknown)
        inside.append(100 * float(((low <= truth) & (truth <= high)).mean()))
    taus = [100 * tau for tau in (kendall_tau(predicted, truth), single, equal)]
    top = [100 * precision_at(predicted, truth, percent) for percent in (1, 5)]
    return [taus[0], *top, *taus[1:], *inside, fitted - started, done - fitted]


def main() -> None:
    """A line for each space, a mean over the splits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spaces", nargs="+", default=SPACES)
    parser.add_argument("--splits", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--proxies", nargs="*", default=[], help="columns that need no training")
    options = parser.parse_args()
    rows = []
    for space in options.spaces:
        dataset = open_dataset(space)
        runs = [measured(dataset, seed, options.proxies) for seed in options.splits]
        rows.append([space, *(f"{value:.1f}" for value in np.mean(runs, axis=0))])
        # as they come: a space takes up to a minute
        print(*rows[-1], file=sys.stderr, flush=True)
    print(markdown([["space", *COLUMNS], *rows]))


if __name__ == "__main__":
    main()
