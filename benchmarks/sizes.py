"""Networks that differ in sizes: the default predictor beside models of the flat numbers.

    NASFLOW_DATA=... python benchmarks/sizes.py --out docs/results/sizes.md

Of each table 20, 50 or 100 random rows have labels, and all others are predicted. `blend` is
`Predictor()`, which sees the graph with the numbers on its nodes. The others see what a user would
type into a table, the choices as one row of numbers: `ridge` (its strength by cross-validation),
`extra trees` (300) and `Gaussian process` (one length a column), all of scikit-learn; and `line`,
least squares on the multiply-adds and parameters of the whole network, which the space derives. tau
and shares x100; MAPE and shares within 10 % where the label is a time. Splits 100 and on were not
looked at before all was chosen.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nasflow import Dataset, Predictor, kendall_tau, open_dataset
from nasflow.datasets.csv_table import read_csv
from nasflow.datasets.jsonl_records import jsonl_records
from nasflow.datasets.locate import find_data_file
from nasflow.experiments.tables import markdown
from nasflow.prediction.label import Label
from nasflow.running.files import write_text

FloatArray = npt.NDArray[np.float64]

METRICS = {
    "ofa-latency": ("latency.titan_rtx_64", "latency.v100_1"),
    "accel-nasbench": ("val_top1", "latency_zcu102"),
    "bert-glue": ("glue",),
}
SPLITS = tuple(range(100, 106))


def flat_ofa() -> FloatArray:
    """(N, 46): kernels and expansions, 0 for a layer that does not exist, depths, resolution."""
    rows = []
    for record in jsonl_records(find_data_file("ofa_latency.jsonl.gz", "")):
        exists = [i % 4 < record["d"][i // 4] for i in range(20)]
        kernels, expansions = np.array(record["ks"]) * exists, np.array(record["e"]) * exists
        rows.append([*kernels, *expansions, *record["d"], record["resolution"]])
    return np.array(rows, float)


def flat_accel() -> FloatArray:
    """(N, 28): expansion, kernel, layers and squeeze-and-excite of seven blocks."""
    titles = [f"block{i}_{choice}" for i in range(7) for choice in ("e", "k", "l", "se")]
    columns = read_csv(find_data_file("accel_nasbench.csv.gz", ""), titles)
    truth = {"True": 1.0, "False": 0.0}
    rows = [[truth.get(text, text) for text in columns[title]] for title in titles]
    return np.array(rows, float).T


def flat_bert() -> FloatArray:
    """(N, 34): hidden size, number of layers, and of each layer its kind and three numbers."""
    kinds = [("SA", "SDP"), ("SA", "WMA"), ("LT", "DFT"), ("LT", "DCT"), ("DSC", 5), ("DSC", 9)]
    rows = []
    for record in jsonl_records(find_data_file("bert_glue.jsonl.gz", "")):
        row = [record["hidden"], len(record["layers"])]
        for i in range(4):
            layer = record["layers"][i] if i < len(record["layers"]) else None
            if layer is None:
                row += [0] * (len(kinds) + 3)
                continue
            row += [(layer["op"], layer["parameter"]) == kind for kind in kinds]
            row += [layer["heads"], layer["ffn_dim"], layer["n_ffn"]]
        rows.append(row)
    return np.array(rows, float)


FLAT = {"ofa-latency": flat_ofa, "accel-nasbench": flat_accel, "bert-glue": flat_bert}


@dataclass
class Task:
    """One table, one metric, one draw of labelled rows."""

    dataset: Dataset
    flat: FloatArray
    labels: FloatArray
    known: npt.NDArray[np.int64]
    others: npt.NDArray[np.int64]
    label: Label

    def of_flat(self, model: object) -> FloatArray:
        """Predictions by a model of scikit-learn."""
        pipeline = make_pipeline(StandardScaler(), model)
        pipeline.fit(self.flat[self.known], self.labels[self.known])
        predicted: FloatArray = pipeline.predict(self.flat[self.others])
        return predicted


def by_blend(task: Task) -> FloatArray:
    """`Predictor()`."""
    table = task.dataset.table
    predictor = Predictor().fit(table[task.known], task.labels[task.known], label=task.label)
    predicted: FloatArray = predictor.predict(table[task.others])
    return predicted


def by_line(task: Task) -> FloatArray:
    """Least squares on the multiply-adds and parameters of the whole network."""
    table = task.dataset.table
    totals = [table.global_names.index(name) for name in ("flops", "params")]
    x = table.globals[:, totals].astype(float)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    line = LinearRegression().fit(x[task.known], task.labels[task.known])
    predicted: FloatArray = line.predict(x[task.others])
    return predicted


def by_process(task: Task) -> FloatArray:
    """A Gaussian process with a length for each column."""
    kernel = 1.0 * RBF(np.ones(task.flat.shape[1]) * 5, (0.1, 1e3)) + WhiteKernel(0.1, (1e-4, 1))
    return task.of_flat(GaussianProcessRegressor(kernel, normalize_y=True))


METHODS: dict[str, Callable[[Task], FloatArray]] = {
    "blend": by_blend,
    "ridge": lambda task: task.of_flat(RidgeCV(np.logspace(-2, 3, 11))),
    "extra trees": lambda task: task.of_flat(ExtraTreesRegressor(300, random_state=0)),
    "Gaussian process": by_process,
    "line": by_line,
}


def measured(name: str, metric_name: str, n: int, split: int, method: str) -> dict[str, float]:
    """tau, mean absolute error in %, share within 10 %, and seconds of one run."""
    dataset = open_dataset(name)
    metric = dataset.metric(metric_name)
    labels = dataset.labels(metric_name)
    order = np.random.RandomState(split).permutation(np.flatnonzero(np.isfinite(labels)))
    label = Label(metric.name, metric.unit, metric.maximise)
    task = Task(dataset, FLAT[name](), labels, order[:n], order[n:], label)
    with warnings.catch_warnings():
        # lengths of columns that do not matter run to their bound
        warnings.simplefilter("ignore", ConvergenceWarning)
        predicted = METHODS[method](task)
    truth = labels[task.others]
    off = np.abs(predicted / truth - 1)
    return {
        "tau": 100 * kendall_tau(predicted, truth),
        "MAPE": 100 * float(off.mean()),
        "within": 100 * float((off <= 0.1).mean()),
    }


def page(runs: dict[str, dict[str, float]], options: argparse.Namespace) -> str:
    """The tables of all runs that are there."""
    sections = []
    for name, metrics in METRICS.items():
        for metric in metrics:
            rows = [["method", *[f"{n} labels" for n in options.labels]]]
            is_time = open_dataset(name).metric(metric).unit in ("ms", "s")
            for method in METHODS:
                cells = [method]
                for n in options.labels:
                    keys = [f"{name} {metric} {n} {split} {method}" for split in options.splits]
                    found = [runs[key] for key in keys if key in runs]
                    cells.append(_cell(found, is_time) if found else "-")
                rows.append(cells)
            what = "tau, MAPE, share within 10 %" if is_time else "tau"
            sections.append(f"## {name}, {metric}\n\n{what}\n\n{markdown(rows)}")
    about = "\n".join(__doc__.splitlines()[4:])
    command = " ".join(["NASFLOW_DATA=... python", *sys.argv])
    head = f"# Networks that differ in sizes\n{about}\n\nCommand: `{command}`\n"
    return "\n".join([head, *sections])


def _cell(runs: list[dict[str, float]], is_time: bool) -> str:
    """Means over splits, the deviation of tau in brackets."""
    mean = {key: float(np.mean([run[key] for run in runs])) for key in runs[0]}
    tau = f"{mean['tau']:.1f} ({np.std([run['tau'] for run in runs]):.1f})"
    return f"{tau}, {mean['MAPE']:.1f}, {mean['within']:.0f}" if is_time else tau


def main() -> None:
    """Make the runs that are missing, and write the page as they come."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="+", default=list(METRICS), choices=list(METRICS))
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--labels", nargs="+", type=int, default=[20, 50, 100])
    parser.add_argument("--splits", nargs="+", type=int, default=list(SPLITS))
    parser.add_argument("--runs", default="runs/sizes.jsonl", help="a line for each run made")
    parser.add_argument("--out", default="docs/results/sizes.md")
    options = parser.parse_args()
    journal = Path(options.runs)
    journal.parent.mkdir(parents=True, exist_ok=True)
    lines = journal.read_text().splitlines() if journal.exists() else []
    runs = {line["run"]: line for line in map(json.loads, lines)}
    for split in options.splits:
        for name in options.tables:
            for metric in METRICS[name]:
                for n in options.labels:
                    for method in options.methods:
                        key = f"{name} {metric} {n} {split} {method}"
                        if key in runs:
                            continue
                        runs[key] = measured(name, metric, n, split, method)
                        with journal.open("a") as file:
                            file.write(json.dumps({"run": key, **runs[key]}) + "\n")
        runs = {key: {k: v for k, v in run.items() if k != "run"} for key, run in runs.items()}
        write_text(options.out, page(runs, options))
        print(f"split {split}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
