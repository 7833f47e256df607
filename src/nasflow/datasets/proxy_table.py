"""`ProxyTable`: columns of numbers by canonical id, to be joined to any data set of the same space.

What costs no training is measured once for all architectures that compute the same, so a table of
it needs no graphs: 64 bits of each canonical id, and the columns. The file is small enough to hand
around.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.datasets.base import Dataset, FloatArray, Metric
from nasflow.datasets.matching import matching_rows, picked
from nasflow.errors import DataError
from nasflow.running.files import PathLike, load_npz, save_npz


@dataclass(frozen=True, eq=False)
class ProxyTable:
    """M values of each metric, by canonical id.

    Args:
        ids: (M,) uint64, sorted, all different: the first 16 hexadecimal digits of the canonical
            ids.
        metrics: what each column means, by name; none of them took a training.
        values: (M,) float64 per metric, NaN where there is no value.
        about: how they were made, for the manifest: command, options, versions, what failed and
            why.
    """

    ids: npt.NDArray[np.uint64]
    metrics: Mapping[str, Metric]
    values: Mapping[str, FloatArray]
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        is_row_of_ids = self.ids.dtype == np.uint64 and self.ids.ndim == 1
        if not is_row_of_ids or (self.ids[1:] <= self.ids[:-1]).any():
            raise DataError(
                "the ids of a proxy table are not different 64-bit numbers in ascending order"
            )
        has_other_length = any(column.shape != self.ids.shape for column in self.values.values())
        if set(self.values) != set(self.metrics) or has_other_length:
            raise DataError(
                f"a proxy table of {len(self.ids)} ids needs as many values of each of its metrics"
            )
        if any(metric.trained for metric in self.metrics.values()):
            raise DataError("a proxy table holds a metric that took a training")

    @staticmethod
    def ids_of(canonical_ids: npt.NDArray[np.str_]) -> npt.NDArray[np.uint64]:
        """(N,): the ids of architectures, from `ArchTable.canonical_ids` (N,)."""
        return np.array([int(text[:16], 16) for text in canonical_ids.tolist()], np.uint64)

    def columns(self, ids: npt.NDArray[np.uint64]) -> dict[str, FloatArray]:
        """(N,) float64 per metric: the values of these ids, NaN for those that are not here."""
        rows = matching_rows(self.ids, ids)
        return {name: picked(values, rows) for name, values in self.values.items()}

    def join(self, dataset: Dataset, *, must_match: bool = True) -> Dataset:
        """`dataset` with these columns; one whose name it has already is called `NAME.computed`.

        Raises:
            DataError: not one of its architectures is here (with `must_match=False` all values are
                NaN instead).
        """
        ids = self.ids_of(dataset.table.canonical_ids)
        if must_match and not np.isin(ids, self.ids).any():
            raise DataError(
                f"the proxy table of {self.about.get('source', 'unknown origin')} knows none of the"
                f" {len(dataset)} architectures of {dataset.name}: is it of another space?"
            )
        metrics, values = dict(dataset.metrics), dict(dataset.values)
        for name, column in self.columns(ids).items():
            joined_name = f"{name}.computed" if name in dataset.metrics else name
            metrics[joined_name] = dataclasses.replace(self.metrics[name], name=joined_name)
            values[joined_name] = column
        return dataclasses.replace(dataset, metrics=metrics, values=values)

    def save(self, path: PathLike) -> None:
        """Write one .npz, atomically."""
        about = {
            "metrics": [dataclasses.asdict(metric) for metric in self.metrics.values()],
            "made": dict(self.about),
        }
        arrays: dict[str, npt.NDArray[Any]] = {"ids": self.ids}
        arrays |= {f"value/{name}": column for name, column in self.values.items()}
        save_npz(path, {**arrays, "about": np.array(json.dumps(about, allow_nan=False))})

    @classmethod
    def load(cls, path: PathLike) -> ProxyTable:
        """Read what `save` wrote.

        Raises:
            MissingDataError, DataError: no such file, not such a file.
        """
        arrays = load_npz(path)
        try:
            about = json.loads(str(arrays["about"]))
            metrics = {entry["name"]: Metric(**entry) for entry in about["metrics"]}
            values = {name: np.asarray(arrays[f"value/{name}"], np.float64) for name in metrics}
            return cls(arrays["ids"], metrics, values, about["made"])
        except DataError as error:
            raise DataError(f"{path}: {error}") from None
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"{path} is no proxy table that nasflow wrote ({error!r}); `nasflow proxies` writes"
                " them"
            ) from None
