"""Numbers on nodes and on whole graphs: what they may be called, what they may be.

A node may carry named numbers (`width`, `kernel`, `heads`, anything), a graph too (`resolution`,
`learning_rate`). Every number is a finite float32; None, or NaN in an array, is "has none", which
is a value of its own and not 0.

float32 in a single graph as in a table: so both have the same ids, and a graph that went through a
table is equal to itself. A number is shown as the shortest decimal that this float32 is nearest to:
0.1 stays 0.1, and 25,557,033 parameters become 25,557,032.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from reprlib import repr as short_repr
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.errors import GraphError
from nasflow.graphs.names import is_op_name

Float32 = npt.NDArray[np.float32]

NodeNumbers = Mapping[str, Sequence[float | None]]
"""By name: a number for each node, None where it has none; tuples in a graph that is made."""
GraphNumbers = Mapping[str, float]
"""By name: a number of the whole graph."""

NO_NODE_NUMBERS: NodeNumbers = MappingProxyType({})
NO_GRAPH_NUMBERS: GraphNumbers = MappingProxyType({})

_LARGEST = float(np.finfo(np.float32).max)
_LEGAL = "a number of at most 3.4e38 in size, or null for none"


def check_number_names(kind: str, names: Iterable[Any]) -> tuple[str, ...]:
    """The names as a tuple; `kind` (attrs, globals) is said in errors.

    Raises:
        GraphError: a name that is no text, has blanks around it or line breaks, or repeats.
    """
    checked: list[str] = []
    for name in names:
        if not is_op_name(name) or name != name.strip() or not name.isprintable():
            raise GraphError(
                f"{kind} has the name {short_repr(name)}; legal: a printable text without blanks "
                "around it"
            )
        if name in checked:
            raise GraphError(f"{kind} has the name {name!r} twice; name each number once")
        checked.append(name)
    return tuple(checked)


def node_numbers(attrs: Any, n_nodes: int) -> NodeNumbers:
    """`attrs` in its normal form: sorted names, no name that all nodes lack.

    Raises:
        GraphError: no mapping, an illegal name, a list that has not one value a node, a value that
            is no number; names the attribute and the node.
    """
    if not attrs:
        return NO_NODE_NUMBERS
    _check_mapping("attrs", attrs, '{"width": [null, 64, null]}')
    numbers = {}
    for name in sorted(check_number_names("attrs", attrs)):
        values = attrs[name]
        if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
            raise GraphError(
                f"attrs[{name!r}] is {short_repr(values)}; legal: a list with a value for each of "
                f"the {n_nodes} nodes"
            )
        listed = list(values)
        if len(listed) != n_nodes:
            raise GraphError(
                f"attrs[{name!r}] has {len(listed)} values for {n_nodes} nodes; legal: one for "
                "each, null where a node has none"
            )
        column = [
            _number(f"attrs[{name!r}] of node {node}", value) for node, value in enumerate(listed)
        ]
        if any(value is not None for value in column):
            numbers[name] = tuple(column)
    return MappingProxyType(numbers)


def graph_numbers(values: Any) -> GraphNumbers:
    """`globals` in its normal form: sorted names, each with a number.

    Raises:
        GraphError: no mapping, an illegal name, a value that is no number.
    """
    if not values:
        return NO_GRAPH_NUMBERS
    _check_mapping("globals", values, '{"resolution": 224}')
    numbers = {}
    for name in sorted(check_number_names("globals", values)):
        number = _number(f"globals[{name!r}]", values[name])
        if number is not None:
            numbers[name] = number
    return MappingProxyType(numbers)


def _check_mapping(kind: str, values: Any, example: str) -> None:
    if not isinstance(values, Mapping):
        raise GraphError(f"{kind} is {short_repr(values)}; legal: an object such as {example}")


def _number(title: str, value: Any) -> float | None:
    """`value` as the float that stands for its float32, None where it is none."""
    if value is None:
        return None
    try:
        # a text is refused even where Python would read a number in it
        number = math.inf if isinstance(value, str | bytes) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.inf
    if math.isnan(number):
        return None
    if abs(number) > _LARGEST:
        raise GraphError(f"{title} is {short_repr(value)}; legal: {_LEGAL}")
    return shortest(np.float32(number))


def shortest(value: np.float32) -> float:
    """The float whose decimal is the shortest that is nearest to a float32; -0 is 0."""
    number = float(value)
    return number + 0.0 if number.is_integer() else float(str(value))


def plain(value: float | None) -> float | int | None:
    """A number as JSON should show it: 64 and not 64.0."""
    if value is None or not value.is_integer() or abs(value) >= 2**53:
        return value
    return int(value)


def plain_list(values: Iterable[float | None]) -> list[float | int | None]:
    """Numbers as JSON should show them."""
    return [plain(value) for value in values]


def stacked_node_columns(
    names: Sequence[str], graphs: Sequence[tuple[NodeNumbers, int]]
) -> Float32:
    """(n_nodes, n_attrs) float32 of graphs, each given as numbers and size; NaN where none is."""
    if not names:  # most tables: a loop over their rows would take longer than all else
        return np.zeros((sum(n_nodes for _, n_nodes in graphs), 0), np.float32)
    ends = np.cumsum([n_nodes for _, n_nodes in graphs], dtype=np.int64)
    columns = np.full((int(ends[-1]), len(names)), np.nan, np.float32)
    index = {name: j for j, name in enumerate(names)}
    for (numbers, n_nodes), end in zip(graphs, ends.tolist(), strict=True):
        for name, values in numbers.items():
            columns[end - n_nodes : end, index[name]] = [
                math.nan if value is None else value for value in values
            ]
    return columns


def stacked_graph_columns(names: Sequence[str], graphs: Sequence[GraphNumbers]) -> Float32:
    """(N, n_globals) float32 of graphs; NaN where one has none."""
    columns = np.full((len(graphs), len(names)), np.nan, np.float32)
    index = {name: j for j, name in enumerate(names)}
    for row, numbers in enumerate(graphs):
        for name, value in numbers.items():
            columns[row, index[name]] = value
    return columns


def numbers_of_columns(
    names: Sequence[str], columns: Float32
) -> dict[str, tuple[float | None, ...]]:
    """What the columns (n_nodes, n_attrs) of one graph were made of."""
    numbers = {}
    for name, column in zip(names, columns.T, strict=True):
        numbers[name] = tuple(None if np.isnan(value) else shortest(value) for value in column)
    return numbers


def numbers_of_row(names: Sequence[str], row: Float32) -> dict[str, float]:
    """What the row (n_globals,) of one graph was made of."""
    numbers = {}
    for name, value in zip(names, row, strict=True):
        if not np.isnan(value):
            numbers[name] = shortest(value)
    return numbers


def check_columns(
    kind: str, names: Sequence[str], columns: npt.ArrayLike | None, n_rows: int
) -> tuple[tuple[str, ...], Float32]:
    """Names and a column of numbers for each: (n_rows, n_names) float32.

    Args:
        kind: attrs or globals, for errors.
        names: one for each column.
        columns: numbers, NaN where there is none; None where there are no names.
        n_rows: nodes, or graphs.

    Raises:
        GraphError: names or shapes that do not fit, a number that no float32 holds; the position in
            the array is named.
    """
    checked = check_number_names(kind, names)
    if columns is None:
        columns = np.zeros((n_rows, 0), np.float32)
    array = np.asarray(columns)
    if array.dtype.kind not in "fiub" or array.shape != (n_rows, len(checked)):
        raise GraphError(
            f"{kind} is {array.dtype} of shape {array.shape}; legal: numbers of shape "
            f"{(n_rows, len(checked))}, NaN for none"
        )
    # comparing with NaN is false: what is missing passes
    too_large = np.argwhere(np.abs(array.astype(np.float64, copy=False)) > _LARGEST)
    if len(too_large):
        row, j = map(int, too_large[0])
        raise GraphError(
            f"{kind}[{row}, {j}] ({checked[j]}) is {array[row, j].item()!r}; legal: {_LEGAL}"
        )
    # adding 0 makes 0 of -0, which would be another id
    return checked, array.astype(np.float32) + np.float32(0)


def aligned(names: Sequence[str], columns: Float32, wanted: Sequence[str]) -> Float32:
    """(n, len(wanted)): the columns under other names, NaN where there was none."""
    index = {name: j for j, name in enumerate(names)}
    result = np.full((len(columns), len(wanted)), np.nan, np.float32)
    for j, name in enumerate(wanted):
        if name in index:
            result[:, j] = columns[:, index[name]]
    return result


def in_use(names: Sequence[str], columns: Float32) -> dict[str, int]:
    """The names under which there is a number, each with the first row that has one."""
    first_row = {}
    for j, name in enumerate(names):
        rows = np.flatnonzero(~np.isnan(columns[:, j]))
        if len(rows):
            first_row[name] = int(rows[0])
    return first_row
