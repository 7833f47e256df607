"""NAS-Bench-201: accuracies of all 15,625 cells, zero-cost proxies, costs on hardware.

`nb201` reads `nb201.csv.gz` (NATS-Bench, mean over runs) and, if it is there,
`nb201_zero_cost.csv.gz` (NAS-Bench-Suite-Zero). The proxies were computed for 9,445 cells; each is
given to every cell with the same canonical id, since such cells compute the same function. Cells
without a value have NaN. If `nb201_hardware.csv.gz` is there too (HW-NAS-Bench), latency and energy
on six devices join them, matched by cell: `latency.raspi4`, `energy.edgegpu`, ...

`nb201-analog` reads the package `analog-nasbench`. Its tuples list the edges by their *source*
(0>1, 0>2, 0>3, 1>2, 1>3, 2>3), not by their target as the official strings do.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nasflow.datasets.base import Dataset, FloatArray, Metric
from nasflow.datasets.csv_table import architectures, numbers, read_csv
from nasflow.datasets.locate import cached, find_data_file, find_package_file
from nasflow.datasets.matching import NOT_THERE, matching_rows, picked
from nasflow.datasets.pickles import load_pickle
from nasflow.errors import DataError
from nasflow.graphs.table import ArchTable
from nasflow.running import environment
from nasflow.running.files import sha256
from nasflow.spaces.nb201 import NB201, PAIRS, PAIRS_BY_SOURCE

SOURCE = "NATS-Bench (MIT), https://github.com/D-X-Y/NATS-Bench"

_ACCURACIES = [
    Metric("cifar10_test", "CIFAR-10 test accuracy after 200 epochs, mean of runs"),
    Metric("cifar100_test", "CIFAR-100 test accuracy after 200 epochs, mean of runs"),
    Metric("imagenet16_120_test", "ImageNet16-120 test accuracy after 200 epochs, mean of runs"),
    Metric("cifar10_valid", "CIFAR-10 validation accuracy after 200 epochs, mean of runs"),
    Metric("cifar10_test_12ep", "CIFAR-10 test accuracy after 12 epochs"),
    Metric("params_millions", "number of parameters", "million", maximise=False, trained=False),
]
_PROXIES = (
    "epe_nas",
    "fisher",
    "flops",
    "grad_norm",
    "grasp",
    "jacov",
    "l2_norm",
    "nwot",
    "params",
    "plain",
    "snip",
    "synflow",
    "zen",
)
_UNITS = {"latency": "ms", "energy": "mJ", "arithmetic_intensity": "operations per byte"}
_MEASURED_ON = {
    "edgegpu": ("latency", "energy"),
    "raspi4": ("latency",),
    "edgetpu": ("latency",),
    "pixel3": ("latency",),
    "eyeriss": ("latency", "energy", "arithmetic_intensity"),
    "fpga": ("latency", "energy"),
}


def _hardware_metric(device: str, quantity: str) -> Metric:
    return Metric(
        # the device comes last, so that `latency.` finds all of them
        f"{quantity}.{device}",
        f"{quantity.replace('_', ' ')} of one inference on {device} (HW-NAS-Bench)",
        unit=_UNITS[quantity],
        maximise=quantity == "arithmetic_intensity",
        trained=False,
    )


# column of the file -> metric
_HARDWARE = {
    f"{device}_{quantity}": _hardware_metric(device, quantity)
    for device, quantities in _MEASURED_ON.items()
    for quantity in quantities
}


def load_nb201() -> Dataset:
    """All 15,625 cells in the official order, `none` as a node."""
    main = find_data_file("nb201.csv.gz", SOURCE)
    folder = environment.data_dir() or main.parent
    proxies = _if_there(folder / "nb201_zero_cost.csv.gz")
    hardware = _if_there(folder / "nb201_hardware.csv.gz")
    sources = [path for path in (main, proxies, hardware) if path is not None]
    return cached("nb201", 2, sources, lambda: _read(main, proxies, hardware))


def _if_there(path: Path) -> Path | None:
    return path if path.is_file() else None


def _read(main: Path, proxies: Path | None, hardware: Path | None) -> Dataset:
    columns = read_csv(main, ["arch", *(metric.name for metric in _ACCURACIES)])
    table = NB201().table(architectures(main, columns.pop("arch"), NB201().parse))
    values = {name: numbers(main, name, texts) for name, texts in columns.items()}
    metrics = {metric.name: metric for metric in _ACCURACIES}
    if proxies is not None:
        values |= _proxies(proxies, table)
        for name in _PROXIES:
            description = f"zero-cost proxy {name} (NAS-Bench-Suite-Zero), matched by canonical id"
            metrics[name] = Metric(name, description, unit="", trained=False)
    if hardware is not None:
        values |= _hardware(hardware, table)
        metrics |= {metric.name: metric for metric in _HARDWARE.values()}
    files = {path.name: sha256(path) for path in (main, proxies, hardware) if path is not None}
    return Dataset(
        name="nb201",
        table=table,
        metrics=metrics,
        values=values,
        default_metric="cifar10_test",
        space="nb201",
        file_order_is_random=True,
        origin={"source": SOURCE, "files": files},
    )


def _hardware(path: Path, table: ArchTable) -> dict[str, FloatArray]:
    """Each hardware metric for every row of `table`: the value of that very cell, else NaN.

    The file writes -1 for the 4,699 cells that do not run on the Edge TPU; no metric of it can be
    negative.
    """
    columns = read_csv(path, ["arch", *_HARDWARE])
    space = NB201()
    cells = architectures(path, columns["arch"], space.parse)
    row_of_choices = {space.to_choices(cell): row for row, cell in enumerate(cells)}
    # by the choices, not by the canonical id: hardware runs branches that compute nothing too
    rows = np.array([row_of_choices.get(space.to_choices(cell), NOT_THERE) for cell in table])
    values = {}
    for column, metric in _HARDWARE.items():
        measured = numbers(path, column, columns[column])
        values[metric.name] = picked(np.where(measured < 0, np.nan, measured), rows)
    return values


def _proxies(path: Path, table: ArchTable) -> dict[str, FloatArray]:
    """Each proxy for every row of `table`: the value of the cell with its canonical id, else NaN.

    Where several cells of the file share an id, the first one's values serve.
    """
    columns = read_csv(path, ["arch", *_PROXIES])
    ids = NB201().table(architectures(path, columns["arch"], NB201().parse)).canonical_ids
    different, first = np.unique(ids, return_index=True)
    rows = matching_rows(different, table.canonical_ids)
    return {name: picked(numbers(path, name, columns[name])[first], rows) for name in _PROXIES}


_ANALOG_OPS = ("skip", "none", "conv3x3", "conv1x1", "avgpool3x3")
_ANALOG_CLASSES = {
    ("analognasbench.data", "Architecture"),
    ("analognasbench.data", "DriftMeasurement"),
}
_ANALOG_METRICS = [
    Metric("baseline_accuracy", "CIFAR-10 test accuracy of the digital network"),
    Metric("analog_accuracy", "CIFAR-10 test accuracy on simulated analog hardware"),
]


def load_nb201_analog() -> Dataset:
    """All 15,625 cells with the CIFAR-10 accuracies of `analog-nasbench`, in its file's order."""
    path = find_package_file("analognasbench", "data.anb", extra="nb201")
    return cached("nb201-analog", 1, [path], lambda: _read_analog(path))


def _read_analog(path: Path) -> Dataset:
    space = NB201()
    content = load_pickle(path, _ANALOG_CLASSES)
    # where the file's tuple holds each official pair, and the file's codes in the space's order
    column = [PAIRS_BY_SOURCE.index(pair) for pair in PAIRS]
    code = np.array([space.choices.index(op) for op in _ANALOG_OPS])
    values = {}
    try:
        tuples = np.array(list(content), dtype=np.int64).reshape(-1, len(PAIRS))
        for metric in _ANALOG_METRICS:
            accuracies = [float(getattr(entry, metric.name)) for entry in content.values()]
            values[metric.name] = np.array(accuracies)
        choices = code[tuples[:, column]]  # (n_cells, 6)
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise DataError(f"{path} is no table of analog-nasbench ({error!r})") from None
    return Dataset(
        name="nb201-analog",
        table=space.table_from_choices(choices),
        metrics={metric.name: metric for metric in _ANALOG_METRICS},
        values=values,
        default_metric="baseline_accuracy",
        space="nb201",
        file_order_is_random=False,
        origin={"package": "analog-nasbench", "sha256": sha256(path)},
    )
