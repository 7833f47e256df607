"""Columns of users' tables: what their names say of structure, unit and direction.

ops, edges      the graph: operation of each node, (source, target) pairs
arch, space     or its notation in a registered space, such as nb201
id              carried along and otherwise ignored
anything else   a metric. In brackets after the name: its unit, `min` where less is better, and
                `free` where it took no training: `accuracy [%]`, `latency [ms, min]`,
                `params [million, min, free]`.
                After a #, the number of a repeat: `accuracy#1 [%]`, `accuracy#2 [%]`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from reprlib import repr as short_repr
from typing import Any

from nasflow.datasets.base import Metric
from nasflow.errors import DataError, GraphError, UnknownNameError
from nasflow.graphs.architecture import Architecture
from nasflow.spaces.registry import load_space

STRUCTURE = ("ops", "edges", "arch", "space", "id")
# name, number of the repeat after a #, and what stands in brackets
_COLUMN = re.compile(r"\s*([^\[\]#]+?)\s*(?:#(\d{1,4}))?\s*(?:\[([^\[\]]*)\])?\s*")
_FLAGS = ("min", "max", "free")


@dataclass(frozen=True)
class Column:
    """A column with numbers."""

    title: str
    """As the file writes it."""
    metric: Metric
    repeat: int
    """Which repeat of the metric, from 1; 0 where there is one column of it."""


def metric_columns(titles: Iterable[str], origin: str) -> list[Column]:
    """The columns that are metrics.

    Raises:
        DataError: a title that is not of the form above, or two that declare one metric differently
        or twice.
    """
    columns: list[Column] = []
    for title in titles:
        if title.strip() in STRUCTURE:
            continue
        column = _declared(title, origin)
        # against all columns before: repeats of a metric need not stand side by side
        for other in columns:
            if other.metric.name != column.metric.name:
                continue
            if other.metric != column.metric or other.repeat == column.repeat:
                raise DataError(
                    f"{origin} has the columns {other.title!r} and {title!r}; repeats of a metric"
                    " need different numbers after # and the same declaration"
                )
        columns.append(column)
    return columns


def _declared(title: str, origin: str) -> Column:
    """What the title of a column says of the metric in it."""
    match = _COLUMN.fullmatch(title)
    if match is None:
        raise DataError(
            f"{origin} has a column {title!r}; legal: a name, then #repeat, then [unit, min, free]"
        )
    name, repeat, declaration = match.groups(default="")
    words = [word.strip() for word in declaration.split(",") if word.strip()]
    # whatever is no flag is the unit, so units need no list of their own
    units = [word for word in words if word not in _FLAGS]
    if len(units) > 1:
        raise DataError(
            f"{origin} has a column {title!r} with the units {', '.join(units)}; legal: one"
        )
    metric = Metric(
        name,
        f"column {name!r} of {origin}",
        unit=units[0] if units else "",
        maximise="min" not in words,
        trained="free" not in words,
    )
    return Column(title, metric, int(repeat or 0))


def repeats(
    columns: Iterable[Column], cells: Mapping[str, Any], read: Callable[[str, Any], list[float]]
) -> dict[str, list[float]]:
    """The repeats of each metric in a row, in the order of the columns.

    Args:
        columns: those with numbers.
        cells: the row, by title.
        read: the numbers of a title and a cell, or a `DataError`.
    """
    values: dict[str, list[float]] = {}
    for column in columns:
        values.setdefault(column.metric.name, []).extend(read(column.title, cells[column.title]))
    return values


def only_metric(names: Collection[str]) -> tuple[str, ...]:
    """The metric to predict by default: that of a table with one; of several, the user says."""
    return tuple(names) if len(names) == 1 else ()


def check_structure(titles: Iterable[str], origin: str) -> None:
    """Return if the columns describe architectures in one of the two ways.

    Raises:
        DataError: they do not.
    """
    names = {title.strip() for title in titles}
    if not {"ops", "edges"} <= names and not {"arch", "space"} <= names:
        raise DataError(
            f"{origin} needs columns ops and edges, or arch and space; it has:"
            f" {', '.join(sorted(names))}"
        )


def architecture(cells: dict[str, Any]) -> Architecture:
    """The graph of a row, from `ops` and `edges`, or from `arch` and `space`.

    The first two are lists, JSON, or the short forms `input|conv|output` and `0>1 1>2`.

    Raises:
        GraphError: they describe none.
    """
    if cells.get("arch"):
        if not isinstance(cells["arch"], str):
            raise GraphError(
                f"arch is {short_repr(cells['arch'])}; it needs a notation of the space"
            )
        # a space that does not exist is one row's fault, as its notation is
        try:
            return load_space(str(cells.get("space", ""))).parse(cells["arch"])
        except UnknownNameError as error:
            raise GraphError(str(error)) from None
    ops, edges = cells.get("ops"), cells.get("edges")
    # a CSV has text only; JSONL and Parquet may have either
    if isinstance(ops, str):
        ops = _json(ops) if _is_json(ops) else ops.split("|")
    if isinstance(edges, str):
        edges = _json(edges) if _is_json(edges) else list(map(_pair, edges.split()))
    return Architecture.from_dict({"ops": ops, "edges": edges})


def _is_json(text: str) -> bool:
    return text.lstrip().startswith("[")


def _pair(text: str) -> tuple[int, int]:
    source, arrow, target = text.partition(">")
    # a length, since a number of thousands of digits takes long to read
    if not arrow or not (source.isdecimal() and target.isdecimal() and len(text) < 20):
        raise GraphError(f"edge {text[:30]!r} is no pair of node positions such as 0>1")
    return int(source), int(target)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise GraphError(f"{text[:40]!r} is no JSON ({str(error)[:60]})") from None
