"""Accel-NASBench: MnasNet-like networks with ImageNet accuracy, latency and throughput.

Accuracies are of a shortened training. A random part, 3,000 of 5,138.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nasflow.datasets.base import Dataset, Metric
from nasflow.datasets.csv_table import numbers, read_csv
from nasflow.datasets.locate import cached, find_data_file
from nasflow.errors import DataError, GraphError
from nasflow.running.files import sha256
from nasflow.spaces.accel_mnasnet import AccelMnasnet

SOURCE = "Accel-NASBench (Apache-2.0), https://github.com/afzalxo/Accel-NASBench"

_DEVICES = {
    "zcu102": "ZCU102 FPGA",
    "vck190": "VCK190 FPGA",
    "a100": "A100",
    "3090": "RTX 3090",
    "tpuv2": "TPU v2",
    "tpuv3": "TPU v3",
}
_LATENCIES = ("zcu102", "vck190")
_METRICS = [
    Metric("val_top1", "ImageNet validation accuracy after a shortened training"),
    Metric("val_top5", "ImageNet top-5 validation accuracy after a shortened training"),
    Metric("train_time", "time of that training", unit="s", maximise=False),
    *[
        Metric(f"latency_{name}", f"latency on {_DEVICES[name]}", unit="ms", maximise=False)
        for name in _LATENCIES
    ],
    *[
        Metric(f"throughput_{name}", f"throughput on {device}", unit="images/s")
        for name, device in _DEVICES.items()
    ],
    Metric("macs", "multiply-adds of one inference", "million", maximise=False, trained=False),
    Metric("params", "number of parameters", "million", maximise=False, trained=False),
]
_CHOICES = ("e", "k", "l", "se")
_N_BLOCKS = 7
_TRUTH = {"True": "1", "False": "0"}


def load_accel_nasbench() -> Dataset:
    """The 3,000 networks in the file's random order."""
    path = find_data_file("accel_nasbench.csv.gz", SOURCE)
    return cached("accel-nasbench", 1, [path], lambda: _read(path))


def _read(path: Path) -> Dataset:
    titles = [f"block{i}_{choice}" for choice in _CHOICES for i in range(_N_BLOCKS)]
    columns = read_csv(path, [*titles, *(metric.name for metric in _METRICS)])
    chosen = []
    for title in titles:
        texts = [_TRUTH.get(text, text) for text in columns.pop(title)]
        chosen.append(numbers(path, title, texts))
    # (n_choices, N, n_blocks)
    of_blocks = np.array(chosen).reshape(len(_CHOICES), _N_BLOCKS, -1).swapaxes(1, 2)
    try:
        table = AccelMnasnet().table_from_choices(*of_blocks)
    except GraphError as error:
        raise DataError(f"{path} (rows from 0): {error}") from None
    return Dataset(
        name="accel-nasbench",
        table=table,
        metrics={metric.name: metric for metric in _METRICS},
        values={name: numbers(path, name, texts) for name, texts in columns.items()},
        default_metric="val_top1",
        space="accel-mnasnet",
        file_order_is_random=True,
        origin={"source": SOURCE, "files": {path.name: sha256(path)}},
    )
