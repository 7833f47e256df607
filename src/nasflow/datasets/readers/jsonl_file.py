"""JSONL tables of users' own: an object a line, its keys as on the page of `columns.py`.

    {"ops": ["input", "attn", "output"], "edges": [[0, 1], [1, 2]], "accuracy [%]": [81.2, 80.9]}

A list of numbers is the repeats of a metric.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from nasflow.datasets.readers.base import Progress, Rejected
from nasflow.datasets.readers.cells import Kind, kind_of_value, numbers_in_value
from nasflow.datasets.readers.columns import MAX_COLUMNS
from nasflow.datasets.readers.own_table import OwnTable
from nasflow.datasets.readers.text_columns import Record
from nasflow.datasets.readers.text_file import BROKEN, as_text, check_characters, opened
from nasflow.errors import DataError
from nasflow.running.json_text import RepeatedKeyError, strict_json

_STEP = 1000  # lines between two calls of the progress


class JsonlFile(OwnTable):
    """One row per line that is not empty; a row's number is its line, from 1."""

    format: ClassVar[str] = "jsonl"
    counts: ClassVar[str] = "line"

    def records(self, progress: Progress) -> Iterator[Record | Rejected]:
        """See `OwnTable.records`."""
        for number, text in filled_lines(self.path, progress):
            yield record_of_line(number, text)

    def numbers(self, title: str, cell: Any) -> list[float]:
        """See `OwnTable.numbers`."""
        return numbers_in_value(title, cell)

    def kind(self, cell: Any) -> Kind:
        """See `OwnTable.kind`."""
        return kind_of_value(cell)


def filled_lines(path: Path, progress: Progress) -> Iterator[tuple[int, str]]:
    """The lines that are not empty, without blanks around them, and their numbers, from 1.

    Raises:
        DataError: broken bytes, or no text.
    """
    with opened(path, progress) as (file, advance):
        try:
            # only this ends a line: U+2028 and others may stand inside a JSON string
            with as_text(file, newline="\n") as lines:
                for number, line in enumerate(lines, start=1):
                    # a mark stands in the middle where two files were joined
                    text = line.removeprefix("\ufeff").strip()
                    if text:
                        yield number, text
                    if number % _STEP == 0:
                        advance()
        except UnicodeDecodeError as error:
            raise DataError(f"{path} is no UTF-8 or UTF-16 text ({str(error)[:80]})") from None
        except BROKEN as error:
            raise DataError(f"{path} is no readable JSONL ({str(error)[:80]})") from None


def record_of_line(number: int, line: str) -> Record | Rejected:
    """The object that a line writes, by key; why it is none."""
    try:
        check_characters(line)
        record: Any = strict_json(line)
    except (DataError, RepeatedKeyError) as error:
        return Rejected(number, str(error))
    except ValueError as error:
        return Rejected(number, f"no JSON ({str(error)[:60]}): {line[:60]!r}")
    if not isinstance(record, dict):
        return Rejected(
            number,
            f"a JSON {type(record).__name__}; it needs an object with ops and edges, or arch and"
            " space",
        )
    if len(record) > MAX_COLUMNS:
        return Rejected(number, f"an object of {len(record)} keys; legal: at most {MAX_COLUMNS}")
    return Record(number, record)
