"""Which columns of a user's table are texts: comments, dates, names of runs, hashes.

A column with more texts than numbers is no metric: it is left unread, and a note says so. With
fewer, a text is a fault of its row, such as `failed` among accuracies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nasflow.datasets.readers.cells import Kind
from nasflow.datasets.readers.columns import MAX_COLUMNS, is_index, is_structure

_MOST_NAMED = 10  # columns in a note


@dataclass(frozen=True, slots=True)
class Record:
    """One row of cells."""

    number: int
    """Position in the file, as in `readers.base.Row`."""
    cells: Mapping[str, Any]
    """What each column has, by title."""


def columns_of_text(records: Iterable[Any], kind: Callable[[Any], Kind]) -> dict[str, Any]:
    """The first text of each column that has more texts than numbers, by title.

    Args:
        records: of the whole table; what is no `Record` is passed over.
        kind: what a cell says of its column.
    """
    counts: dict[str, Counter[Kind]] = {}
    examples: dict[str, Any] = {}
    for record in records:
        # a header, or a line that is no row
        if not isinstance(record, Record):
            continue
        for title, cell in record.cells.items():
            # lines of ever new keys would fill the memory; those beyond are refused anyway
            if title not in counts and len(counts) >= 2 * MAX_COLUMNS:
                continue
            of_cell = kind(cell)
            counts.setdefault(title, Counter())[of_cell] += 1
            if of_cell is Kind.TEXT:
                examples.setdefault(title, cell)
    texts = {}
    for title, count in counts.items():
        is_metric = count[Kind.NUMBER] >= count[Kind.TEXT]
        if not is_metric and not is_structure(title.strip()) and not is_index(title):
            texts[title] = examples[title]
    return texts


def notes_of_unread(file: str, has_index: bool, texts: Mapping[str, str]) -> list[str]:
    """What to say of the columns of a file that were left unread, if there are some."""
    notes = []
    if has_index:
        notes.append(f"a column without a name was left unread, as an index ({file})")
    if texts:
        shown = [f"{title[:60]} ({text})" for title, text in texts.items()]
        more = f" and {len(shown) - _MOST_NAMED} more" if len(shown) > _MOST_NAMED else ""
        notes.append(
            f"columns of text were left unread: {', '.join(shown[:_MOST_NAMED])}{more} ({file})"
        )
    return notes
