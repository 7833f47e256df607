"""Columns of users' tables: what their names say of structure, unit and direction.

ops, edges      the graph: operation of each node, (source, target) pairs
arch, space     or its notation in a registered space, such as nb201
id              carried along and otherwise ignored
anything else   a metric. In brackets after the name: its unit, `min` where less is better, and `free` where it took
                no training: `accuracy [%]`, `latency [ms, min]`, `params [million, min, free]`.
                After a #, the number of a repeat: `accuracy#1 [%]`, `accuracy#2 [%]`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from reprlib import repr as short_repr
from typing import Any

from nasflow.datasets.base import Metric
from nasflow.errors import DataError, GraphError, UnknownNameError
from nasflow.graphs.architecture import Architecture
from nasflow.spaces.registry import load_space

STRUCTURE = ("ops", "edges", "arch", "space", "id")
_COLUMN = re.compile(r"\s*([^\[\]#]+?)\s*(?:#(\d{1,4}))?\s*(?:\[([^\[\]]*)\])?\s*")


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
        match = _COLUMN.fullmatch(title)
        if match is None:
            raise DataError(
                f"{origin} has a column {title!r}; legal: a name, then #repeat, then [unit, min,"
                " free]"
            )
        words = [word.strip() for word in (match[3] or "").split(",") if word.strip()]
        units = [word for word in words if word not in ("min", "max", "free")]
        if len(units) > 1:
            raise DataError(
                f"{origin} has a column {title!r} with the units {', '.join(units)}; legal: one"
            )
        metric = Metric(
            match[1],
            f"column {match[1]!r} of {origin}",
            units[0] if units else "",
            "min" not in words,
            "free" not in words,
        )
        column = Column(title, metric, int(match[2] or 0))
        for other in columns:
            if other.metric.name == metric.name and (
                other.metric != metric or other.repeat == column.repeat
            ):
                raise DataError(
                    f"{origin} has the columns {other.title!r} and {title!r}; repeats of a metric"
                    " need different numbers after # and the same declaration"
                )
        columns.append(column)
    return columns


def check_structure(titles: Iterable[str], origin: str) -> None:
    """Return if the columns describe architectures in one of the two ways.

    Raises:
        DataError: they do not.
    """
    known = {title.strip() for title in titles}
    if not {"ops", "edges"} <= known and not {"arch", "space"} <= known:
        raise DataError(
            f"{origin} needs columns ops and edges, or arch and space; it has:"
            f" {', '.join(sorted(known))}"
        )


def architecture(cells: dict[str, Any]) -> Architecture:
    """The graph of a row: `ops` and `edges` as lists, as JSON, or as `input|conv|output` and `0>1
    1>2`.

    Raises:
        GraphError: they describe none.
    """
    if cells.get("arch"):
        if not isinstance(cells["arch"], str):
            raise GraphError(
                f"arch is {short_repr(cells['arch'])}; it needs a notation of the space"
            )
        try:
            return load_space(str(cells.get("space", ""))).parse(cells["arch"])
        except UnknownNameError as error:
            raise GraphError(str(error)) from None
    ops, edges = cells.get("ops"), cells.get("edges")
    if isinstance(ops, str):
        ops = _json(ops) if ops.lstrip().startswith("[") else ops.split("|")
    if isinstance(edges, str):
        edges = (
            _json(edges)
            if edges.lstrip().startswith("[")
            else [_pair(text) for text in edges.split()]
        )
    return Architecture.from_dict({"ops": ops, "edges": edges})


def _pair(text: str) -> tuple[int, int]:
    source, arrow, target = text.partition(">")
    if not arrow or not (source.isdecimal() and target.isdecimal() and len(text) < 20):
        raise GraphError(f"edge {text[:30]!r} is no pair of node positions such as 0>1")
    return int(source), int(target)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise GraphError(f"{text[:40]!r} is no JSON ({str(error)[:60]})") from None
