"""`Dataset`: a table of architectures and, for each, the values of some metrics.

A metric says whether more is better, in which unit it counts, and whether it took a training to
measure. Only metrics that took none (parameters, latency, zero-cost proxies) may be used in
pre-training.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import os
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from reprlib import repr as short_repr
from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.errors import DataError, UnknownNameError, unknown_name
from nasflow.graphs.table import ArchTable
from nasflow.running.files import load_npz, save_npz

FloatArray = npt.NDArray[np.float64]

_LONGEST_NAME = 1000


@dataclass(frozen=True)
class Metric:
    """What a column of numbers means."""

    name: str
    """The name to ask for it."""
    description: str
    """One line: what was measured, on what, after what."""
    unit: str = "%"
    """The unit of its values; empty for a number without one."""
    maximise: bool = True
    """Whether more is better."""
    trained: bool = True
    """Whether measuring it took a training; False for parameters, latency and zero-cost proxies."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """N architectures with their metrics.

    Args:
        name: the registered name, or the file's.
        table: the N architectures.
        metrics: what each column means, by name.
        values: (N,) float64 per metric, NaN where it was not measured. A metric measured several
            times on each architecture is (N, n_repeats), and `labels` returns the mean over its
            repeats.
        default_metric: the metric that `evaluate` predicts unless told otherwise.
        space: the registered name of its search space, if it has one.
        file_order_is_random: whether a split may take the rows as they come (section 6 of the
            method); a file sorted by operation must be permuted first.
        origin: where the numbers come from, for the manifest.
    """

    name: str
    table: ArchTable
    metrics: Mapping[str, Metric]
    values: Mapping[str, FloatArray]
    default_metric: str | None = None
    space: str | None = None
    file_order_is_random: bool = False
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        values = {name: _numbers(self.name, name, v) for name, v in self.values.items()}
        for name, metric in self.metrics.items():
            check_metric_name(name)
            if metric.name != name:
                raise DataError(f"metric {metric.name!r} of {self.name} is listed as {name!r}")
            shape = values[name].shape if name in values else None
            if shape is None or len(shape) not in (1, 2) or shape[0] != len(self.table):
                seen = "none" if shape is None else f"shape {shape}"
                raise DataError(
                    f"metric {name!r} of {self.name} needs {len(self.table)} values, or as many"
                    f" rows of repeats; seen: {seen}"
                )
        unknown = [name for name in values if name not in self.metrics]
        if unknown:
            raise DataError(
                f"values of {self.name} for {unknown[0]!r}, which is none of its metrics: "
                f"{', '.join(self.metrics)}"
            )
        object.__setattr__(self, "values", values)

    def __len__(self) -> int:
        return len(self.table)

    def metric(self, name: str | None = None) -> Metric:
        """What the metric `name` (the default one if None) means.

        Raises:
            UnknownNameError: there is no such metric; the message lists those there are.
        """
        name = self.default_metric if name is None else name
        if name is not None and name in self.metrics:
            return self.metrics[name]
        # a column of `nan` or of 1_000 is text, which its owner may not have seen
        unread = self.origin.get("left_unread", {})
        if name in unread:
            raise UnknownNameError(
                f"{name!r} of {self.name} is a column of text, such as {unread[name]}, and no"
                f" metric; metrics: {', '.join(self.metrics) or 'none'}"
            )
        if name is None and not self.metrics:
            told = [f"{title} (such as {text})" for title, text in unread.items()]
            hint = f"; left unread as text: {', '.join(told)}" if told else ""
            raise UnknownNameError(f"{self.name} has no metric, which is a column of numbers{hint}")
        if name is None:
            raise UnknownNameError(
                f"{self.name} has several metrics, so name one; legal: {', '.join(self.metrics)}"
            )
        raise unknown_name(f"metric of {self.name}", name, self.metrics)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the table should know: columns left unread, doubtful values."""
        return tuple(self.origin.get("notes", ()))

    def labels(self, name: str | None = None) -> FloatArray:
        """(N,) float64: the values of a metric, the mean of repeats, NaN where never measured."""
        values = self.values[self.metric(name).name]
        if values.ndim == 1:
            return values
        measured = np.isfinite(values)  # (N, n_repeats)
        n_measured = measured.sum(axis=1)
        kept = np.where(measured, values, 0.0)
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            mean = kept.sum(axis=1) / n_measured
            # the sum of values near the largest float may be none; their shares of it are
            shares = (kept / np.maximum(n_measured, 1)[:, None]).sum(axis=1)
        mean = np.where(np.isinf(mean), shares, mean)
        # the last digit of a mean of equal values is not always theirs, and would end a tie
        lowest = np.where(measured, values, np.inf).min(axis=1)
        highest = np.where(measured, values, -np.inf).max(axis=1)
        return np.where(n_measured > 0, np.clip(mean, lowest, highest), np.nan)

    def repeatability(self, name: str | None = None) -> float | None:
        """Kendall tau between one repeat of a metric and another, the mean over their pairs.

        About the most that a predictor can reach on a single repeat: label noise sets it. None for
        a metric that was measured once.
        """
        # here, since SciPy is slow to import and --help must not wait for it
        from nasflow.statistics.metrics import kendall_tau

        values = self.values[self.metric(name).name]
        if values.ndim == 1 or values.shape[1] < 2:
            return None
        taus = []
        for i, j in itertools.combinations(range(values.shape[1]), 2):
            both = np.isfinite(values[:, [i, j]]).all(axis=1)
            if both.sum() > 1:
                taus.append(kendall_tau(values[both, i], values[both, j]))
        return float(np.mean(taus)) if taus else None

    def proxy(self, name: str) -> FloatArray:
        """(N,) float64: a metric that needs no training, for pre-training.

        Raises:
            UnknownNameError: there is no such metric, or it took a training.
        """
        free = [m.name for m in self.metrics.values() if not m.trained]
        if name not in free:
            raise unknown_name(
                f"proxy of {self.name} (a metric that needs no training)", name, free
            )
        return self.labels(name)

    def content_hash(self, names: Iterable[str] | None = None) -> str:
        """Hexadecimal SHA-256 of the graphs and of these metrics' values (all if None)."""
        digest = hashlib.sha256(self.table.content_hash().encode())
        for name in sorted(self.values if names is None else set(names)):
            digest.update(name.encode() + np.ascontiguousarray(self.values[name]).tobytes())
        return digest.hexdigest()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one .npz, atomically.

        The table's arrays, the values as `value/NAME`, and the rest as JSON in `about`.
        """
        about = {
            "name": self.name,
            "default_metric": self.default_metric,
            "space": self.space,
            "file_order_is_random": self.file_order_is_random,
            "origin": dict(self.origin),
            "metrics": [dataclasses.asdict(metric) for metric in self.metrics.values()],
        }
        arrays: dict[str, npt.NDArray[Any]] = self.table.arrays()
        arrays |= {f"value/{name}": column for name, column in self.values.items()}
        save_npz(path, {**arrays, "about": np.array(json.dumps(about))})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Dataset:
        """Read what `save` wrote.

        Raises:
            MissingDataError, DataError, GraphError: no such file, not such a file, a malformed
            graph.
        """
        arrays = load_npz(path)
        table = ArchTable.from_named_arrays(arrays, Path(path))
        try:
            about = json.loads(str(arrays["about"]))
            metrics = {entry["name"]: Metric(**entry) for entry in about.pop("metrics")}
            values = {name: np.asarray(arrays[f"value/{name}"], np.float64) for name in metrics}
            return cls(table=table, metrics=metrics, values=values, **about)
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path} is no data set that nasflow wrote ({error!r})") from None


def check_metric_name(name: str) -> None:
    """Return if a metric can be called so: in a file, on a page, on the command line.

    Raises:
        DataError: nothing, more than 1,000 characters, or one that UTF-8 cannot write or that
            stands for no sign.
    """
    is_long = not 1 <= len(name) <= _LONGEST_NAME
    # control characters (a null, a line's end) and lone surrogates
    if is_long or any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name):
        seen = f"{name[:40]!r}{'...' if len(name) > 40 else ''}"
        raise DataError(
            f"a metric is called {seen} ({len(name)} characters); legal: 1 to {_LONGEST_NAME}"
            " characters, none of them a control character"
        )


def _numbers(owner: str, name: str, values: Any) -> FloatArray:
    """A column as float64; what a masked array hides was not measured.

    Raises:
        DataError: something that is no number; names the row.
    """
    hidden = np.ma.getmask(values) if isinstance(values, np.ma.MaskedArray) else False
    column = values.data if isinstance(values, np.ma.MaskedArray) else values
    try:
        if np.asarray(column).dtype.kind in "cmM":
            raise TypeError("complex numbers and times have no order, or no unit")
        numbers: FloatArray = np.asarray(column, np.float64)
        # a copy where something is hidden: the caller's array stays as it is
        return np.where(hidden, np.nan, numbers) if np.any(hidden) else numbers
    except (TypeError, ValueError, OverflowError) as error:
        row, value = _first_no_number(column)
        raise DataError(
            f"metric {name!r} of {owner} is {short_repr(value)} in row {row}, which is no number of"
            f" float64 ({str(error)[:80]}); what was not measured is NaN"
        ) from None


def _first_no_number(column: Any) -> tuple[int, Any]:
    """Row and value of the first that is no float to NumPy; the whole where no row is at fault."""
    for row, value in enumerate(column):
        try:
            np.asarray(value, np.float64)
        except (TypeError, ValueError, OverflowError):
            return row, value
    return 0, column
