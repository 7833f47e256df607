"""A column for each choice of a space of one's own: the architecture that a row of them is.

    node1: params_op1            the operation of the first node; node* with params_op* all of them
    node1.width: params_w1       a feature of it; node*.width: params_w one column for all nodes
    0>2: params_skip             whether an edge is there that need not be

Only a space whose nodes have fixed places can be said so: `edges: chain` or a list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nasflow.errors import ConfigError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.running.cached import cached_property
from nasflow.running.numbers import number_in
from nasflow.spaces.base import Space
from nasflow.spaces.custom import CustomSpace
from nasflow.spaces.custom_operations import Choice, choices_of

OPTION = "--told_columns"
_NODE = re.compile(r"node(\*|[0-9]{1,3})(?:\.(.+))?")
_EDGE = re.compile(r"([0-9]{1,3})\s*>\s*([0-9]{1,3})")
# the last number of a title counts the nodes: `layer2_op1`
_NUMBERED = re.compile(r"(.*?)([0-9]{1,4})(\D*)")
_TRUE, _FALSE = ("true", "yes", "1", "1.0"), ("false", "no", "0", "0.0")


def is_choice(key: str) -> bool:
    """Whether a key of the mapping is a node, a feature of one, or an edge."""
    return bool(_NODE.fullmatch(key) or _EDGE.fullmatch(key))


def has_places(space: Space) -> bool:
    """Whether the nodes of a space's elements have fixed places, so that columns can name them."""
    return isinstance(space, CustomSpace) and space.allowed is not None


@dataclass(frozen=True)
class ChoiceColumns:
    """The columns of a table that together are an architecture."""

    space: CustomSpace
    op_columns: list[str]
    """The title for each node, in order."""
    feature_columns: dict[tuple[int, str], str]
    """The title for a feature of a node, counted from 1."""
    edge_columns: dict[tuple[int, int], str]
    our_names: Mapping[str, str]
    """Operations as the space calls them, by the names in the table."""

    @cached_property
    def choices(self) -> dict[str, list[Choice]]:
        """The operations of the space with all values of their features."""
        return choices_of(self.space.description)

    def architecture(self, cells: Mapping[str, Any]) -> Architecture:
        """The architecture of a row.

        Raises:
            GraphError: a cell that is no choice of the space; names the column and what is legal.
        """
        ops = [self._op(cells, node) for node in range(1, len(self.op_columns) + 1)]
        edges = []
        for edge in self.space.allowed or ():
            title = self.edge_columns.get(edge)
            # an edge without a column is in every row
            if title is None or _truth(title, cells):
                edges.append(edge)
        return Architecture((*self.space.inputs, *ops, "output"), tuple(edges))

    def _op(self, cells: Mapping[str, Any], node: int) -> str:
        """The operation of a node, with its features, as the space names it."""
        title = self.op_columns[node - 1]
        seen = _text(cells, title)
        # a name that is not among the renamed ones may be ours already
        op = self.our_names.get(seen, seen)
        choices = self.choices
        if op not in choices:
            raise GraphError(
                f"column {title} (node{node}) is {seen[:40]!r}; legal: {', '.join(choices)}, or"
                f" other names by {OPTION} '{{..., ops: {{{next(iter(choices))}: THEIR_NAME}}}}'"
            )
        # all combinations of one operation have the same features
        values = [self._value(cells, node, op, str(name)) for name, _ in choices[op][0].values]
        for choice in choices[op]:
            if [value for _, value in choice.values] == values:
                return choice.name
        raise AssertionError("each value was checked, and all combinations are there")

    def _value(self, cells: Mapping[str, Any], node: int, op: str, feature: str) -> float:
        """The value of a feature of a node."""
        legal = _legal_values(self.choices[op], feature)
        title = self.feature_columns.get((node, feature))
        if title is None:
            # where there is one value only, nobody has to say it
            if len(legal) == 1:
                return legal[0]
            raise GraphError(
                f"{op} has the feature {feature}, and no column is named for it; name it by"
                f" {OPTION} '{{..., node{node}.{feature}: COLUMN}}'"
            )
        seen = _text(cells, title)
        # as numbers: an empty cell below makes 64 of a column 64.0
        value = number_in(seen)
        if value not in legal:
            listed = ", ".join(f"{number:g}" for number in legal)
            raise GraphError(
                f"column {title} (node{node}.{feature}) is {seen[:40]!r}; legal: {listed}"
            )
        return value


def choice_columns(
    space: CustomSpace,
    columns: Mapping[str, str],
    our_names: Mapping[str, str],
    titles: Sequence[str],
) -> ChoiceColumns:
    """The columns that a mapping names.

    Args:
        space: whose nodes have places.
        columns: titles by choice, as on this module's first page.
        our_names: operations of the space by their names in the table.
        titles: of the table.

    Raises:
        ConfigError: a node, feature or edge that the space does not have, a column that the table
            does not have, or a node without a column.
    """
    by_place: dict[tuple[int, str], str] = {}
    edges: dict[tuple[int, int], str] = {}
    for key, title in columns.items():
        edge = _EDGE.fullmatch(key)
        if edge is not None:
            edges[_edge(space, int(edge[1]), int(edge[2]))] = title
            continue
        # one key may stand for all nodes, and a later one for one of them again
        node = _NODE.fullmatch(key)
        assert node is not None  # `is_choice` was asked
        feature = _feature(space, key, node[2])
        for number, column in _expanded(space, key, node[1], title, titles):
            by_place[number, feature] = column
    # before it is said which are missing: a misspelt title is the likelier mistake
    for title in (*by_place.values(), *edges.values()):
        check_title(title, titles)
    n_nodes = space.max_nodes
    missing = [f"node{i}" for i in range(1, n_nodes + 1) if (i, "") not in by_place]
    if missing:
        raise ConfigError(
            f"{OPTION} names no column for {', '.join(missing)}: the space has {n_nodes} nodes with"
            f" an operation, node1 to node{n_nodes}"
        )
    ops = [by_place[i, ""] for i in range(1, n_nodes + 1)]
    features = {place: title for place, title in by_place.items() if place[1]}
    return ChoiceColumns(space, ops, features, edges, our_names)


def suggestion(space: Space, titles: Sequence[str]) -> str:
    """A mapping that may be meant, of columns that are numbered as the nodes are."""
    if not isinstance(space, CustomSpace) or not has_places(space):
        return "architecture: COLUMN_WITH_THE_NOTATION"
    counts: dict[str, int] = {}
    for title in titles:
        match = _NUMBERED.fullmatch(title)
        if match is not None:
            pattern = f"{match[1]}*{match[3]}"
            counts[pattern] = counts.get(pattern, 0) + 1
    fitting = [pattern for pattern, count in counts.items() if count == space.max_nodes]
    return f"node*: {fitting[0] if fitting else 'COLUMN*'}"


def check_title(title: str, titles: Sequence[str]) -> None:
    """Return if a table has the column.

    Raises:
        ConfigError: it has not.
    """
    if title not in titles:
        raise ConfigError(
            f"{OPTION} names the column {title!r}, which is not in the table; columns: "
            f"{', '.join(titles)}"
        )


def _expanded(
    space: CustomSpace, key: str, number: str, title: str, titles: Sequence[str]
) -> list[tuple[int, str]]:
    """The nodes that a key means, each with its column."""
    n_nodes = space.max_nodes
    # the ends of the graph have no choice, and so no column
    if number != "*":
        if not 1 <= int(number) <= n_nodes:
            raise ConfigError(
                f"{OPTION} names {key}; legal: node1 to node{n_nodes}, the nodes with an operation"
            )
        return [(int(number), title)]
    # one column for all nodes
    if "*" not in title:
        return [(node, title) for node in range(1, n_nodes + 1)]
    before, _, after = title.partition("*")
    numbered = re.compile(f"{re.escape(before)}([0-9]{{1,4}}){re.escape(after)}")
    fitting = [match for match in map(numbered.fullmatch, titles) if match is not None]
    if len(fitting) != n_nodes:
        listed = ", ".join(match[0] for match in fitting) or "none"
        raise ConfigError(
            f"{OPTION}: {title!r} fits {len(fitting)} columns ({listed}), and the space has"
            f" {n_nodes} nodes with an operation; columns: {', '.join(titles)}"
        )
    # by number, which may begin with 0 or 1
    fitting.sort(key=lambda match: int(match[1]))
    return [(node, match[0]) for node, match in enumerate(fitting, 1)]


def _feature(space: CustomSpace, key: str, feature: str | None) -> str:
    """The feature that a key names; empty for the operation itself."""
    if feature is None:
        return ""
    legal: set[str] = set()
    for choices in choices_of(space.description).values():
        legal.update(str(name) for name, _ in choices[0].values)
    if feature not in legal:
        raise ConfigError(
            f"{OPTION} names {key}, and no operation of the space has a feature {feature!r}; legal:"
            f" {', '.join(sorted(legal)) or 'none'}"
        )
    return feature


def _edge(space: CustomSpace, source: int, target: int) -> tuple[int, int]:
    """An edge that a key names, if it is one that may be there or not."""
    allowed = space.allowed or ()
    if (source, target) not in allowed or space.fixed_edges:
        optional = [] if space.fixed_edges else [f"{u}>{v}" for u, v in allowed]
        raise ConfigError(
            f"{OPTION} names the edge {source}>{target}; edges that may be there or not:"
            f" {', '.join(optional) or 'none'}"
        )
    return source, target


def _legal_values(choices: Sequence[Choice], feature: str) -> list[float]:
    """The values of a feature, each once."""
    # a dict, for the order in which the user gave them
    values: dict[float, None] = {}
    for choice in choices:
        values.update({value: None for name, value in choice.values if str(name) == feature})
    return list(values)


def _text(cells: Mapping[str, Any], title: str) -> str:
    """A cell as a text without spaces around it."""
    cell = cells.get(title)
    return "" if cell is None else str(cell).strip()


def _truth(title: str, cells: Mapping[str, Any]) -> bool:
    """Whether a cell says that an edge is there."""
    seen = _text(cells, title)
    if seen.lower() in _TRUE:
        return True
    if seen.lower() in _FALSE:
        return False
    raise GraphError(f"column {title} is {seen[:40]!r}; legal: true, false, 1 and 0")
