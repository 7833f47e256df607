"""`CustomSizedDag`: a space of one's own with numbers on its nodes, whose edges are chosen as well.

    ops: [conv, pool]
    max_nodes: 6
    edges: all
    attributes: {conv: {width: {from: 16, to: 512, log2: true}}}

The graphs are those of `DagSpace`: it makes every change of structure, on graphs whose nodes are
named after what they have chosen, and nodes that it adds are filled in here.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from nasflow.errors import ConfigError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.flat_arrays import MAX_OPS
from nasflow.graphs.table import ArchTable
from nasflow.running.cached import cached_property
from nasflow.spaces.base import Space
from nasflow.spaces.changes import Change
from nasflow.spaces.choices import Place, Value
from nasflow.spaces.custom import CustomSpace
from nasflow.spaces.dag_codes import Element, NodeCodes
from nasflow.spaces.dag_outline import NEW, Outline
from nasflow.spaces.described_stages import attributes_of, check_ops, named_levels
from nasflow.spaces.json_text import json_object
from nasflow.spaces.sized import MAX_LISTED

_SIZES = ("attributes", "globals")
_STRUCTURE = (("cut", "join"), ("beside", "into"), ("drop", "bridge"))
"""Kinds of changes that share a place: edges, more nodes, fewer nodes."""


class CustomSizedDag(Space):
    """The space of a description; its keys are on this module's first page.

    Args:
        description: the mapping that the YAML file holds.

    Raises:
        ConfigError: an unknown key, or a value that is not legal; the message says what is.
    """

    name: ClassVar[str] = "custom"

    def __init__(self, description: Mapping[str, Any]) -> None:
        if "shared" in description:
            raise ConfigError(
                "shared goes with a chain, stages, or fixed_edges: true; where edges are chosen,"
                " every node chooses its own numbers"
            )
        self.description = dict(description)
        plain = {key: value for key, value in description.items() if key not in _SIZES}
        names = check_ops("ops", description.get("ops"))
        self._custom = CustomSpace(plain)
        attributes = attributes_of("attributes", description.get("attributes"), names)
        in_graph = named_levels("globals", description.get("globals"))
        self._codes = NodeCodes(attributes, in_graph, len(self._custom.inputs))
        self._node, self._graph, self._shown = self._codes.node, self._codes.graph, self._codes.show
        self._outline = Outline(self._custom, [NEW], any_name=True)
        self.inputs = self._custom.inputs
        self.ops = (*self.inputs, *names, "output")

    @cached_property
    def n_elements(self) -> int | None:
        """The exact number of elements; None with `edges: all`, or too many edges to choose from.

        With `edges: all` an element may be written in several orders of its nodes, and how many of
        them are one depends on the numbers.
        """
        if self._custom.allowed is None:
            return None
        try:
            n_graphs = len(Outline(self._custom, [NEW], any_name=False).enumerate())
        except GraphError:
            return None
        return int(n_graphs * self._node.n**self._custom.max_nodes * self._graph.n)

    # -- elements ---------------------------------------------------------------------------------

    def _value(self, architecture: Architecture) -> Element:
        """The element that a graph with numbers is.

        Raises:
            GraphError: it is none, and why.
        """
        element = self._codes.read(architecture)
        self._outline.check(element[0])
        return element

    def parse(self, text: str) -> Architecture:
        """The element of a JSON object with `ops`, `edges`, `attrs` and `globals`, as in files."""
        content = json_object(text, 'object {"ops": [...], "edges": [[0, 1], ...], "attrs": {}}')
        architecture = Architecture.from_dict(content)
        self._value(architecture)
        return architecture

    def format(self, architecture: Architecture) -> str:
        """The JSON object that `parse` reads."""
        self._value(architecture)
        return json.dumps(architecture.to_dict())

    # -- chance and change ------------------------------------------------------------------------

    def sample(self, rng: np.random.Generator) -> Architecture:
        """A random element: a graph as of `DagSpace`, then every choice on it uniformly."""
        return self._shown((self._filled(self._outline.sample(rng), rng), self._graph.draw(rng)))

    def _filled(self, graph: Architecture, rng: np.random.Generator) -> Architecture:
        """A graph whose new nodes have drawn an operation and its numbers."""
        names = []
        for name in graph.ops:
            drawn = self._node.rank(self._node.draw(rng)) if name == NEW else None
            names.append(name if drawn is None else str(drawn))
        return Architecture(tuple(names), graph.edges)

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        """Every element with one step of one number, one operation, edge or node changed."""
        graph, in_graph = self._value(architecture)
        seen = {(graph, in_graph)}
        for other in self._neighbours(graph, in_graph):
            # nodes that look alike can be dropped, and added, in several ways
            if other not in seen:
                seen.add(other)
                yield self._shown(other)

    def _neighbours(self, graph: Architecture, in_graph: Value) -> Iterator[Element]:
        for changed in self._graph.neighbours(in_graph):
            yield graph, changed
        for node in range(len(self.inputs), graph.n_nodes - 1):
            for value in self._node.neighbours(self._node.unrank(int(graph.ops[node]))):
                yield _renamed(graph, node, str(self._node.rank(value))), in_graph
        for change in self._outline.structural(graph):
            other = self._outline.changed(graph, change)
            if other is None:
                continue
            # a change adds one node at most
            n_values = self._node.n if NEW in other.ops else 1
            for rank in range(n_values):
                is_new = NEW in other.ops
                yield (
                    _renamed(other, other.ops.index(NEW), str(rank)) if is_new else other,
                    in_graph,
                )

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """A neighbour: a place drawn uniformly, then a change there.

        Places are each number and operation of each node, each number of the graph, and edges, more
        nodes, fewer nodes.
        """
        graph, in_graph = self._value(architecture)
        places: list[tuple[int | None, Place | list[Change]]] = []
        for place in self._graph.places(in_graph):
            places.append((None, place))
        # inputs and output choose nothing
        for node in range(len(self.inputs), graph.n_nodes - 1):
            for place in self._node.places(self._node.unrank(int(graph.ops[node]))):
                places.append((node, place))
        changes = self._outline.structural(graph)
        # a place however many changes there are, as for the numbers
        for kinds in _STRUCTURE:
            group = [change for change in changes if change[0] in kinds]
            if group:
                places.append((None, group))
        for i in rng.permutation(len(places)):
            at_node, changeable = places[int(i)]
            if isinstance(changeable, list):
                other = self._restructured(graph, changeable, rng)
                # all changes of a place may break a limit: then another place
                if other is not None:
                    return self._shown((other, in_graph))
                continue
            moved = changeable.move(int(rng.integers(changeable.n)))
            if at_node is None:
                return self._shown((graph, moved))
            name = str(self._node.rank(moved))
            return self._shown((_renamed(graph, at_node, name), in_graph))
        raise GraphError(
            f"{self.format(architecture)} has no neighbour: there is nothing to change it to"
        )

    def _restructured(
        self, graph: Architecture, changes: Sequence[Change], rng: np.random.Generator
    ) -> Architecture | None:
        """What the first legal one of some changes, in random order, leads to."""
        for i in rng.permutation(len(changes)):
            other = self._outline.changed(graph, changes[int(i)])
            if other is not None and other != graph:
                return self._filled(other, rng)
        return None

    def crossover(self, a: Architecture, b: Architecture, rng: np.random.Generator) -> Architecture:
        """The graph of one of the two; what a node chose, of either where both have the node."""
        (graph, in_graph), (other, in_other) = self._value(a), self._value(b)
        # nodes of two graphs correspond by position alone, so the edges are those of one
        if rng.integers(2):
            graph, other = other, graph
        names = list(graph.ops)
        n_shared = min(graph.n_nodes, other.n_nodes) - 1
        for node in range(len(self.inputs), n_shared):
            values = [self._node.unrank(int(one.ops[node])) for one in (graph, other)]
            names[node] = str(self._node.rank(self._node.cross(values[0], values[1], rng)))
        child = Architecture(tuple(names), graph.edges)
        return self._shown((child, self._graph.cross(in_graph, in_other, rng)))

    def enumerate(self) -> ArchTable:
        """All elements, one of each isomorphism class with `edges: all`.

        Raises:
            GraphError: there are too many.
        """
        if self._node.n + len(self.inputs) + 1 > MAX_OPS:
            raise GraphError(
                f"a node of {self.name} has {self._node.n:,} choices, too many to list: draw with"
                " sample() instead"
            )
        # here every value is a name that the listing fills nodes with
        listed = Outline(self._custom, list(map(str, range(self._node.n))), any_name=False)
        graphs = listed.enumerate()
        n_elements = len(graphs) * self._graph.n
        if n_elements > MAX_LISTED:
            raise GraphError(
                f"{self.name} has {n_elements:,} elements, too many to list: draw with sample()"
                " instead"
            )
        # every graph once with each choice of the numbers of the whole
        in_graphs = [self._graph.unrank(i) for i in range(self._graph.n)]
        elements = itertools.product(graphs, in_graphs)
        return self.table(self._shown(element) for element in elements)


def _renamed(graph: Architecture, node: int, name: str) -> Architecture:
    """A graph with another name on one node."""
    return Architecture((*graph.ops[:node], name, *graph.ops[node + 1 :]), graph.edges)
