"""Architectures as texts: whole, and in few characters for tables, `conv5/16 > pool > skip`.

Short is the space's own notation where it is one; in place of JSON, the operations, and edges only
where those of the architectures that are shown differ.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.spaces.base import Space

_FEATURES = re.compile(r"([^\[\]]+)\[([^\[\]]*=[^\[\]]*)\]")  # conv5[width=16,act=relu]


def whole_notation(space: Space | None, architecture: Architecture) -> str:
    """An architecture in the notation of its space, letters of all scripts as they are.

    JSON where no space is known.
    """
    try:
        text = None if space is None else space.format(architecture)
    except GraphError:  # no element: told in an earlier version, when nobody looked
        text = None
    if text is None:
        return json.dumps(architecture.to_dict(), ensure_ascii=False)
    # JSON escapes what is beyond ASCII; read again it is the same
    is_escaped = text.startswith("{") and "\\u" in text
    return json.dumps(json.loads(text), ensure_ascii=False) if is_escaped else text


def short_notations(space: Space | None, architectures: Iterable[Architecture]) -> list[str]:
    """The architectures of one table, short; by their operations where no space is known."""
    shown = list(architectures)
    same_edges = len({architecture.edges for architecture in shown}) < 2
    return [_short(space, architecture, same_edges) for architecture in shown]


def _short(space: Space | None, architecture: Architecture, same_edges: bool) -> str:
    """An architecture in few characters; its edges where they are not the same for all shown."""
    try:
        notation = "{" if space is None else space.format(architecture)
    except GraphError:  # told in an earlier version, when nobody looked whether it is an element
        notation = "{"
    # whatever is no JSON is the notation of a benchmark, and short
    if not notation.startswith("{"):
        return notation
    ends = ("input", "output")
    inner = [name for name in architecture.ops if not name.startswith(ends)]
    names = [_without_keys(name) for name in inner]
    if _is_chain(architecture):
        return " > ".join(names)
    if same_edges:
        return ", ".join(names)
    pairs = [f"{source}>{target}" for source, target in architecture.edges]
    return f"{', '.join(names)} | {' '.join(pairs)}"


def _is_chain(architecture: Architecture) -> bool:
    """Whether each node leads to the next, and nowhere else."""
    n_nodes = len(architecture.ops)
    return list(architecture.edges) == [(i, i + 1) for i in range(n_nodes - 1)]


def _without_keys(name: str) -> str:
    """An operation's name with the values of its features alone: `conv5/16`."""
    match = _FEATURES.fullmatch(name)
    if match is None:
        return name
    values = [part.partition("=")[2] for part in match[2].split(",")]
    return "/".join([match[1], *values])
