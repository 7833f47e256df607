"""Topological generations, of one graph, a whole table or a batch, and the wording of a cycle.

A node's generation is the length of the longest path that ends in it: what peeling off the nodes
without predecessors, again and again, gives (section 3 of the paper, which counts from 1; here from
0). Three routes to the same numbers: lists for one small graph, which is made thousands of times a
second; arrays for many graphs at once, some of them deep; tensors for graphs that are on a GPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nasflow.errors import GraphError

if TYPE_CHECKING:
    from torch import Tensor

_RELAXED = 64  # generations that are found by relaxing; graphs of benchmarks have up to 30
_SHOWN = 10  # nodes of a cycle that a message spells out; a longer one is shortened


def generations_of_graph(n_nodes: int, edges: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """The generation of each node of one graph, by peeling.

    Raises:
        GraphError: a cycle, which is spelt out.
    """
    successors: list[list[int]] = [[] for _ in range(n_nodes)]
    waiting = [0] * n_nodes
    for source, target in edges:
        successors[source].append(target)
        waiting[target] += 1
    generation = [0] * n_nodes
    front = [node for node in range(n_nodes) if not waiting[node]]
    n_done = len(front)
    while front:
        following = []
        for node in front:
            for target in successors[node]:
                waiting[target] -= 1
                if not waiting[target]:
                    # its last predecessor came free in this round: no longer path leads to it
                    generation[target] = generation[node] + 1
                    following.append(target)
        front = following
        n_done += len(front)
    if n_done < n_nodes:
        raise cycle_error(successors, waiting)
    return tuple(generation)


def generations_of_arrays(
    n_nodes: int, source: npt.NDArray[np.int64], target: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], int | None]:
    """(n_nodes,) int64: the generation of every node of many graphs, and a node in a cycle, if any.

    Relaxes generation[target] = 1 + max over sources until nothing moves, and peels off the nodes
    without predecessors where that takes long: a step costs all edges in the one, the edges of the
    front in the other.

    Args:
        n_nodes: number of nodes of all graphs together.
        source, target: (n_edges,) nodes counted over all graphs; sorted by target.
    """
    if not len(source):
        return np.zeros(n_nodes, np.int64), None
    # half the memory to go through, and no longest path has two billion nodes
    generation = np.zeros(n_nodes, np.int32)
    of_sources = np.empty(len(source), np.int32)
    first = np.flatnonzero(np.diff(target, prepend=-1))  # where each target's edges begin
    receivers = target[first]  # (n_receivers,): the nodes with predecessors
    for _ in range(_RELAXED):
        np.take(generation, source, out=of_sources, mode="clip")  # indices were checked
        latest = np.maximum.reduceat(of_sources, first)
        latest += 1
        if np.array_equal(latest, generation[receivers]):
            return generation.astype(np.int64), None
        generation[receivers] = latest
    return _peeled(n_nodes, source, target)


def generations_of_tensors(n_nodes: int, edge_index: Tensor) -> Tensor:
    """(n_nodes,) int64: the generation of every node of a batch, on the batch's device.

    By relaxing alone, which takes as many steps as the deepest graph has generations.

    Args:
        n_nodes: number of nodes of all graphs together.
        edge_index: (2, n_edges) int64, nodes counted over the batch, in any order.

    Raises:
        GraphError: a cycle.
    """
    # on use: whoever makes a single graph does without torch
    import torch

    source, target = edge_index
    generation = torch.zeros(n_nodes, dtype=torch.int64, device=edge_index.device)
    for _ in range(n_nodes + 1):
        later = generation.scatter_reduce(0, target, generation[source] + 1, "amax")
        if torch.equal(later, generation):
            return generation
        generation = later
    # a longest path has fewer edges than there are nodes: what has not settled by now never will
    raise GraphError("the edges have a cycle; FGP needs a DAG")


def _peeled(
    n_nodes: int, source: npt.NDArray[np.int64], target: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], int | None]:
    """The same by peeling: `waiting` predecessors of a node are not peeled off yet."""
    generation = np.zeros(n_nodes, np.int64)
    by_source = np.argsort(source, kind="stable")
    # the edges out of node v are first_out[v] : first_out[v] + n_out[v] of these
    target_by_source = target[by_source]
    n_out = np.bincount(source, minlength=n_nodes)
    first_out = np.cumsum(n_out) - n_out
    waiting = np.bincount(target, minlength=n_nodes)
    front = np.flatnonzero(waiting == 0)
    depth = 0
    while len(front):
        # positions of all edges out of the front: (n_edges_of_front,)
        counts = n_out[front]
        ends = np.cumsum(counts)
        edges = np.arange(ends[-1]) + np.repeat(first_out[front] - (ends - counts), counts)
        reached, n_arrived = np.unique(target_by_source[edges], return_counts=True)
        waiting[reached] -= n_arrived
        front = reached[waiting[reached] == 0]
        depth += 1
        generation[front] = depth
    stuck = np.flatnonzero(waiting)
    return generation, int(stuck[0]) if len(stuck) else None


def cycle_error(successors: Sequence[Sequence[int]], waiting: Sequence[int]) -> GraphError:
    """The error for a graph whose nodes with `waiting` predecessors never come free."""
    cycle = _cycle(successors, waiting)
    nodes = list(map(str, cycle))
    if len(nodes) > _SHOWN + 1:
        half = _SHOWN // 2
        left_out = f"... {len(nodes) - 2 * half:,} more ..."
        nodes = [*nodes[:half], left_out, *nodes[-half:]]
    return GraphError(
        f"edge list has a cycle {' -> '.join(nodes)}; FGP needs a DAG: remove an edge of it"
    )


def _cycle(successors: Sequence[Sequence[int]], waiting: Sequence[int]) -> list[int]:
    """One cycle among the nodes still waiting, its smallest node first and last.

    Every waiting node has a waiting predecessor, so walking backwards from any of them must return
    to a node seen before.
    """
    stuck = {node for node, count in enumerate(waiting) if count}
    before: dict[int, int] = {}
    for node in sorted(stuck, reverse=True):
        for target in successors[node]:
            if target in stuck:
                before[target] = node  # the smallest of its predecessors stays
    node = min(stuck)
    step_of: dict[int, int] = {}
    walk: list[int] = []
    while node not in step_of:
        step_of[node] = len(walk)
        walk.append(node)
        node = before[node]
    loop = walk[step_of[node] :][::-1]
    start = loop.index(min(loop))
    loop = loop[start:] + loop[:start]
    return [*loop, loop[0]]
