"""networkx graphs (extra `networkx`): one node an operation, its name in a node attribute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.importers.assemble import RawGraph, assemble
from nasflow.importers.columns import numbers_of_nodes
from nasflow.importers.mapping import Names
from nasflow.running.extras import require_extra


def from_networkx(
    graph: Any,
    op: str = "op",
    mapping: Names = None,
    cycles: str = "refuse",
    *,
    attrs: Sequence[str] | None = None,
) -> Architecture:
    """The architecture of a directed networkx graph; nodes keep the graph's order.

    Args:
        graph: a `DiGraph`, or a `MultiDiGraph`, whose parallel edges count once.
        op: the node attribute that names the operation.
        mapping: other names for operations, or a mapping file; `ignore` drops a node and joins its
            neighbours.
        cycles: "refuse" (an error that names the cycle) or "condense" (each one becomes a node).
        attrs: the node attributes that are numbers of the nodes; all that are numbers if None, and
            none if empty. A node may lack one. (Attributes of the whole graph are left alone: what
            is kept there may well be the label.)

    Raises:
        MissingExtraError: networkx is not installed.
        GraphError: an undirected graph, nodes without an operation (all are listed), a cycle, an
            attribute that is a number on some nodes and something else on others.

    Example:
        >>> import networkx as nx
        >>> graph = nx.DiGraph([("a", "b")])
        >>> nx.set_node_attributes(graph, {"a": "input", "b": "conv"}, "op")
        >>> from_networkx(graph).edges
        ((0, 1),)
    """
    nx = require_extra("networkx", "networkx", "importing networkx graphs")
    if not isinstance(graph, nx.Graph) or not graph.is_directed():
        raise GraphError(
            f"{type(graph).__name__} is no directed networkx graph; legal: DiGraph, MultiDiGraph"
        )
    raw = RawGraph()
    position = {}
    # all at once, so that the user mends the graph once
    bad = []
    for node, attributes in graph.nodes(data=True):
        name = attributes.get(op)
        if not isinstance(name, str) or not name:
            bad.append(f"{node!r}: {name!r}")
        position[node] = raw.add(str(node), str(name))
    if bad:
        raise GraphError(
            f"{len(bad)} nodes have no operation's name in the attribute {op!r}:"
            f" {', '.join(bad[:20])}; set it on each"
        )
    nodes = [(str(node), attributes) for node, attributes in graph.nodes(data=True)]
    raw.numbers = numbers_of_nodes(nodes, op, attrs)
    raw.edges = [(position[source], position[target]) for source, target in graph.edges()]
    return assemble(raw, mapping, cycles)
