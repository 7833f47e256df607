"""NAS-Bench-101: one run of 20,001 random cells, zero-cost proxies of 500, and the space.

`nb101` is the first 14,580 rows of `nb101.csv.gz`, the size of the protocol's sample; `nb101-all`
is all of them. The accuracies are those of *one* of the benchmark's three runs, so they are noisy,
and of the validation set; the benchmark's test accuracies are not in this file. `nb101` also has
the zero-cost measures that nasflow computed for its rows (`computed/nb101.npz`). `nb101-zero-cost`
reads NAS-Bench-Suite-Zero's proxies, and `nb101-space` lists all 423,624 cells, without metrics and
without a file.
"""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from nasflow.datasets.base import Dataset, Metric
from nasflow.datasets.computed import cached_with_computed
from nasflow.datasets.csv_table import architectures, numbers, read_csv
from nasflow.datasets.locate import cached, find_data_file
from nasflow.errors import DataError, GraphError
from nasflow.graphs.table import ArchTable
from nasflow.running.files import require_file, sha256
from nasflow.spaces.nb101 import NB101

SOURCE = "NAS-Bench-101 (Apache-2.0), https://github.com/google-research/nasbench"
ZERO_COST_SOURCE = "NAS-Bench-Suite-Zero (Apache-2.0), https://github.com/automl/NASLib"

PROTOCOL_ROWS = 14_580  # halves of 7,290 (section 6 of the method)


def _accuracy(n_epochs: int) -> Metric:
    return Metric(
        f"valid_{n_epochs}ep",
        f"CIFAR-10 validation accuracy of one run after {n_epochs} epochs",
        unit="fraction",
    )


_METRICS = [
    *map(_accuracy, (108, 36, 12, 4)),
    Metric("train_seconds", "time of the training of 108 epochs", unit="s", maximise=False),
    Metric("params", "number of parameters", unit="", maximise=False, trained=False),
]

_PROXIES = (
    "epe_nas",
    "fisher",
    "flops",
    "grad_norm",
    "grasp",
    "jacov",
    "l2_norm",
    "params",
    "plain",
    "snip",
    "synflow",
)
# NAS-Bench-Suite-Zero's codes of the operations
_CODES = {0: "input", 1: "output", 2: "maxpool3x3", 3: "conv1x1", 4: "conv3x3"}


def load_nb101(rows: str = "protocol") -> Dataset:
    """The first 14,580 cells of the file (`"protocol"`) or all 20,001 (`"all"`), in its order.

    That order is random.
    """
    path = find_data_file("nb101.csv.gz", SOURCE)
    if rows == "protocol":
        return cached_with_computed("nb101", 1, [path], lambda: _read("nb101", path, PROTOCOL_ROWS))
    return cached("nb101-all", 1, [path], lambda: _read("nb101-all", path, None))


def _read(name: str, path: Path, limit: int | None) -> Dataset:
    columns = read_csv(path, ["upper_triangle", "ops", *(metric.name for metric in _METRICS)])
    columns = {column: texts[:limit] for column, texts in columns.items()}
    graphs = zip(columns.pop("upper_triangle"), columns.pop("ops"), strict=True)
    notations = [f"{triangle}|{ops}" for triangle, ops in graphs]
    cells = architectures(path, notations, NB101().parse)
    return Dataset(
        name=name,
        table=NB101().table(cells),
        metrics={metric.name: metric for metric in _METRICS},
        values={column: numbers(path, column, texts) for column, texts in columns.items()},
        default_metric="valid_108ep",
        space="nb101",
        file_order_is_random=True,
        origin={"source": SOURCE, "files": {path.name: sha256(path)}},
    )


def load_nb101_zero_cost() -> Dataset:
    """500 cells with eleven zero-cost proxies and a validation accuracy, in the file's order."""
    path = find_data_file("nb101_zero_cost_500.json.gz", ZERO_COST_SOURCE)
    return cached("nb101-zero-cost", 1, [path], lambda: _read_zero_cost(path))


def _read_zero_cost(path: Path) -> Dataset:
    try:
        with gzip.open(require_file(path), "rt", encoding="utf-8") as file:
            records: Any = json.load(file)
    except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
        raise DataError(f"{path} is no readable JSON ({error})") from None
    if not isinstance(records, list) or not records:
        raise DataError(f"{path} holds {str(records)[:40]}; it needs a list of records")
    columns = ("val_accuracy", *_PROXIES)
    cells, rows = [], []
    for number, record in enumerate(records):
        try:
            matrix = np.array(record["adjacency_7x7"]).reshape(7, 7).tolist()
            cells.append(NB101().from_matrix(matrix, [_CODES[code] for code in record["rest"]]))
            rows.append([float(record[column]) for column in columns])
        except GraphError as error:
            raise DataError(f"{path} record {number}: {error}") from None
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"{path} record {number} is no record of NAS-Bench-Suite-Zero ({error!r})"
            ) from None
    metrics = [Metric("val_accuracy", "CIFAR-10 validation accuracy after 108 epochs")]
    for proxy in _PROXIES:
        metrics.append(Metric(proxy, f"zero-cost proxy {proxy}", unit="", trained=False))
    values = np.array(rows).reshape(-1, len(columns)).T.copy()  # (n_columns, n_cells)
    return Dataset(
        name="nb101-zero-cost",
        table=NB101().table(cells),
        metrics={metric.name: metric for metric in metrics},
        values=dict(zip(columns, values, strict=True)),
        default_metric="val_accuracy",
        space="nb101",
        file_order_is_random=False,
        origin={"source": ZERO_COST_SOURCE, "files": {path.name: sha256(path)}},
    )


def load_nb101_space() -> Dataset:
    """All 423,624 cells, sorted by number of nodes and edges, without metrics."""
    table: ArchTable = NB101().enumerate()
    return Dataset(
        name="nb101-space",
        table=table,
        metrics={},
        values={},
        space="nb101",
        origin={"source": "enumerated"},
    )
