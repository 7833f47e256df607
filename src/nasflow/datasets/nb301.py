"""NAS-Bench-301: 10,000 DARTS architectures with the surrogate benchmark's accuracies.

The labels come from the benchmark's surrogate with its noise switched on, not from trainings; they
count as trained here, since a user of the benchmark pays for them as for a training. Each
architecture is one merged graph of 30 nodes (`nasflow.spaces.darts`).
"""

from __future__ import annotations

from pathlib import Path

from nasflow.datasets.base import Dataset, Metric
from nasflow.datasets.computed import cached_with_computed
from nasflow.datasets.jsonl_records import jsonl_records, of_each_line, values_of
from nasflow.datasets.locate import find_data_file
from nasflow.running.files import sha256
from nasflow.spaces.darts import Darts

SOURCE = "NAS-Bench-301 (Apache-2.0), https://github.com/automl/nasbench301"

_COLUMNS = {
    "nb301_val_acc": Metric(
        "val_acc", "CIFAR-10 validation accuracy that the surrogate predicts, with noise"
    ),
    "nb301_runtime": Metric(
        "runtime", "training time that the surrogate predicts", unit="s", maximise=False
    ),
    "flops": Metric(
        "flops", "multiply-adds of one inference", unit="", maximise=False, trained=False
    ),
}


def load_nb301() -> Dataset:
    """The 10,000 architectures in the file's random order."""
    path = find_data_file("nb301.jsonl.gz", SOURCE)
    return cached_with_computed("nb301", 1, [path], lambda: _read(path))


def _read(path: Path) -> Dataset:
    space = Darts()
    records = jsonl_records(path)
    return Dataset(
        name="nb301",
        table=space.table(of_each_line(path, records, space.from_genotype)),
        metrics={metric.name: metric for metric in _COLUMNS.values()},
        values=values_of(path, records, _COLUMNS),
        default_metric="val_acc",
        space="darts",
        file_order_is_random=True,
        origin={"source": SOURCE, "files": {path.name: sha256(path)}},
    )
