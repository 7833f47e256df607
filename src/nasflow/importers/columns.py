"""Numbers of nodes that a graph has as attributes, in the form that `RawGraph` keeps them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from reprlib import repr as short_repr
from typing import Any

import numpy as np

from nasflow.errors import GraphError
from nasflow.graphs.attributes import node_numbers


def numbers_of_nodes(
    nodes: Sequence[tuple[str, Mapping[Any, Any]]],
    left_out: str,
    names: Sequence[str] | None = None,
) -> dict[int, dict[str, float]]:
    """The numbers among the attributes of nodes, by position and name.

    Args:
        nodes: each as its name, for messages, and its attributes.
        left_out: the attribute that names the operation.
        names: which attributes; None for all that are numbers on some node.

    Raises:
        GraphError: an attribute that is a number on some nodes and something else on others, or
            named and on no node; a number that is infinite or too large, a name that is no text.
    """
    wanted = _numeric(nodes, left_out) if names is None else list(names)
    columns: dict[Any, list[Any]] = {}
    for name in wanted:
        columns[name] = [_number(node, name, attributes) for node, attributes in nodes]
        if names is not None and not any(name in attributes for _, attributes in nodes):
            raise GraphError(
                f"no node has the attribute {name!r}; the first has"
                f" {', '.join(map(str, nodes[0][1])) if nodes else 'none'}"
            )
    numbers: dict[int, dict[str, float]] = {}
    # checked here, where positions are those of the user's graph
    for name, values in node_numbers(columns, len(nodes)).items():
        for position, value in enumerate(values):
            if value is not None:
                numbers.setdefault(position, {})[name] = value
    return numbers


def _numeric(nodes: Sequence[tuple[str, Mapping[Any, Any]]], left_out: str) -> list[Hashable]:
    """The attributes that are a number on some node, in their order."""
    found: dict[Hashable, None] = {}
    for _, attributes in nodes:
        for name, value in attributes.items():
            if name != left_out and _is_number(value):
                found[name] = None
    return list(found)


def _number(node: str, name: Any, attributes: Mapping[Any, Any]) -> float | None:
    value = attributes.get(name)
    if value is None:
        return None
    if not _is_number(value):
        raise GraphError(
            f"the attribute {name!r} of node {node[:40]!r} is {short_repr(value)}; legal: a number"
            " on each node, or nothing; attrs=[...] says which attributes are meant"
        )
    # of more digits than a float has, the nearest one; whether that is legal is checked later
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number, np.bool_)) and not isinstance(
        value, np.complexfloating
    )
