"""`NodeCodes`: graphs with numbers as graphs whose nodes are named by what they have chosen.

A node's choices, its operation and the numbers of it, are one value of an `Either`, and that value
has a number: the node's name. So graphs of such names can be compared, hashed and changed without
a thought of attributes.
"""

from __future__ import annotations

from collections.abc import Mapping

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.spaces.choices import Product, Value
from nasflow.spaces.described_stages import Named
from nasflow.spaces.structure import Either

Element = tuple[Architecture, Value]
"""A graph whose nodes are named by the numbers of their values, and what the graph has chosen."""


class NodeCodes:
    """The way from graphs with numbers to such names, and back.

    Args:
        attributes: the numbers of each operation.
        in_graph: the numbers of the graph.
        n_inputs: nodes at the beginning that choose nothing.
    """

    def __init__(self, attributes: Mapping[str, Named], in_graph: Named, n_inputs: int) -> None:
        self.attributes, self.globals, self.n_inputs = attributes, in_graph, n_inputs
        parts = {}
        for op, named in attributes.items():
            parts[op] = {name: one.part for name, one in named.items()}
        self.node = Either(parts)
        self.graph = Product(*(one.part for one in in_graph.values()))

    def read(self, architecture: Architecture) -> Element:
        """The element that a graph with numbers is.

        Raises:
            GraphError: it is none, and why.
        """
        n, last = self.n_inputs, architecture.n_nodes - 1
        names = list(architecture.ops)
        for node in range(n, last):
            op = architecture.ops[node]
            if op not in self.attributes:
                raise GraphError(
                    f"unknown operation {op!r} at node {node}; legal: {', '.join(self.attributes)}"
                )
            named = self.attributes[op]
            chosen = []
            for name, one in named.items():
                # named here, where node and operation are known
                number = architecture.attrs.get(name, (None,) * (last + 1))[node]
                try:
                    chosen.append(one.index_of(number))
                except ValueError:
                    raise GraphError(
                        f"{name} of node {node} ({op}) is {number}; legal: {one.legal}"
                    ) from None
            value = list(self.attributes).index(op), tuple(chosen)
            names[node] = str(self.node.rank(value))
        in_graph = []
        for name, one in self.globals.items():
            try:
                in_graph.append(one.index_of(architecture.globals.get(name)))
            except ValueError:
                raise GraphError(
                    f"{name} of the graph is {architecture.globals.get(name)}; legal: {one.legal}"
                ) from None
        element = Architecture(tuple(names), architecture.edges), tuple(in_graph)
        # numbers that no operation of the space has, or on nodes that have none
        if self.show(element) != architecture:
            legal = {op: list(named) for op, named in self.attributes.items()}
            raise GraphError(
                f"the graph has numbers that are not of this space: {dict(architecture.attrs)},"
                f" {dict(architecture.globals)}; legal on the nodes: {legal}, on the graph:"
                f" {list(self.globals)}"
            )
        return element

    def show(self, element: Element) -> Architecture:
        """The graph with numbers that an element is."""
        graph, in_graph = element
        n_nodes = graph.n_nodes
        ops = list(graph.ops)
        attrs: dict[str, list[float | None]] = {}
        for node in range(self.n_inputs, n_nodes - 1):
            op, chosen = self.node.unrank(int(graph.ops[node]))
            ops[node] = self.node.ops[op]
            for (name, one), i in zip(self.attributes[ops[node]].items(), chosen, strict=True):
                attrs.setdefault(name, [None] * n_nodes)[node] = one.numbers[i]
        pairs = zip(self.globals.items(), in_graph, strict=True)
        numbers = {name: one.numbers[i] for (name, one), i in pairs}
        return Architecture(tuple(ops), graph.edges, attrs, numbers)
