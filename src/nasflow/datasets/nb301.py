"""NAS-Bench-301: 10,000 DARTS architectures with the surrogate benchmark's accuracies.

The labels come from the benchmark's surrogate with its noise switched on, not from trainings; they
count as trained here, since a user of the benchmark pays for them as for a training. Each
architecture is one merged graph of 30 nodes (`nasflow.spaces.darts`).
"""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path

import numpy as np

from nasflow.datasets.base import Dataset, Metric
from nasflow.datasets.computed import cached_with_computed
from nasflow.datasets.locate import find_data_file
from nasflow.errors import DataError, GraphError
from nasflow.running.files import require_file, sha256
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
    graphs, rows = [], []
    try:
        with gzip.open(require_file(path), "rt", encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise DataError(f"{path} is no readable JSONL ({error})") from None
    if not lines:
        raise DataError(f"{path} holds no architecture")
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
            graphs.append(space.from_genotype(record))
            rows.append([float(record[column]) for column in _COLUMNS])
        except GraphError as error:
            raise DataError(f"{path} line {number}: {error}") from None
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise DataError(
                f"{path} line {number} is no record of NAS-Bench-301 ({error!r})"
            ) from None
    names = [metric.name for metric in _COLUMNS.values()]
    columns = np.array(rows).reshape(-1, len(_COLUMNS)).T.copy()  # (n_columns, n_rows)
    return Dataset(
        name="nb301",
        table=space.table(graphs),
        metrics=dict(zip(names, _COLUMNS.values(), strict=True)),
        values=dict(zip(names, columns, strict=True)),
        default_metric="val_acc",
        space="darts",
        file_order_is_random=True,
        origin={"source": SOURCE, "files": {path.name: sha256(path)}},
    )
