"""NAS-Bench-Macro's 6,561 chains: mean and spread of three trainings.

The file is sorted, so split it after a permutation.
"""

from __future__ import annotations

from pathlib import Path

from nasflow.datasets.base import Dataset, Metric
from nasflow.datasets.csv_table import architectures, numbers, read_csv
from nasflow.datasets.locate import cached, find_data_file
from nasflow.running.files import sha256
from nasflow.spaces.macro import Macro

SOURCE = "NAS-Bench-Macro (Apache-2.0), https://github.com/xiusu/NAS-Bench-Macro"

_METRICS = [
    Metric("test_acc_mean", "CIFAR-10 test accuracy, mean of three runs"),
    Metric(
        "test_acc_std", "CIFAR-10 test accuracy, standard deviation of three runs", maximise=False
    ),
    Metric("params", "number of parameters", unit="", maximise=False, trained=False),
    Metric("flops", "multiply-adds of one inference", unit="", maximise=False, trained=False),
]


def load_macro() -> Dataset:
    """All 6,561 networks, in the file's order."""
    path = find_data_file("nasbench_macro.csv.gz", SOURCE)
    return cached("nasbench-macro", 1, [path], lambda: _read(path))


def _read(path: Path) -> Dataset:
    columns = read_csv(path, ["arch", *(metric.name for metric in _METRICS)])
    table = Macro().table(architectures(path, columns.pop("arch"), Macro().parse))
    return Dataset(
        name="nasbench-macro",
        table=table,
        metrics={metric.name: metric for metric in _METRICS},
        values={column: numbers(path, column, texts) for column, texts in columns.items()},
        default_metric="test_acc_mean",
        space="nasbench-macro",
        file_order_is_random=False,
        origin={"source": SOURCE, "files": {path.name: sha256(path)}},
    )
