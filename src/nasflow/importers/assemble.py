"""From a model's nodes to an `Architecture`: what all importers have in common.

In this order: operations are renamed by the mapping; those without a name are listed, all at once;
ignored nodes are dropped and their neighbours joined; cycles are refused or merged. Edges that then
count twice are one edge.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from nasflow.errors import ConfigError, GraphError, UnknownOperationsError
from nasflow.graphs.architecture import Architecture
from nasflow.importers.cycles import condensed, find_cycle
from nasflow.importers.mapping import IGNORE, Names, read_mapping

_MOST_LISTED = 50


@dataclass
class RawGraph:
    """A graph as an importer found it."""

    names: list[str] = field(default_factory=list)
    """What the source calls each node, for messages."""
    ops: list[str] = field(default_factory=list)
    """The importer's name of each node's operation."""
    edges: list[tuple[int, int]] = field(default_factory=list)
    """Pairs (source, target) of positions; they may repeat, and close cycles."""

    def add(self, name: str, op: str) -> int:
        """Append a node; returns its position."""
        self.names.append(name)
        self.ops.append(op)
        return len(self.ops) - 1


def assemble(
    graph: RawGraph,
    mapping: Names = None,
    cycles: str = "refuse",
    known: Collection[str] | None = None,
) -> Architecture:
    """The architecture of a raw graph.

    Args:
        graph: what the importer found.
        mapping: names for operations, or a mapping file.
        cycles: "refuse" (an error that names the cycle) or "condense" (each one becomes a node).
        known: the importer's vocabulary; operations that are neither in it nor in `mapping` are
            refused. None: any name will do.

    Raises:
        ConfigError: `cycles` is something else.
        UnknownOperationsError: operations without a name; lists them all.
        GraphError: a cycle, an edge to nowhere, or nothing is left.
    """
    if cycles not in ("refuse", "condense"):
        raise ConfigError(f"cycles={cycles!r}; legal: 'refuse', 'condense'")
    renaming = read_mapping(mapping)
    for source, target in graph.edges:
        if not (0 <= source < len(graph.ops) and 0 <= target < len(graph.ops)):
            raise GraphError(
                f"edge {[source, target]} leaves the graph; legal positions:"
                f" 0..{len(graph.ops) - 1}"
            )
    if known is not None:
        _check_known(graph, {*known, *renaming})
    ops = [renaming.get(op, op) for op in graph.ops]
    keep = [node for node, op in enumerate(ops) if op != IGNORE]
    if not keep:
        raise GraphError(
            f"nothing is left of the graph of {len(ops)} nodes; an architecture needs at least one"
        )
    edges = without_nodes([node for node, op in enumerate(ops) if op == IGNORE], graph.edges)
    place = {node: position for position, node in enumerate(keep)}
    kept_ops, kept_edges = [ops[node] for node in keep], [(place[s], place[t]) for s, t in edges]
    if cycles == "condense":
        kept_ops, kept_edges = condensed(kept_ops, kept_edges)
    elif (cycle := find_cycle(len(keep), kept_edges)) is not None:
        path = " -> ".join(graph.names[keep[node]][:60] for node in [*cycle, cycle[0]][:20])
        raise GraphError(
            f'the graph has a cycle {path}; FGP needs a DAG: pass cycles="condense" to merge it'
        )
    return Architecture(tuple(kept_ops), tuple(kept_edges))


def without_nodes(dropped: list[int], edges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The edges, each once, after dropping nodes one by one and joining what came before with what
    came after.
    """
    before: dict[int, dict[int, None]] = {}
    after: dict[int, dict[int, None]] = {}
    for source, target in edges:
        after.setdefault(source, {})[target] = None
        before.setdefault(target, {})[source] = None
    for node in dropped:
        sources, targets = before.pop(node, {}), after.pop(node, {})
        for source in sources:
            after.get(source, {}).pop(node, None)
        for target in targets:
            before.get(target, {}).pop(node, None)
        for source in sources:
            for target in targets:
                if node not in (source, target):
                    after.setdefault(source, {})[target] = None
                    before.setdefault(target, {})[source] = None
    return [(source, target) for source, targets in after.items() for target in targets]


def _check_known(graph: RawGraph, known: Collection[str]) -> None:
    unknown: dict[str, list[str]] = {}
    for name, op in zip(graph.names, graph.ops, strict=True):
        if op not in known:
            unknown.setdefault(op, []).append(name)
    if unknown:
        listed = [
            f"{op[:60]} ({len(names)}: {', '.join(name[:40] for name in names[:3])}"
            f"{', ...' if len(names) > 3 else ''})"
            for op, names in list(unknown.items())[:_MOST_LISTED]
        ]
        more = f" and {len(unknown) - _MOST_LISTED} more" if len(unknown) > _MOST_LISTED else ""
        raise UnknownOperationsError(
            f"{len(unknown)} unknown operations: {', '.join(listed)}{more}. Name them in a "
            "mapping file, one `name: operation` a line, or `name: ignore` to drop the node "
            "and join its neighbours"
        )
