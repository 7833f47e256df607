"""From a model's nodes to an `Architecture`: what all importers have in common.

In this order: operations are renamed by the mapping; those without a name are listed, all at once;
ignored nodes are dropped and their neighbours joined; cycles are refused or merged. Edges that then
count twice are one edge.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from nasflow.errors import ConfigError, GraphError, UnknownOperationsError
from nasflow.graphs.architecture import Architecture
from nasflow.importers.cycles import condensed, condensed_numbers, find_cycle
from nasflow.importers.folding import folded
from nasflow.importers.mapping import IGNORE, Names, read_mapping
from nasflow.importers.vocabulary import JOINED, is_known

# of what messages list
_MOST_OPERATIONS = 50
_MOST_NODES = 20
_MOST_HOLDING = 5


@dataclass
class RawGraph:
    """A graph as an importer found it."""

    names: list[str] = field(default_factory=list)
    """What the source calls each node, for messages."""
    ops: list[str] = field(default_factory=list)
    """The importer's name of each node's operation."""
    edges: list[tuple[int, int]] = field(default_factory=list)
    """Pairs (source, target) of positions; they may repeat, and close cycles."""
    inside: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    """Of nodes that hold a network, the names and operations of its nodes, by position.

    Empty for a node that may hold one, where the source does not show it."""
    numbers: dict[int, dict[str, float]] = field(default_factory=dict)
    """Numbers of nodes, by position and name."""
    totals: dict[str, float] = field(default_factory=dict)
    """Numbers of the whole graph, by name."""

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
    kept = [node for node, op in enumerate(ops) if op != IGNORE]
    if not kept:
        raise GraphError(
            f"nothing is left of the graph of {len(ops)} nodes; an architecture needs at least one"
        )
    ignored = [node for node, op in enumerate(ops) if op == IGNORE]
    edges = without_nodes(ignored, graph.edges)
    position = {node: index for index, node in enumerate(kept)}
    kept_ops = [ops[node] for node in kept]
    kept_edges = [(position[source], position[target]) for source, target in edges]
    numbers: list[Mapping[str, float]] = [graph.numbers.get(node, {}) for node in kept]
    if cycles == "condense":
        numbers = condensed_numbers(numbers, kept_edges)
        kept_ops, kept_edges = condensed(kept_ops, kept_edges)
    elif (cycle := find_cycle(len(kept), kept_edges)) is not None:
        nodes = [*cycle, cycle[0]][:_MOST_NODES]
        path = " -> ".join([graph.names[kept[node]][:60] for node in nodes])
        raise GraphError(
            f'the graph has a cycle {path}; FGP needs a DAG: pass cycles="condense" to merge it'
        )
    return Architecture(tuple(kept_ops), tuple(kept_edges), _columns(numbers), dict(graph.totals))


def _columns(numbers: Sequence[Mapping[str, float]]) -> dict[str, list[float | None]]:
    """Numbers by name, one for each node."""
    columns: dict[str, list[float | None]] = {}
    for name in dict.fromkeys(itertools.chain.from_iterable(numbers)):
        columns[name] = [of_node.get(name) for of_node in numbers]
    return columns


def assemble_model(
    graph: RawGraph, renaming: Mapping[str, str], cycles: str, fold: bool = False
) -> Architecture:
    """The architecture of a model's graph, whose operations the vocabulary names.

    As `assemble`; `renaming` is checked, and may name what the vocabulary joins or lacks. With
    `fold`, blocks that repeat are one.
    """
    names = {**dict.fromkeys(JOINED, IGNORE), **renaming}
    whole = assemble(graph, names, cycles, known=[op for op in graph.ops if is_known(op)])
    return folded(whole) if fold else whole


def without_nodes(dropped: list[int], edges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The edges, each once, without some nodes: what came before one leads to what came after.

    Nodes are dropped one by one, so a row of them is bridged as a whole.
    """
    # for each node its neighbours; dictionaries for sets, since those keep the order of the edges
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
                # an edge from the node to itself goes with it
                if node not in (source, target):
                    after.setdefault(source, {})[target] = None
                    before.setdefault(target, {})[source] = None
    return [(source, target) for source, targets in after.items() for target in targets]


def _check_known(graph: RawGraph, known: Collection[str]) -> None:
    unknown: dict[str, list[int]] = {}
    for node, op in enumerate(graph.ops):
        if op not in known:
            unknown.setdefault(op, []).append(node)
    if not unknown:
        return
    shown = list(unknown)[:_MOST_OPERATIONS]
    listed = ", ".join([_with_nodes(op, graph, unknown[op]) for op in shown])
    n_more = len(unknown) - _MOST_OPERATIONS
    more = f" and {n_more} more" if n_more > 0 else ""
    # to ignore a node that holds a network would drop the network without a word
    holders = {graph.ops[node] for node in graph.inside}
    holding = [op for op in unknown if op in holders]
    has_others = len(holding) < len(unknown)
    ignoring = ", or `name: ignore` to drop the node and join its neighbours" if has_others else ""
    warnings = "".join([_inside(op, graph, unknown[op]) for op in holding[:_MOST_HOLDING]])
    raise UnknownOperationsError(
        f"{len(unknown)} unknown operations: {listed}{more}. Name them in a "
        f"mapping file, one `name: operation` a line{ignoring}{warnings}"
    )


def _inside(op: str, graph: RawGraph, nodes: list[int]) -> str:
    """What would be lost with the nodes of an operation that hold a network."""
    inner: dict[str, int] = {}
    for node in nodes:
        for _, inner_op in graph.inside.get(node, []):
            inner[inner_op] = inner.get(inner_op, 0) + 1
    if not inner:
        return (
            f". What {op[:60]} computes is not shown, and it may hold layers; of a PyTorch model,"
            " torch.export.export(model, example_inputs) shows it"
        )
    often = sorted(inner, key=lambda name: -inner[name])
    listed = ", ".join([name[:40] for name in often[:5]])
    more = ", ..." if len(often) > 5 else ""
    return (
        f". {op[:60]} holds {sum(inner.values())} operations ({listed}{more}), which are no part of"
        " the graph: export the model so that they are, such as with one size of input"
    )


def _with_nodes(op: str, graph: RawGraph, nodes: list[int]) -> str:
    """An operation and the first nodes that have it."""
    first = ", ".join([graph.names[node][:40] for node in nodes[:3]])
    return f"{op[:60]} ({len(nodes)}: {first}{', ...' if len(nodes) > 3 else ''})"
