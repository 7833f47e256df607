"""How a blend ranks, how often its intervals hold, and how long it takes, on splits for design.

    NASFLOW_DATA=... python benchmarks/blend.py --splits 1 2 3
    NASFLOW_DATA=... python benchmarks/blend.py --many 1000000

The splits have other seeds than the protocol's, which results are reported on. tau x100, P@1% and
P@5% in per cent; `single` is the member that turned out best in the test half, which nobody could
have chosen. In the same run stand scikit-learn's random forest on one-hot codes and XGBoost on the
path features, both as they are by default (`pip install 'nasflow[peers]'`; without it there is no
line of XGBoost). With `--many` each predicts a table of so many rows. Seconds are of the processor,
one core where OMP_NUM_THREADS=1.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nasflow import Blend, Dataset, ProtocolConfig, kendall_tau, open_dataset
from nasflow.experiments.manifest import processor
from nasflow.experiments.protocol import split_of
from nasflow.experiments.tables import markdown
from nasflow.features.make import Features, setting_of
from nasflow.graphs.table import ArchTable
from nasflow.statistics.metrics import precision_at
from tree_peers import PEERS

FloatArray = npt.NDArray[np.float64]
Model = Callable[[ArchTable], FloatArray]
"""What predicts a table of architectures."""

SPACES = ("nb101", "nb201", "nb301", "nasbench-macro", "transnas-micro", "nbgraph-cora")
COLUMNS = ("tau", "P@1%", "P@5%", "single", "equal", "in 50 %", "in 90 %", "fit s", "predict s")
PEER_COLUMNS = ("tau", "P@1%", "P@5%", "fit s", "predict s")
CHUNK = 16_384  # rows whose features a peer is given at a time


@dataclass(frozen=True, eq=False)
class Half:
    """A split: the rows that are learnt from, with labels that rise, and those to predict."""

    labelled: npt.NDArray[np.int64]
    test: npt.NDArray[np.int64]
    labels: FloatArray
    """(N,) of all rows."""


def half_of(dataset: Dataset, seed: int) -> Half:
    """1 % of the training half and 40 more rows; and the test half."""
    metric = dataset.metric()
    split = split_of(dataset, (metric.name,), seed, ProtocolConfig())
    labels = dataset.labels(metric.name) * (1 if metric.maximise else -1)
    return Half(np.sort(np.concatenate([split.train, split.validation])), split.test, labels)


def measured(dataset: Dataset, half: Half, proxies: list[str]) -> list[float]:
    """The columns of one split."""
    labelled, test = half.labelled, half.test
    reference = {name: dataset.proxy(name) for name in proxies} or None
    known = {name: dataset.proxy(name)[labelled] for name in proxies} or None
    unknown = {name: dataset.proxy(name)[test] for name in proxies} or None
    started = time.process_time()
    blend = Blend().fit(dataset.table[labelled], half.labels[labelled], known, reference=reference)
    fitted = time.process_time()
    predicted = blend.predict(dataset.table[test], unknown)
    done = time.process_time()
    truth = half.labels[test]
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


def fitted_peer(name: str, dataset: Dataset, half: Half) -> Model | None:
    """Another package's model on one of our groups of features; None where it is not installed."""
    group, make = PEERS[name]
    table = dataset.table[half.labelled]
    model = make()
    features = Features(setting_of(table), [group])
    # a space may have no positions, and so no one-hot code
    if model is None or not features.names:
        return None
    model.fit(features(table), half.labels[half.labelled])

    def predict(tests: ArchTable) -> FloatArray:
        parts = []
        # a million rows at once would fill gigabytes
        for start in range(0, len(tests), CHUNK):
            parts.append(model.predict(features(tests[start : start + CHUNK])))
        return np.concatenate(parts).astype(np.float64)

    return predict


def measured_peer(name: str, dataset: Dataset, half: Half) -> list[float] | None:
    """The columns of a peer on one split."""
    started = time.process_time()
    predict = fitted_peer(name, dataset, half)
    if predict is None:
        return None
    fitted = time.process_time()
    predicted = predict(dataset.table[half.test])
    done = time.process_time()
    truth = half.labels[half.test]
    top = [100 * precision_at(predicted, truth, percent) for percent in (1, 5)]
    return [100 * kendall_tau(predicted, truth), *top, fitted - started, done - fitted]


def many(n_rows: int) -> str:
    """Seconds and memory of a table of `n_rows`, cells of NAS-Bench-201, with 118 labels."""
    dataset = open_dataset("nb201")
    half = half_of(dataset, 1)
    table = dataset.table[np.random.RandomState(0).randint(0, len(dataset.table), n_rows)]
    blend = Blend().fit(dataset.table[half.labelled], half.labels[half.labelled])
    models: dict[str, Model | None] = {"blend": blend.predict}
    models |= {name: fitted_peer(name, dataset, half) for name in PEERS}
    rows = [["model", "seconds", "more memory than before, MB"]]
    for name, predict in models.items():
        if predict is None:
            continue
        # the first rows apart: libraries that are loaded then are no memory of rows
        predict(table[:CHUNK])
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.process_time()
        predict(table)
        seconds = time.process_time() - started
        more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        rows.append([name, f"{seconds:.1f}", f"{more / 1024:.0f}"])
    return f"{n_rows:,} rows on {processor()}:\n\n{markdown(rows)}"


def main() -> None:
    """A line for each space, a mean over the splits; and the same of peers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spaces", nargs="+", default=SPACES)
    parser.add_argument("--splits", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--proxies", nargs="*", default=[], help="columns that need no training")
    parser.add_argument("--many", type=int, default=0, help="only predict a table of so many rows")
    options = parser.parse_args()
    if options.many:
        print(many(options.many))
        return
    rows = [["space", *COLUMNS]]
    of_peers = [["space", "model", *PEER_COLUMNS]]
    for space in options.spaces:
        dataset = open_dataset(space)
        halves = [half_of(dataset, seed) for seed in options.splits]
        runs = [measured(dataset, half, options.proxies) for half in halves]
        rows.append([space, *(f"{value:.1f}" for value in np.mean(runs, axis=0))])
        for name in PEERS:
            peers = [measured_peer(name, dataset, half) for half in halves]
            there = [numbers for numbers in peers if numbers is not None]
            if there:
                means = np.mean(there, axis=0)
                of_peers.append([space, name, *(f"{value:.1f}" for value in means)])
        # as they come: a space takes up to a minute
        print(*rows[-1], file=sys.stderr, flush=True)
    print(markdown(rows))
    print(markdown(of_peers))


if __name__ == "__main__":
    main()
