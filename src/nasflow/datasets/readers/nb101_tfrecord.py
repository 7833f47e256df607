"""NAS-Bench-101's official `nasbench_full.tfrecord` and `nasbench_only108.tfrecord`.

Each record is one training: a JSON list of the cell's hash, the epochs, the matrix as a string of
digits row by row, the operations joined by commas, and a base64 protobuf message `ModelMetrics`:

    ModelMetrics      1 evaluation_data (repeated message), 2 trainable_parameters (int32),
                      3 total_time (double)
    EvaluationData    1 current_epoch, 2 training_time, 3 train_accuracy, 4 validation_accuracy,
                      5 test_accuracy

Three evaluations: at the start (left unread), half way, at the end. A cell has three records for
each of 4, 12, 36 and 108 epochs, all of them kept as repeats. Accuracies are fractions, as in the
file. Source: https://github.com/google-research/nasbench (Apache-2.0), read off its published
format.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator
from functools import partial
from reprlib import repr as short_repr
from typing import Any, ClassVar

from nasflow.datasets.base import Metric
from nasflow.datasets.readers.base import Progress, Reader, Rejected, Row
from nasflow.datasets.readers.nb101_cell import VOCABULARY, matrix_rows, nb101_cell
from nasflow.datasets.readers.protobuf import doubles, fields
from nasflow.datasets.readers.tfrecord import read_tfrecord
from nasflow.errors import DataError, GraphError
from nasflow.graphs.architecture import Architecture

EPOCHS = (4, 12, 36, 108)
# which of the three evaluations -> the end of its metrics' names
_POINTS = {2: "", 1: "_half"}
# field number of EvaluationData -> (our name, description, unit)
_MEASURED = {
    4: ("valid", "validation accuracy", "fraction"),
    5: ("test", "test accuracy", "fraction"),
    3: ("train", "training accuracy", "fraction"),
    2: ("seconds", "seconds of training", "s"),
}
_TYPES = [str, int, str, str, str]
_FIELDS = '[hash, epochs, "0110...", "input,...,output", base64 metrics]'


class NB101Tfrecord(Reader):
    """One row per record; the rows of a hash are repeats."""

    format: ClassVar[str] = "nb101-tfrecord"
    space = "nb101"
    vocabulary = VOCABULARY
    preferred = ("test_108ep",)
    file_order_is_random = True

    def rows(self, progress: Progress) -> Iterator[Row | Rejected]:
        """See `Reader.rows`; a row's number is that of its record, from 0."""
        for record in read_tfrecord(self.path, progress):
            # a record that fails its checksum is lost, the others are not
            if isinstance(record, Rejected):
                yield record
                continue
            number, data = record
            try:
                yield _row(number, data)
            except DataError as error:
                yield Rejected(number, str(error))

    def metric(self, name: str) -> Metric:
        """See `Reader.metric`."""
        if name == "params":
            return Metric(
                "params", "number of trainable parameters", unit="", maximise=False, trained=False
            )
        short, epochs, *half = name.split("_")
        meanings = {ours: (description, unit) for ours, description, unit in _MEASURED.values()}
        description, unit = meanings[short]
        when = f"half way through {epochs[:-2]} epochs" if half else f"after {epochs[:-2]} epochs"
        return Metric(
            name, f"CIFAR-10 {description} {when}", unit=unit, maximise=short != "seconds"
        )


def _row(number: int, data: bytes) -> Row:
    """The row of one record, or a `DataError` that says what is wrong with it."""
    try:
        record: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DataError(f"no JSON ({error}): {data[:40]!r}") from None
    # types compared exactly: True would pass for a number of epochs
    if not isinstance(record, list) or list(map(type, record)) != _TYPES:
        raise DataError(f"no list {_FIELDS}: {short_repr(record)}")
    cell_hash, epochs, matrix, operations, metrics = record
    if epochs not in EPOCHS:
        raise DataError(f"{short_repr(epochs)} epochs; legal: {', '.join(map(str, EPOCHS))}")
    params, evaluations = _metrics(metrics)
    values = {}
    for point, suffix in _POINTS.items():
        for field, (name, _, unit) in _MEASURED.items():
            # protobuf leaves zeros out
            value = evaluations[point].get(field, 0.0)
            highest = 1.0 if unit == "fraction" else math.inf
            if not math.isfinite(value) or not 0 <= value <= highest:
                legal = "0 to 1" if unit == "fraction" else "0 or more"
                raise DataError(f"{name} is {value!r}; legal: {legal}")
            values[f"{name}_{epochs}ep{suffix}"] = value
    return Row(
        number,
        # made for the first of a cell's twelve records only
        partial(_cell, matrix, operations),
        values,
        {"params": params},
        key=cell_hash,
        notation=f"{matrix} {operations}",
    )


def _metrics(text: str) -> tuple[float, list[dict[int, float]]]:
    """Parameters and the three evaluations of a base64 `ModelMetrics`."""
    try:
        message = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise DataError(f"the metrics are no base64 ({error})") from None
    evaluations, params = [], math.nan
    # fields may come in any order, and fields that are not known here are passed over
    for field, wire_type, value in fields(message):
        if field == 1 and isinstance(value, bytes) and wire_type == 2:
            evaluations.append(doubles(value))
        elif field == 2 and isinstance(value, int):
            params = float(value)
    if len(evaluations) != 3 or not 0 < params < 2**31:
        raise DataError(
            f"the metrics hold {len(evaluations)} evaluations and {params} parameters; "
            "legal: 3 evaluations, 1 parameter or more"
        )
    return params, evaluations


def _cell(matrix: str, operations: str) -> Architecture:
    """The cell of a string of digits and a string of names."""
    names = operations.split(",")
    n_nodes = len(names)
    if len(matrix) != n_nodes**2 or set(matrix) - {"0", "1"}:
        raise GraphError(
            f"the matrix {matrix[:60]!r} is no {n_nodes} x {n_nodes} digits of 0 and 1 for"
            f" {n_nodes} operations"
        )
    digits = [int(digit) for digit in matrix]
    return nb101_cell(matrix_rows(digits, n_nodes), names)
