"""Numbers on nodes and graphs in a row of a user's table.

attrs, globals    an object by name, as `Architecture.to_dict` writes it; in CSV its JSON
attrs.NAME        one number of the nodes: a list, its JSON, or `|64||` with nothing for none
globals.NAME      one number of the whole graph
"""

from __future__ import annotations

from collections.abc import Mapping
from reprlib import repr as short_repr
from typing import Any

from nasflow.errors import GraphError
from nasflow.running.json_text import strict_json
from nasflow.running.numbers import number_in

ATTRS, GLOBALS = "attrs", "globals"


def is_number_title(title: str) -> bool:
    """Whether a column's title declares numbers on nodes or graphs."""
    kind, point, name = title.partition(".")
    return kind in (ATTRS, GLOBALS) and bool(name.strip() or not point)


def numbers_of_cells(cells: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the row says of its nodes, and of its graph, by name; the values are not checked yet.

    Raises:
        GraphError: an object that is none, or a name that two columns have.
    """
    numbers: dict[str, dict[str, Any]] = {ATTRS: {}, GLOBALS: {}}
    for title, cell in cells.items():
        kind, point, name = title.strip().partition(".")
        # most tables have no such column, and millions of rows
        if kind not in numbers or _is_empty(cell):
            continue
        # the bare name holds all of them
        if not point:
            found = _object(kind, cell)
        elif kind == ATTRS:
            found = {name.strip(): _listed(title, cell)}
        else:
            found = {name.strip(): _single(cell)}
        twice = found.keys() & numbers[kind].keys()
        if twice:
            raise GraphError(
                f"{kind} has the name {min(twice)!r} twice, in two columns; name each number once"
            )
        numbers[kind] |= found
    return numbers[ATTRS], numbers[GLOBALS]


def _is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _object(kind: str, cell: Any) -> dict[str, Any]:
    value = _json(kind, cell) if isinstance(cell, str) else cell
    if not isinstance(value, Mapping):
        example = '{"width": [null, 64, null]}' if kind == ATTRS else '{"resolution": 224}'
        raise GraphError(f"{kind} is {short_repr(cell)}; legal: an object such as {example}")
    return dict(value)


def _listed(title: str, cell: Any) -> Any:
    """The values of a column of one number of the nodes."""
    if not isinstance(cell, str):
        return cell
    # a list in JSON, or the short form that `ops` has too
    if cell.lstrip().startswith("["):
        return _json(title, cell)
    return [_single(text) for text in cell.split("|")]


def _single(cell: Any) -> Any:
    """The number in a text, nothing in an empty one; anything else as it is, to be refused."""
    if not isinstance(cell, str):
        return cell
    if not cell.strip():
        return None
    # what is none stays a text, for the error that names node and value
    number = number_in(cell)
    return cell if number is None else number


def _json(title: str, text: str) -> Any:
    try:
        return strict_json(text)
    except ValueError as error:
        raise GraphError(f"{title} is {text[:40]!r}, no JSON ({str(error)[:60]})") from None
