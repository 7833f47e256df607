"""Blocks of a network that repeat, as one block with a depth.

Definition
    A *waist* is a node on every way through the network, from whatever has no predecessor to
    whatever has no successor. Between two waists that follow each other lies a *segment*: the nodes
    between them and the second waist, with all edges among these and from the first waist. So a
    network is a first part and a chain of segments.

    Two segments are equal if there is an isomorphism of them, first waist included, that keeps
    operations and numbers (of the first waist, which is the end of another segment, it keeps
    neither). A block is one or more segments in a row. `folded` writes the chain as blocks, some of
    them repeated, so that as few nodes as possible are left; of several ways, the one whose blocks
    are the shortest from the front. Of a block that stands k times in a row, the first stays. Its
    nodes have the number `depth` k, and its last node `block`, the number of its nodes; what stands
    once has neither. Blocks within blocks are not folded.

    `unfolded` makes each block as often as it says: the network before, up to the order of nodes.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.canonical import isomorphism_ids
from nasflow.graphs.table import ArchTable

DEPTH, BLOCK = "depth", "block"

# the first waist of a segment, whatever it is
_ENTRY = "entry"


@dataclass(frozen=True)
class _Run:
    """A block of some segments of the chain, and how often it stands in a row."""

    start: int
    length: int
    count: int


def folded(architecture: Architecture) -> Architecture:
    """The network with blocks that stand in a row as one; the definition is on this page.

    Raises:
        GraphError: its nodes have numbers called depth or block, as after folding.
    """
    taken = [name for name in (DEPTH, BLOCK) if name in architecture.attrs]
    if taken:
        raise GraphError(
            f"the nodes have the numbers {', '.join(taken)} already, as folding gives them; fold a"
            " network once"
        )
    order = _topological(architecture)
    waists = _waists(architecture, order)
    segments = [order[start + 1 : end + 1] for start, end in itertools.pairwise(waists)]
    kinds = _kinds(architecture, [order[start] for start in waists], segments)
    runs = _fewest_nodes(kinds, [len(segment) for segment in segments])
    repeated = [run for run in runs if run.count > 1]
    if not repeated:
        return architecture
    # of each repeated block the last node of the first copy leads to what the last copy led to
    dropped: set[int] = set()
    stands_for: dict[int, int] = {}
    depth: dict[int, float] = {}
    block: dict[int, float] = {}
    for run in repeated:
        middle = run.start + run.length
        end = run.start + run.length * run.count
        first = list(itertools.chain.from_iterable(segments[run.start : middle]))
        rest = list(itertools.chain.from_iterable(segments[middle:end]))
        dropped.update(rest)
        stands_for[rest[-1]] = first[-1]
        depth.update(dict.fromkeys(first, float(run.count)))
        block[first[-1]] = float(len(first))
    return _without(architecture, dropped, stands_for, {DEPTH: depth, BLOCK: block})


def unfolded(architecture: Architecture) -> Architecture:
    """The network that `folded` was given, up to the order of nodes.

    Raises:
        GraphError: the numbers depth and block do not say which nodes are a block.
    """
    if BLOCK not in architecture.attrs:
        return architecture
    order = _topological(architecture)
    position = {node: place for place, node in enumerate(order)}
    ops: list[str] = []
    origin: list[int] = []
    edges: list[tuple[int, int]] = []
    # of each node the one that what comes later reads: of a block that in its last copy
    now: dict[int, int] = {}
    blocks = _blocks(architecture, order)
    place = 0
    while place < len(order):
        nodes, count = blocks.get(place, ([order[place]], 1))
        inside = set(nodes)
        entry: int | None = None
        for _ in range(count):
            copies: dict[int, int] = {}
            for node in nodes:
                copies[node] = len(ops)
                ops.append(architecture.ops[node])
                origin.append(node)
                for source in architecture.predecessors[node]:
                    if source in inside:
                        edges.append((copies[source], copies[node]))
                    else:
                        # in later copies, what stands before the block is the end of the last one
                        before = now[source] if entry is None else entry
                        edges.append((before, copies[node]))
            entry = copies[nodes[-1]]
            now.update(copies)
        place = position[nodes[-1]] + 1
    attrs = _of_nodes(architecture, origin)
    # they speak of the blocks, which are written out now
    attrs.pop(DEPTH, None)
    attrs.pop(BLOCK, None)
    return Architecture(tuple(ops), tuple(edges), attrs, architecture.globals)


def _blocks(architecture: Architecture, order: Sequence[int]) -> dict[int, tuple[list[int], int]]:
    """The repeated blocks by the position of their first node: their nodes, and how often."""
    blocks = {}
    depths, sizes = architecture.attrs[DEPTH], architecture.attrs[BLOCK]
    for place, node in enumerate(order):
        size, depth = sizes[node], depths[node]
        if size is None:
            continue
        start = place + 1 - int(size)
        nodes = list(order[max(0, start) : place + 1])
        if depth is None or start < 0 or any(depths[inner] != depth for inner in nodes):
            raise GraphError(
                f"node {node} ends a block of {size:g} nodes of depth {depth}, and the nodes before"
                " it do not say the same; legal: what folding gives"
            )
        blocks[start] = (nodes, int(depth))
    return blocks


def _topological(architecture: Architecture) -> list[int]:
    """The nodes, each after those that lead to it; by their numbers where that leaves a choice."""
    missing = [len(sources) for sources in architecture.predecessors]
    ready = [node for node, n in enumerate(missing) if n == 0]
    order: list[int] = []
    # any order will do: nodes between two waists stand together in each
    while ready:
        node = ready.pop()
        order.append(node)
        for target in reversed(architecture.successors[node]):
            missing[target] -= 1
            if missing[target] == 0:
                ready.append(target)
    return order


def _waists(architecture: Architecture, order: Sequence[int]) -> list[int]:
    """The positions in the order of the nodes that all ways through the network pass."""
    position = {node: place for place, node in enumerate(order)}
    n_nodes = len(order)
    # changes of the number of edges that jump over a position, which a running sum gives
    jumps = np.zeros(n_nodes + 1, np.int64)
    spans = [(position[source], position[target]) for source, target in architecture.edges]
    # all that begins hangs on one node before the first, all that ends on one behind the last
    spans += [(-1, position[v]) for v in order if not architecture.predecessors[v]]
    spans += [(position[v], n_nodes) for v in order if not architecture.successors[v]]
    for start, end in spans:
        if end - start > 1:
            jumps[start + 1] += 1
            jumps[end] -= 1
    return np.flatnonzero(np.cumsum(jumps[:n_nodes]) == 0).tolist()


def _kinds(
    architecture: Architecture, entries: Sequence[int], segments: Sequence[Sequence[int]]
) -> list[Hashable]:
    """For each segment a value that is equal for equal segments."""
    graphs = []
    for entry, segment in zip(entries, segments, strict=False):
        nodes = [entry, *segment]
        place = {node: i for i, node in enumerate(nodes)}
        edges = [
            (place[source], place[node])
            for node in segment
            for source in architecture.predecessors[node]
        ]
        # no operation of a network may be taken for the entry
        ops = [_ENTRY, *(f"={architecture.ops[node]}" for node in segment)]
        attrs = _of_nodes(architecture, [None, *segment])
        graphs.append(Architecture(tuple(ops), tuple(edges), attrs))
    return list(isomorphism_ids(ArchTable.from_architectures(graphs))) if graphs else []


def _fewest_nodes(kinds: Sequence[Hashable], sizes: Sequence[int]) -> list[_Run]:
    """The runs, in their order, that a chain of segments is written as with the fewest nodes."""
    n = len(kinds)
    total = np.concatenate([[0], np.cumsum(sizes)]).astype(int).tolist()
    repeats = _repeats(kinds)
    # from the back: the fewest nodes of the rest of the chain, and how that begins
    fewest = [0] * (n + 1)
    begins: list[_Run] = []
    for start in range(n - 1, -1, -1):
        best = (sizes[start] + fewest[start + 1], _Run(start, 1, 1))
        for length, most in repeats[start]:
            kept = total[start + length] - total[start]
            for count in range(2, most + 1):
                cost = kept + fewest[start + length * count]
                # strictly fewer: of equals the first, which is the shortest block
                if cost < best[0]:
                    best = (cost, _Run(start, length, count))
        fewest[start] = best[0]
        begins.append(best[1])
    begins.reverse()
    runs: list[_Run] = []
    start = 0
    # what begins the whole chain, then what begins the rest
    while start < n:
        runs.append(begins[start])
        start += begins[start].length * begins[start].count
    return runs


def _repeats(kinds: Sequence[Hashable]) -> list[list[tuple[int, int]]]:
    """For each start the lengths of blocks that repeat from there, with how often they stand."""
    n = len(kinds)
    repeats: list[list[tuple[int, int]]] = [[] for _ in range(n)]
    for length in range(1, n // 2 + 1):
        # how many segments from a start on are equal to those one length later
        equal = 0
        for start in range(n - length - 1, -1, -1):
            equal = equal + 1 if kinds[start] == kinds[start + length] else 0
            if equal >= length:
                repeats[start].append((length, equal // length + 1))
    return repeats


def _of_nodes(
    architecture: Architecture, nodes: Sequence[int | None]
) -> dict[str, list[float | None]]:
    """The numbers of some nodes, by name; of no node, none."""
    numbers: dict[str, list[float | None]] = {}
    for name, values in architecture.attrs.items():
        numbers[name] = [None if node is None else values[node] for node in nodes]
    return numbers


def _without(
    architecture: Architecture,
    dropped: set[int],
    stands_for: Mapping[int, int],
    numbers: Mapping[str, Mapping[int, float]],
) -> Architecture:
    """The network without some nodes, others standing for them, and with more numbers."""
    kept = [node for node in range(architecture.n_nodes) if node not in dropped]
    position = {node: place for place, node in enumerate(kept)}
    edges = [
        (position[stands_for.get(source, source)], position[target])
        for source, target in architecture.edges
        if target in position and stands_for.get(source, source) in position
    ]
    attrs = _of_nodes(architecture, kept)
    for name, values in numbers.items():
        attrs[name] = [values.get(node) for node in kept]
    ops = tuple(architecture.ops[node] for node in kept)
    return Architecture(ops, tuple(edges), attrs, architecture.globals)
