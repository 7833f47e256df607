"""Predictions of a table in parts: as many rows as there are, in the memory of a few thousand.

A part is read, predicted and made into text by one worker, and what comes back is short.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.datasets.parts import ROWS_OF_PART, Part, table_parts
from nasflow.errors import GraphError
from nasflow.prediction.label import Label
from nasflow.prediction.model_once import ModelFile
from nasflow.running.in_order import in_order

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Prediction:
    """What to predict, and by which model."""

    model: str
    device: str = "cpu"
    encoder: str | None = None
    std: bool = False
    level: float | None = None
    """Of the interval; None for none."""
    top: int | None = None
    """Only so many rows, the best; None for all."""

    @property
    def model_file(self) -> ModelFile:
        """The model, read once by each process."""
        return ModelFile(self.model, self.device, self.encoder)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of numbers."""
        std = ("std",) if self.std else ()
        ends = () if self.level is None else ("low", "high")
        return ("prediction", *std, *ends)


@dataclass(frozen=True)
class Predicted:
    """What came of one part."""

    first_row: int
    n_rows: int
    text: str
    """A line for each row; empty where only the best are wanted."""
    best: Best | None
    n_without: Mapping[str, int]
    """By column that the model reads: how many rows have no value."""


@dataclass(frozen=True)
class Best:
    """Some rows, the best first."""

    rows: npt.NDArray[np.int64]
    """(n,) int64."""
    columns: Mapping[str, FloatArray]
    """By name: (n,) float64."""

    @classmethod
    def of(
        cls, rows: npt.NDArray[np.int64], columns: Mapping[str, FloatArray], n: int, label: Label
    ) -> Best:
        """The best `n` of rows that are in their order; of equal ones the earlier first."""
        # whatever else is asked, rows are ranked by the prediction
        first = label.best_first(columns["prediction"])[:n]
        return cls(rows[first], {name: values[first] for name, values in columns.items()})

    @classmethod
    def nothing(cls, names: Sequence[str]) -> Best:
        """No row yet."""
        return cls(np.zeros(0, np.int64), {name: np.zeros(0) for name in names})

    def with_others(self, others: Best, n: int, label: Label) -> Best:
        """The best `n` of these rows and others."""
        rows = np.concatenate([self.rows, others.rows])
        # by row again: only then the earlier of equal ones is found first
        in_order = np.argsort(rows, kind="stable")
        columns = {}
        for name, values in self.columns.items():
            columns[name] = np.concatenate([values, others.columns[name]])[in_order]
        return Best.of(rows[in_order], columns, n, label)

    def text(self) -> str:
        """A line for each row."""
        return lines_of(self.rows, self.columns)

    def state(self) -> dict[str, Any]:
        """What `from_state` reads, as JSON; every digit of the numbers."""
        columns = {name: values.tolist() for name, values in self.columns.items()}
        return {"rows": self.rows.tolist(), "columns": columns}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Best:
        """What `state` wrote."""
        columns = {name: np.array(values, float) for name, values in state["columns"].items()}
        return cls(np.array(state["rows"], np.int64), columns)


def lines_of(rows: npt.NDArray[np.int64], columns: Mapping[str, FloatArray]) -> str:
    """A line of CSV for each row: its number, then the columns with six digits."""
    numbers = [str(row) for row in rows.tolist()]
    cells = [numbers]
    for values in columns.values():
        # Python's own floats: NumPy's take four times as long to format
        cells.append([f"{value:.6g}" for value in values.tolist()])
    lines = [",".join(line) for line in zip(*cells, strict=True)]
    return "\n".join([*lines, ""])


def predicted_parts(
    what: Prediction,
    source: str,
    first_row: int = 0,
    *,
    rows_of_part: int = ROWS_OF_PART,
    n_workers: int = 1,
    ray: str | None = None,
) -> Iterator[Predicted]:
    """The predictions for a table, part by part, in its order.

    Args:
        what: model and columns.
        source: the table, as for `open_dataset`.
        first_row: where to begin: behind a part of an earlier run.
        rows_of_part: rows that are predicted at once.
        n_workers: processes.
        ray: address of a Ray cluster; all its machines must reach the model and the table.

    Raises:
        DataError, GraphError: a malformed row; names the line.
        UnknownNameError: a column that the model reads is in none of the first rows.
    """
    parts = table_parts(source, what.model_file.predictor.vocabulary_, rows_of_part, first_row)
    return in_order(partial(_predicted, what, source), parts, n_workers, ray=ray)


def _predicted(what: Prediction, source: str, part: Part) -> Predicted:
    # of a user's table errors name lines, and are no such
    with part.counted(GraphError):
        return _predicted_rows(what, source, part)


def _predicted_rows(what: Prediction, source: str, part: Part) -> Predicted:
    predictor = what.model_file.predictor
    table, columns = part.read_all(predictor.vocabulary_, predictor.proxies_, source)
    n_without = {name: int((~np.isfinite(column)).sum()) for name, column in columns.items()}
    shown: dict[str, Any] = {"prediction": predictor.predict(table, columns, return_std=what.std)}
    if what.std:
        shown["prediction"], shown["std"] = shown["prediction"]
    if what.level is not None:
        shown["low"], shown["high"] = predictor.interval(table, what.level, columns)
    # rows are counted over the whole table
    rows = part.first_row + np.arange(len(table))
    if what.top is None:
        return Predicted(part.first_row, len(table), lines_of(rows, shown), None, n_without)
    best = Best.of(rows, shown, what.top, predictor.label_)
    return Predicted(part.first_row, len(table), "", best, n_without)
