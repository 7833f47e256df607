"""Latency of 600 real networks on this processor, learnt from 20, 50 or 100 of them.

    python benchmarks/cpu_latency.py measure --core 1      writes docs/results/cpu-latency.jsonl.gz
    python benchmarks/cpu_latency.py learn                 writes docs/results/cpu-latency.md

400 random convolutional networks and 200 transformers (`benchmarks/cpu_networks.py`), imported by
`from_torch` with the numbers of their layers. Each is timed on one thread of one core, one example
at a time, in inference mode: the median of calls in rounds, in which all networks take their turn,
so that a slow minute of the machine touches all alike. Rows of the labelled part are random; all
others are predicted. `line`: least squares on the multiply-adds and parameters of the whole
network, in logarithms (`log line`) too; `forest`: 300 trees on totals (multiply-adds, parameters,
outputs of all layers, nodes, longest path). tau x100, its deviation over six splits, MAPE in %, and
the share of predictions within 10 % of the measured time.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression

from cpu_networks import networks
from nasflow import Predictor, kendall_tau, open_dataset
from nasflow.experiments.manifest import machine, versions
from nasflow.experiments.tables import markdown
from nasflow.graphs.table import ArchTable
from nasflow.importers import from_torch
from nasflow.prediction.label import Label
from nasflow.running.files import atomic_write, write_json, write_text

FloatArray = npt.NDArray[np.float64]
DATA = Path("docs/results/cpu-latency.jsonl.gz")
ROUNDS, SECONDS = 9, 0.02  # a network's turn in a round: as many calls as fit, at least one


def measure(options: argparse.Namespace) -> None:
    """Time all networks and write them with their latency."""
    os.sched_setaffinity(0, {options.core})
    torch.set_num_threads(1)
    made = networks(options.cnns, options.transformers, options.seed)
    # in inference mode of batch norms and dropout, as they are timed
    graphs = [from_torch(module.eval(), input_shapes=[shape]) for _, module, shape in made]
    samples: list[list[float]] = [[] for _ in made]
    with torch.inference_mode():
        for round_ in range(ROUNDS):
            for i, (_, module, shape) in enumerate(made):
                x = torch.zeros(shape)
                module(x)  # caches of the round before are cold
                until = time.perf_counter() + SECONDS
                while True:
                    started = time.perf_counter()
                    module(x)
                    ended = time.perf_counter()
                    samples[i].append(ended - started)
                    if ended > until:
                        break
            print(f"round {round_ + 1} of {ROUNDS}", file=sys.stderr, flush=True)
    lines = []
    for (kind, _, _), graph, seconds in zip(made, graphs, samples, strict=True):
        halves = [np.median(seconds[::2]), np.median(seconds[1::2])]
        row = {
            "id": kind,
            **graph.to_dict(),
            "latency [ms, min]": round(1e3 * float(np.median(seconds)), 5),
        }
        row["spread [free]"] = round(float(abs(halves[0] / halves[1] - 1)), 5)
        lines.append(json.dumps(row) + "\n")
    with atomic_write(DATA) as file:
        file.write(gzip.compress("".join(lines).encode(), mtime=0))
    about = {"command": " ".join(["python", *sys.argv]), "machine": machine(), **versions()}
    write_json(DATA.with_name("cpu-latency-manifest.json"), about)


def totals(table: ArchTable) -> FloatArray:
    """(N, 5): multiply-adds, parameters, outputs of all layers, nodes, longest path."""
    n_rows = len(table)
    outputs = table.attrs[:, table.attr_names.index("outputs")]
    columns = [table.globals[:, table.global_names.index(name)] for name in ("flops", "params")]
    columns.append(np.bincount(table.node_graph, np.nan_to_num(outputs), n_rows))
    columns.append(np.diff(table.node_ptr))
    columns.append(np.maximum.reduceat(table.generation, table.node_ptr[:-1]).astype(float))
    return np.stack(columns, axis=1).astype(float)


Method = Callable[[ArchTable, FloatArray, FloatArray, ArchTable, FloatArray], FloatArray]


def by_blend(
    known: ArchTable, _x: FloatArray, y: FloatArray, others: ArchTable, _z: FloatArray
) -> FloatArray:
    """`Predictor()`."""
    predictor = Predictor().fit(known, y, label=Label("latency", "ms", maximise=False))
    predicted: FloatArray = predictor.predict(others)
    return predicted


def by_line(
    _known: ArchTable, x: FloatArray, y: FloatArray, _others: ArchTable, z: FloatArray
) -> FloatArray:
    """Least squares on multiply-adds and parameters."""
    scale = x[:, :2].max(axis=0)
    predicted: FloatArray = LinearRegression().fit(x[:, :2] / scale, y).predict(z[:, :2] / scale)
    return predicted


def by_log_line(
    _known: ArchTable, x: FloatArray, y: FloatArray, _others: ArchTable, z: FloatArray
) -> FloatArray:
    """The same of logarithms."""
    line = LinearRegression().fit(np.log(x[:, :2]), np.log(y))
    predicted: FloatArray = np.exp(line.predict(np.log(z[:, :2])))
    return predicted


def by_forest(
    _known: ArchTable, x: FloatArray, y: FloatArray, _others: ArchTable, z: FloatArray
) -> FloatArray:
    """300 trees on totals."""
    forest = RandomForestRegressor(300, random_state=0).fit(x, y)
    predicted: FloatArray = forest.predict(z)
    return predicted


METHODS: dict[str, Method] = {
    "blend": by_blend,
    "line": by_line,
    "log line": by_log_line,
    "forest": by_forest,
}


def learn(options: argparse.Namespace) -> None:
    """A table for all networks, and one for each kind."""
    with warnings.catch_warnings():
        # columns of text are left unread
        warnings.simplefilter("ignore")
        dataset = open_dataset(str(DATA), join=False)
    with gzip.open(DATA, "rt") as file:
        kinds = [json.loads(line)["id"] for line in file]
    latency = dataset.labels("latency")
    x = totals(dataset.table)
    sections = []
    for title, of_kind in [
        ("All networks", ("cnn", "transformer")),
        ("Convolutional networks", ("cnn",)),
        ("Transformers", ("transformer",)),
    ]:
        rows = np.flatnonzero([kind in of_kind for kind in kinds])
        lines = [["method", *[f"{n} labels" for n in options.labels]]]
        for name in options.methods:
            cells = [name]
            for n in options.labels:
                runs = []
                for split in options.splits:
                    order = np.random.RandomState(split).permutation(rows)
                    known, others = order[:n], order[n:]
                    predicted = METHODS[name](
                        dataset.table[known],
                        x[known],
                        latency[known],
                        dataset.table[others],
                        x[others],
                    )
                    off = np.abs(predicted / latency[others] - 1)
                    tau = kendall_tau(predicted, latency[others])
                    runs.append([100 * tau, 100 * off.mean(), 100 * (off <= 0.1).mean()])
                mean, deviation = np.mean(runs, axis=0), np.std(runs, axis=0)
                cells.append(f"{mean[0]:.1f} ({deviation[0]:.1f}), {mean[1]:.1f}, {mean[2]:.0f}")
            lines.append(cells)
            print(title, *cells, file=sys.stderr, flush=True)
        span = f"{latency[rows].min():.2f} to {latency[rows].max():.1f} ms"
        sections.append(f"## {title}\n\n{len(rows)} networks, {span}\n\n{markdown(lines)}")
    about = "\n".join(__doc__.splitlines()[5:])
    spread = dataset.labels("spread")
    noise = (
        f"Medians of every other call differ by {100 * np.median(spread):.1f} % (median over"
        f" networks), by {100 * np.quantile(spread, 0.9):.1f} % at the ninth decile."
    )
    command = " ".join(["python", *sys.argv])
    head = f"# Latency of real networks on a processor\n{about}\n{noise}\n\nCommand: `{command}`\n"
    write_text(options.out, "\n".join([head, *sections]))


def main() -> None:
    """Measure or learn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    first = commands.add_parser("measure")
    first.add_argument("--cnns", type=int, default=400)
    first.add_argument("--transformers", type=int, default=200)
    first.add_argument("--seed", type=int, default=0)
    first.add_argument("--core", type=int, default=0)
    first.set_defaults(run=measure)
    second = commands.add_parser("learn")
    second.add_argument("--labels", nargs="+", type=int, default=[20, 50, 100])
    second.add_argument("--splits", nargs="+", type=int, default=list(range(100, 106)))
    second.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    second.add_argument("--out", default="docs/results/cpu-latency.md")
    second.set_defaults(run=learn)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
