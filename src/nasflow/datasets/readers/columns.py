"""Columns of users' tables: what their titles say of structure, unit and direction.

ops, edges      the graph: operation of each node, (source, target) pairs
arch, space     or its notation in a registered space, such as nb201
attrs, globals  numbers on nodes and on the graph, and `attrs.width`, `globals.lr` for one of them
id              left unread
no title        left unread: an index, such as pandas writes
anything else   a metric, if there are numbers in it. In brackets after the name: its unit, `min`
                where less is better, and `free` where it took no training: `accuracy [%]`,
                `latency [ms, min]`, `params [million, min, free]`.
                After a #, the number of a repeat: `accuracy#1 [%]`, `accuracy#2 [%]`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from nasflow.datasets.base import Metric, check_metric_name
from nasflow.datasets.readers.number_cells import is_number_title
from nasflow.errors import DataError

STRUCTURE = ("ops", "edges", "arch", "space", "id")
MAX_COLUMNS = 10_000
"""Most columns of a table; the widest published one has a hundred."""

# what Optuna, NePS and Ray Tune, and wandb put before the name of a parameter
_PARAMETERS = ("params_", "config.", "config/")
_LEGAL_TITLE = "a name, then #repeat, then [unit, min, free]"
# name, number of the repeat after a #, and what stands in brackets
_TITLE = re.compile(r"\s*([^\[\]#]+?)\s*(?:#([0-9]{1,4}))?\s*(?:\[([^\[\]]*)\])?\s*")
_FLAGS = ("min", "max", "free")
# what pandas calls an index that had no name, in CSV read back and in Parquet
_INDEX = re.compile(r"|Unnamed: [0-9]+|__index_level_[0-9]+__")


@dataclass(frozen=True)
class Column:
    """A column with numbers."""

    title: str
    """As the file writes it."""
    metric: Metric
    repeat: int
    """Which repeat of the metric, from 1; 0 where there is one column of it."""


class Columns:
    """The columns of one table that are metrics, declared one after the other.

    Args:
        origin: the file's name, for descriptions.
    """

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self.by_title: dict[str, Column] = {}
        self.metrics: dict[str, Metric] = {}
        self._title_of_repeat: dict[tuple[str, int], str] = {}

    def declare(self, title: str) -> Column:
        """The column of a title.

        Raises:
            DataError: a title that is not of the form above, or that declares a metric differently
                or twice; or more columns than a table may have.
        """
        column = _declared(title, self._origin)
        name = column.metric.name
        if len(self.by_title) >= MAX_COLUMNS:
            raise DataError(f"column {title[:60]!r} is one of more than {MAX_COLUMNS}")
        # of the first repeat, whichever that is: all others declare the same
        declared = self.metrics.setdefault(name, column.metric)
        other = self._title_of_repeat.setdefault((name, column.repeat), title)
        if declared != column.metric or other != title:
            raise DataError(
                f"column {title!r} declares {name} otherwise than an earlier one, or twice: repeats"
                " of a metric need different numbers after # and the same declaration"
            )
        self.by_title[title] = column
        return column


def _declared(title: str, origin: str) -> Column:
    """What the title of a column says of the metric in it."""
    match = _TITLE.fullmatch(title)
    if match is None:
        # `latency [ms, min]` is two titles in a CSV, unless it is in quotes
        is_cut = title.count("[") != title.count("]")
        hint = "; one with a comma in it needs quotes" if is_cut else ""
        raise DataError(f"column {title[:60]!r} has no legal title; legal: {_LEGAL_TITLE}{hint}")
    name, repeat, declaration = match.groups(default="")
    # a title may be broken over lines in a spreadsheet
    name = " ".join(name.split())
    check_metric_name(name)
    words = [word.strip() for word in declaration.split(",") if word.strip()]
    # whatever is no flag is the unit, so units need no list of their own
    units = [word for word in words if word not in _FLAGS]
    if len(units) > 1:
        raise DataError(
            f"column {title!r} is declared with the units {', '.join(units)}; legal: one"
        )
    if {"min", "max"} <= set(words):
        raise DataError(f"column {title!r} is declared with both min and max; legal: one")
    metric = Metric(
        name,
        f"column {name!r} of {origin}",
        unit=units[0] if units else "",
        maximise="min" not in words,
        trained="free" not in words,
    )
    return Column(title, metric, int(repeat or 0))


def check_unit(metric: Metric, numbers: Iterable[float]) -> None:
    """Return if the numbers may have the metric's unit.

    Raises:
        DataError: a percentage that is none.
    """
    if metric.unit != "%":
        return
    for number in numbers:
        if number < 0 or number > 100:  # never true of NaN
            raise DataError(
                f"{metric.name} is {number:g}, and declared in %; legal: 0 to 100, or another unit"
                " in the brackets of its title, or none"
            )


def is_structure(title: str) -> bool:
    """Whether a column says what the architecture is, or which; no metric stands below it."""
    return title in STRUCTURE or is_number_title(title)


def is_index(title: str) -> bool:
    """Whether a column has no name of its own."""
    return _INDEX.fullmatch(title.strip()) is not None


def only_metric(names: Collection[str]) -> tuple[str, ...]:
    """The metric to predict by default: that of a table with one; of several, the user says."""
    return tuple(names) if len(names) == 1 else ()


def faults_of_header(titles: Sequence[str]) -> list[str]:
    """What is wrong with the titles of a table, but for those of its metrics."""
    names = [title.strip() for title in titles]
    faults = []
    if not {"ops", "edges"} <= set(names) and not {"arch", "space"} <= set(names):
        faults.append(
            "it needs columns ops and edges, or arch and space, and has: "
            f"{_listed(names)}{_hint(names)}"
        )
    twice = [name for name, count in Counter(names).items() if count > 1 and not is_index(name)]
    if twice:
        faults.append(f"it names a column twice: {_listed(twice)}")
    return faults


def _hint(names: Sequence[str]) -> str:
    if {"trial", "state", "architecture"} <= set(names):
        return (
            " (the trials.csv of a search? `nasflow study STUDY --table results.jsonl` writes its"
            " results as a table, and `nasflow search ... --told FILE` goes on from them)"
        )
    if any(name.startswith(_PARAMETERS) for name in names):
        return (
            "; of results of another search tool `nasflow search ... --told FILE` reads a column"
            " for each choice"
        )
    if names and names[0].lower().startswith("sep="):
        return " (a line that Excel alone reads: delete it; and a CSV here has commas)"
    if len(names) == 1 and re.search(r"[;\t|]", names[0]):
        return " (separated by something else than commas? a CSV here has commas)"
    return "; rename the columns that hold the architectures"


def _listed(names: Iterable[str]) -> str:
    shown = [name[:60] for name in names]
    more = f", ... and {len(shown) - 20} more" if len(shown) > 20 else ""
    return ", ".join(shown[:20]) + more
