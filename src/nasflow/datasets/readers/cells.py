"""Cells of users' tables: the numbers in one, and the architecture in a row of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import Enum
from reprlib import repr as short_repr
from typing import Any

from nasflow.datasets.readers.number_cells import numbers_of_cells
from nasflow.errors import DataError, GraphError, NasflowError
from nasflow.graphs.architecture import Architecture
from nasflow.running.json_text import strict_json
from nasflow.running.numbers import number_in, number_of
from nasflow.spaces.base import Space
from nasflow.spaces.json_text import notation_of
from nasflow.spaces.registry import load_space


class Kind(Enum):
    """What a cell says of its column."""

    NOTHING = "nothing"
    NUMBER = "number"
    NOT_FINITE = "not finite"
    """No number that could stand in a metric, and no text that speaks against one."""
    TEXT = "text"


def numbers_in_text(title: str, text: str) -> list[float]:
    """The one number of a cell of text; nothing is NaN, not measured.

    Raises:
        DataError: anything else.
    """
    if not text.strip():
        return [math.nan]
    value = number_in(text)
    if value is None or not math.isfinite(value):
        raise DataError(
            f"{title} is {text[:40]!r}; it needs a finite number, or nothing for not measured"
        )
    return [value]


def kind_of_text(text: str) -> Kind:
    """What a cell of text says of its column."""
    if not text.strip():
        return Kind.NOTHING
    value = number_in(text)
    if value is None:
        return Kind.TEXT
    return Kind.NUMBER if math.isfinite(value) else Kind.NOT_FINITE


def numbers_in_value(title: str, value: Any) -> list[float]:
    """The repeats in a value: a number, null for not measured, or a list of them.

    Raises:
        DataError: anything else.
    """
    repeats = []
    for item in value if isinstance(value, list) else [value]:
        number = math.nan if item is None else number_of(item)
        if number is None or (item is not None and not math.isfinite(number)):
            is_in_quotes = isinstance(item, str) and number_in(item) is not None
            needed = "a finite number without quotes" if is_in_quotes else "a finite number"
            # of 400 digits, the first say enough
            raise DataError(
                f"{title} is {short_repr(item)}; it needs {needed}, or null for not measured"
            )
        repeats.append(number)
    return repeats


def kind_of_value(value: Any) -> Kind:
    """What a value of JSON or Parquet says of its column."""
    items = [item for item in value if item is not None] if isinstance(value, list) else [value]
    if not items or value is None:
        return Kind.NOTHING
    numbers = [number_of(item) for item in items]
    if any(number is not None and math.isfinite(number) for number in numbers):
        return Kind.NUMBER
    # a number in quotes is refused where its column is a metric, as NaN is
    is_number_in_quotes = isinstance(value, str) and number_in(value) is not None
    return Kind.TEXT if None in numbers and not is_number_in_quotes else Kind.NOT_FINITE


def architecture(cells: Mapping[str, Any], spaces: dict[str, Space]) -> Architecture:
    """The graph of a row, from `ops` and `edges`, or from `arch` and `space`.

    The first two are lists, JSON, or the short forms `input|conv|output` and `0>1 1>2`, whose
    blanks say nothing. `arch` is the space's notation as text, or as the JSON value that the text
    would write. Numbers on nodes and graphs are on the page of `number_cells.py`.

    Args:
        cells: the row, by title.
        spaces: those of earlier rows, by name; a new one is put into it.

    Raises:
        GraphError: they describe none.
    """
    attrs, of_graph = numbers_of_cells(cells)
    if cells.get("arch") not in (None, ""):
        text = notation_of(cells["arch"])
        graph = _space(cells.get("space"), spaces).parse(text)
        return _with_numbers(graph, attrs, of_graph)
    ops, edges = cells.get("ops"), cells.get("edges")
    # a CSV has text only; JSONL and Parquet may have either
    if isinstance(ops, str):
        ops = _json(ops) if _is_json(ops) else [op.strip() for op in ops.split("|")]
    if isinstance(edges, str):
        edges = _json(edges) if _is_json(edges) else list(map(_pair, edges.split()))
    return Architecture.from_dict({"ops": ops, "edges": edges, "attrs": attrs, "globals": of_graph})


def _with_numbers(
    graph: Architecture, attrs: Mapping[str, Any], of_graph: Mapping[str, Any]
) -> Architecture:
    """The graph of a notation with the numbers that other columns have."""
    if not attrs and not of_graph:
        return graph
    twice = (graph.attrs.keys() & attrs.keys()) | (graph.globals.keys() & of_graph.keys())
    if twice:
        raise GraphError(
            f"{min(twice)!r} stands in the notation and in a column; name each number once"
        )
    return Architecture(
        graph.ops, graph.edges, {**graph.attrs, **attrs}, {**graph.globals, **of_graph}
    )


def _space(name: Any, spaces: dict[str, Space]) -> Space:
    """The space of a row."""
    if not isinstance(name, str):
        raise GraphError(f"space is {short_repr(name)}; it needs a name, such as nb201")
    if name not in spaces:
        # `file.py:Class` would run the file, and reading a table runs nothing
        if ":" in name:
            raise GraphError(
                f"space is {name[:60]!r}; a table names a registered space, and no code"
            )
        # a space that does not exist is one row's fault, as its notation is
        try:
            spaces[name] = load_space(name)
        except NasflowError as error:
            raise GraphError(str(error)) from None
    return spaces[name]


def _is_json(text: str) -> bool:
    return text.lstrip().startswith("[")


def _pair(text: str) -> tuple[int, int]:
    source, arrow, target = text.partition(">")
    are_numbers = source.isdecimal() and target.isdecimal() and text.isascii()
    # a length, since a number of thousands of digits takes long to read
    if not arrow or not are_numbers or len(text) >= 20:
        raise GraphError(f"edge {text[:30]!r} is no pair of node positions such as 0>1")
    return int(source), int(target)


def _json(text: str) -> Any:
    try:
        return strict_json(text)
    except ValueError as error:
        # what pandas writes of a column of lists
        is_of_python = text.lstrip().startswith("['")
        hint = '; in JSON texts stand in double quotes ("), or write a|b|c' if is_of_python else ""
        raise GraphError(f"{text[:40]!r} is no JSON ({str(error)[:60]}){hint}") from None
