"""Once-for-all's MobileNetV3: 5,000 random sub-networks with their latency on four GPUs.

Latencies of one image at a time hang on the GPU's launches and are noisy: two devices rank the
networks with a tau of 0.5.
"""

from __future__ import annotations

from pathlib import Path

from nasflow.datasets.base import Dataset, Metric
from nasflow.datasets.jsonl_records import jsonl_records, of_each_line, values_of
from nasflow.datasets.locate import cached, find_data_file
from nasflow.errors import DataError, GraphError
from nasflow.running.files import sha256
from nasflow.spaces.ofa_mbv3 import OfaMbv3

SOURCE = "HELP (MIT), https://github.com/HayeonLee/HELP"

_GPUS = {
    "titan_rtx": "Titan RTX",
    "2080ti": "RTX 2080 Ti",
    "v100": "V100",
    "titan_xp": "Titan Xp",
}
_CHOICES = ("ks", "e", "d", "resolution")


def load_ofa_latency() -> Dataset:
    """The 5,000 networks in the file's order."""
    path = find_data_file("ofa_latency.jsonl.gz", SOURCE)
    return cached("ofa-latency", 1, [path], lambda: _read(path))


def _read(path: Path) -> Dataset:
    records = jsonl_records(path)
    rows = of_each_line(path, records, lambda record: [record[name] for name in _CHOICES])
    # all at once, which is a hundred times as fast as one after the other
    try:
        table = OfaMbv3().table_from_choices(*zip(*rows, strict=True))
    except (GraphError, ValueError) as error:
        raise DataError(f"{path} (rows from 0): {error}") from None
    # the first record says which devices there are; one that lacks some is refused by its line
    metrics = _metrics(of_each_line(path, records[:1], list)[0])
    return Dataset(
        name="ofa-latency",
        table=table,
        metrics={metric.name: metric for metric in metrics.values()},
        values=values_of(path, records, metrics),
        default_metric="latency.titan_rtx_64",
        space="ofa-mbv3",
        file_order_is_random=True,
        origin={"source": SOURCE, "files": {path.name: sha256(path)}},
    )


def _metrics(keys: list[str]) -> dict[str, Metric]:
    """By key of a record: the latency on a GPU, for batches of 1 or 64."""
    metrics = {}
    for key in keys:
        # the choices stand beside the latencies
        kind, _, device = key.partition(".")
        if kind != "latency_ms":
            continue
        gpu, _, batch = device.rpartition("_")
        metrics[key] = Metric(
            f"latency.{device}",
            f"latency on {_GPUS.get(gpu, gpu)}, batch {batch}",
            unit="ms",
            maximise=False,
        )
    return metrics
