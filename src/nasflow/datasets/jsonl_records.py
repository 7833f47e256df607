"""Reading a packed JSONL of a published benchmark, with errors that name the line."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from nasflow.datasets.base import FloatArray, Metric
from nasflow.errors import DataError, GraphError
from nasflow.running.files import require_file

T = TypeVar("T")


def jsonl_records(path: Path) -> list[Any]:
    """The value of each line.

    Raises:
        MissingDataError, DataError: no such file, broken bytes, a line that is no JSON, no line.
    """
    try:
        with gzip.open(require_file(path), "rt", encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise DataError(f"{path} is no readable JSONL ({error})") from None
    if not lines:
        raise DataError(f"{path} holds no architecture")
    return of_each_line(path, lines, json.loads)


def of_each_line(path: Path, lines: Sequence[Any], function: Callable[[Any], T]) -> list[T]:
    """`function` of each line, or of its value.

    Raises:
        DataError: one that is no record of the benchmark; names the line.
    """
    results = []
    for number, line in enumerate(lines, start=1):
        try:
            results.append(function(line))
        except GraphError as error:
            raise DataError(f"{path} line {number}: {error}") from None
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise DataError(
                f"{path} line {number} is no record of this benchmark ({error!r})"
            ) from None
    return results


def values_of(
    path: Path, records: Sequence[Any], metrics: dict[str, Metric]
) -> dict[str, FloatArray]:
    """By metric: (N,) float64; `metrics` by the key under which records have each.

    Raises:
        DataError: a record that lacks one, or has no number for it; names the line.
    """
    rows = of_each_line(path, records, lambda record: [float(record[key]) for key in metrics])
    columns = np.array(rows).reshape(-1, len(metrics)).T.copy()  # (n_metrics, n_rows)
    names = [metric.name for metric in metrics.values()]
    return dict(zip(names, columns, strict=True))
