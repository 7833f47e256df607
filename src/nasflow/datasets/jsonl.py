"""Users' own data: one architecture per line of JSON.

    {"ops": ["input", "attn", "mlp", "output"], "edges": [[0, 1], [1, 2], [2, 3]], "accuracy": 81.2}

`ops` names the operation of each node, `edges` lists (source, target) pairs of node positions,
counted from 0; the graph must be acyclic. Any other key with a number is a label; a label that is
absent or null was not measured. `id` (text or number) is carried along and otherwise ignored. Empty
lines are skipped.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nasflow.datasets.base import Dataset, Metric
from nasflow.errors import DataError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.running.files import PathLike, require_file, sha256

_STRUCTURE = ("ops", "edges", "id")


def read_jsonl(path: PathLike, vocabulary: Sequence[str] | None = None) -> Dataset:
    """The architectures and labels of a JSONL file.

    Args:
        path: the file.
        vocabulary: the operations that may occur, such as those a model was trained on; by default
            those of the file, sorted.

    Raises:
        MissingDataError, DataError: no such file; a line that is no JSON object, a malformed graph,
            an unknown operation, a label that is no number. The message names the line.
    """
    path = require_file(path)
    graphs: list[Architecture] = []
    # by row, since a label may begin in any line and be absent from others
    labels: dict[str, dict[int, float]] = {}
    # empty lines are no rows, but messages count them
    line_of_row: list[int] = []
    try:
        # not splitlines(), which also cuts at U+2028 and others that may stand inside a JSON string
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no UTF-8 text ({error})") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        record = _record(path, number, line)
        try:
            graphs.append(Architecture.from_dict(record))
        except GraphError as error:
            raise DataError(f"{path} line {number}: {error}") from None
        for key, value in record.items():
            if key not in _STRUCTURE and value is not None:
                labels.setdefault(key, {})[len(line_of_row)] = _label(path, number, key, value)
        line_of_row.append(number)
    if not graphs:
        raise DataError(
            f"{path} holds no architecture; each line is one, such as "
            '{"ops": ["input", "conv", "output"], "edges": [[0, 1], [1, 2]], "accuracy": 81.2}'
        )
    try:
        table = ArchTable.from_architectures(graphs, vocabulary)
    except GraphError as error:
        # the table knows rows only; the user looks for a line
        row, _, rest = str(error).removeprefix("row ").partition(":")
        raise DataError(f"{path} line {line_of_row[int(row)]}:{rest}") from None
    values = {}
    for key, column in labels.items():
        values[key] = np.full(len(graphs), np.nan)
        values[key][list(column)] = list(column.values())
    return Dataset(
        name=path.stem,
        table=table,
        metrics={key: Metric(key, f"label {key!r} of {path.name}", unit="") for key in values},
        values=values,
        default_metric=next(iter(values)) if len(values) == 1 else None,
        origin={"file": path.name, "sha256": sha256(path)},
    )


def _record(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} line {number} is no JSON ({error}): {line[:60]!r}") from None
    if not isinstance(record, dict):
        raise DataError(
            f"{path} line {number} is a JSON {type(record).__name__}; it needs an object with "
            '"ops" and "edges"'
        )
    return record


def _label(path: Path, number: int, key: str, value: Any) -> float:
    """A label as a float; NaN, infinities, booleans and text are refused.

    A training that failed is often logged as NaN, and must not pass for a measurement.
    """
    try:
        if not isinstance(value, bool) and isinstance(value, (int, float)) and math.isfinite(value):
            return float(value)
    except OverflowError:
        pass  # an integer beyond the range of floats is refused as well
    raise DataError(
        f"{path} line {number}: label {key!r} is {repr(value)[:40]}; it needs a finite number, or "
        "null for not measured"
    )
