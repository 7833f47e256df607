"""CSV tables of users' own; what the columns mean is on the page of `columns.py`.

ops,edges,accuracy#1 [%],accuracy#2 [%],"latency [ms, min]"
input|attn|mlp|output,0>1 1>2 2>3,81.2,80.9,3.5
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any, ClassVar

from nasflow.datasets.readers.base import Progress, Rejected
from nasflow.datasets.readers.cells import Kind, kind_of_text, numbers_in_text
from nasflow.datasets.readers.own_table import Header, OwnTable
from nasflow.datasets.readers.text_columns import Record
from nasflow.datasets.readers.text_file import BROKEN, as_text, check_characters, opened
from nasflow.errors import DataError

_LONGEST_CELL = 1 << 27  # characters: the edges of a graph of ten million
_STEP = 1000  # rows between two calls of the progress


class CsvFile(OwnTable):
    """One row per line; a row's number is its line in the file, from 1, the header's."""

    format: ClassVar[str] = "csv"
    counts: ClassVar[str] = "line"

    def records(self, progress: Progress) -> Iterator[Header | Record | Rejected]:
        """See `OwnTable.records`."""
        # the module's own limit of 131,072 is below what a graph of 15,000 edges takes
        csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_CELL))
        line = 0
        with opened(self.path, progress) as (file, advance):
            try:
                with as_text(file, newline="") as text:
                    # strict: a quote that nothing closes would swallow all rows behind it
                    lines = csv.reader(text, strict=True)
                    titles = [title.strip() for title in next(filter(None, lines), [])]
                    check_characters(",".join(titles))
                    yield Header(titles)
                    for texts in lines:
                        # a quoted cell may span lines, so this is not the number of rows read
                        line = lines.line_num
                        # an empty line is no row
                        if texts:
                            yield _record(line, titles, texts)
                        # a call for each line would take longer than the line
                        if line % _STEP == 0:
                            advance()
            except (*BROKEN, UnicodeDecodeError, csv.Error) as error:
                raise DataError(
                    f"{self.path} is no readable CSV (behind line {line}: {str(error)[:80]})"
                ) from None

    def numbers(self, title: str, cell: Any) -> list[float]:
        """See `OwnTable.numbers`."""
        return numbers_in_text(title, cell)

    def kind(self, cell: Any) -> Kind:
        """See `OwnTable.kind`."""
        return kind_of_text(cell)


def _record(line: int, titles: list[str], texts: list[str]) -> Record | Rejected:
    if len(texts) != len(titles):
        return Rejected(line, f"{len(texts)} values where the header has {len(titles)}")
    try:
        for text in texts:
            check_characters(text)
    except DataError as error:
        return Rejected(line, str(error))
    return Record(line, dict(zip(titles, texts, strict=True)))
