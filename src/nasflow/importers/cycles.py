"""Cycles of imported graphs: named, so that they can be refused, or merged.

Recurrent networks, and graphs made by hand, have cycles; FGP needs none. Merging replaces every
strongly connected component (a largest set of nodes that all reach one another) by one node; what
is left has no cycle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

Edge = tuple[int, int]

# of nodes that are merged, these add up; a width or a kernel is each node's own
_ADDED = ("params", "flops")


def components(n_nodes: int, edges: Sequence[Edge]) -> list[int]:
    """For each node its strongly connected component, numbered by their first nodes."""
    source, target = np.array(edges, np.int64).reshape(-1, 2).T
    matrix = csr_array((np.ones(len(source), np.int8), (source, target)), shape=(n_nodes, n_nodes))
    _, label = connected_components(matrix, directed=True, connection="strong")
    order: dict[int, int] = {}
    return [order.setdefault(int(component), len(order)) for component in label]


def find_cycle(n_nodes: int, edges: Sequence[Edge]) -> list[int] | None:
    """The nodes of one cycle, in order, or None if there is none."""
    for source, target in edges:
        if source == target:
            return [source]
    component = components(n_nodes, edges)
    # every node of a larger component has a successor in it, so a walk never ends
    successor: dict[int, int] = {}
    for source, target in edges:
        if component[source] == component[target]:
            successor.setdefault(source, target)
    if not successor:
        return None
    walk = [min(successor)]
    step_of_node = {walk[0]: 0}
    while (following := successor[walk[-1]]) not in step_of_node:
        step_of_node[following] = len(walk)
        walk.append(following)
    # the walk may begin outside of the cycle that it ends in
    return walk[step_of_node[following] :]


def condensed(ops: Sequence[str], edges: Sequence[Edge]) -> tuple[list[str], list[Edge]]:
    """Operations and edges with each strongly connected component merged into one node.

    A merged node is called `loop(...)` after its operations, sorted; a node with an edge to itself
    loses that edge.
    """
    component = components(len(ops), edges)
    members: list[list[str]] = [[] for _ in range(max(component) + 1)]
    for op, number in zip(ops, component, strict=True):
        members[number].append(op)
    merged = [_merged_name(names) for names in members]
    # a dictionary for a set: it keeps the order of the edges
    kept: dict[Edge, None] = {}
    for source, target in edges:
        edge = component[source], component[target]
        if edge[0] != edge[1]:
            kept[edge] = None
    return merged, list(kept)


def condensed_numbers(
    numbers: Sequence[Mapping[str, float]], edges: Sequence[Edge]
) -> list[Mapping[str, float]]:
    """The numbers of the nodes that `condensed` gives: a merged node's parameters and products."""
    component = components(len(numbers), edges)
    merged: list[Mapping[str, float]] = [{} for _ in range(max(component) + 1)]
    n_members = [component.count(number) for number in range(len(merged))]
    for number, of_node in zip(component, numbers, strict=True):
        if n_members[number] == 1:
            merged[number] = of_node
        else:
            sums = {name: merged[number].get(name, 0) + of_node.get(name, 0) for name in _ADDED}
            merged[number] = {name: total for name, total in sums.items() if total}
    return merged


def _merged_name(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"loop({'+'.join(sorted(names))})"
