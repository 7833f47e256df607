"""Reading a CSV of architectures, packed or not, with errors that name the row and the value."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from nasflow.datasets.base import FloatArray
from nasflow.datasets.readers.base import no_progress
from nasflow.datasets.readers.text_file import BROKEN, as_text, opened
from nasflow.errors import DataError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.running.numbers import number_in


def read_csv(path: Path, columns: Sequence[str]) -> dict[str, list[str]]:
    """The named columns of a CSV with a header line, as text; other columns are left unread.

    Raises:
        MissingDataError, DataError: no such file, no such column, a row of another length, broken
        bytes.
    """
    try:
        with opened(path, no_progress) as (file, _), as_text(file, newline="") as text:
            rows = csv.reader(text)
            header = next(rows, [])
            missing = [column for column in columns if column not in header]
            if missing:
                raise DataError(f"{path} has no column {missing[0]!r}; it has: {', '.join(header)}")
            position = {column: header.index(column) for column in columns}
            texts: dict[str, list[str]] = {column: [] for column in columns}
            for number, row in enumerate(rows):
                if len(row) != len(header):
                    raise DataError(
                        f"{path} row {number}: {len(row)} values where the header has {len(header)}"
                    )
                for column in columns:
                    texts[column].append(row[position[column]])
    except (FileNotFoundError, PermissionError):
        raise
    except (*BROKEN, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is no readable CSV ({error})") from None
    return texts


def numbers(path: Path, column: str, texts: Sequence[str]) -> FloatArray:
    """A column as numbers; an empty value is NaN (not measured).

    Raises:
        DataError: a value that is no finite number; names the row.
    """
    values = np.full(len(texts), np.nan)
    for row, text in enumerate(texts):
        if text.strip():
            value = number_in(text)
            if value is None or not math.isfinite(value):
                raise DataError(
                    f"{path} row {row}: {column} is {text!r}; it needs a finite number or nothing"
                )
            values[row] = value
    return values


def architectures(
    path: Path, texts: Sequence[str], parse: Callable[[str], Architecture]
) -> list[Architecture]:
    """A column of notations as architectures.

    Raises:
        DataError: a notation the space refuses; names the row.
    """
    parsed = []
    for row, text in enumerate(texts):
        try:
            parsed.append(parse(text))
        except GraphError as error:
            raise DataError(f"{path} row {row}: {error}") from None
    return parsed
