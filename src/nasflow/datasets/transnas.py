"""TransNAS-Bench-101's 4,096 micro cells on seven tasks.

The file is sorted by operation. A proxy or metric of -10^8 or less marks a network that could not
be measured; it becomes NaN. Zero-cost measures that nasflow computed
(`computed/transnas-micro.npz`) stand beside the tasks.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nasflow.datasets.base import Dataset, Metric
from nasflow.datasets.computed import cached_with_computed
from nasflow.datasets.csv_table import architectures, numbers, read_csv
from nasflow.datasets.locate import find_data_file
from nasflow.running.files import sha256
from nasflow.spaces.transnas import TransNASMicro

SOURCE = "TransNAS-Bench-101 (Apache-2.0), https://github.com/yawen-d/TransNASBench"

_METRICS = [
    Metric("class_scene", "scene classification, top-1 accuracy"),
    Metric("class_object", "object classification, top-1 accuracy"),
    Metric("jigsaw", "jigsaw puzzle, top-1 accuracy"),
    Metric("room_layout", "room layout, negative loss", unit=""),
    Metric("segmentsemantic", "semantic segmentation, accuracy as the file has it"),
    Metric("normal", "surface normals, SSIM", unit=""),
    Metric("autoencoder", "autoencoding, SSIM", unit=""),
    Metric(
        "zen_autoencoder", "zero-cost proxy zen on the autoencoding network", unit="", trained=False
    ),
]
_UNMEASURED = -1e8


def load_transnas_micro() -> Dataset:
    """All 4,096 cells, sorted by operation, with the measures that nasflow brings along."""
    path = find_data_file("transnas_micro.csv.gz", SOURCE)
    return cached_with_computed("transnas-micro", 1, [path], lambda: _read(path))


def _read(path: Path) -> Dataset:
    space = TransNASMicro()
    columns = read_csv(path, ["arch", *(metric.name for metric in _METRICS)])
    table = space.table(architectures(path, columns.pop("arch"), space.parse))
    values = {}
    for name, texts in columns.items():
        column = numbers(path, name, texts)
        values[name] = np.where(column <= _UNMEASURED, np.nan, column)
    return Dataset(
        name="transnas-micro",
        table=table,
        metrics={metric.name: metric for metric in _METRICS},
        values=values,
        default_metric="class_scene",
        space="transnas-micro",
        file_order_is_random=False,
        origin={"source": SOURCE, "files": {path.name: sha256(path)}},
    )
