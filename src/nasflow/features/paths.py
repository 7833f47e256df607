"""paths: ways from input to output through subsets of the operations.

For a set S of operations, over the nodes whose operation is in S (and inputs and outputs):

    near      1 / (1 + the fewest operations on a way from an input to an output); 0 without a way
    far       the most operations on such a way; 0 without one
    within    edges inside S for each node of S; 0 without one

and for each operation alone

    count     its nodes
    fed       its nodes that an input feeds
    feeding   its nodes that feed an output

In our own words and for any acyclic graph after GRAF (Kadlecova et al., "Surprisingly Strong
Performance Prediction with Neural Graph Features", ICML 2024, section 3). All subsets of up to
`ALL_SUBSETS` operations, and of more the single ones, the pairs, what is left without one, and all.

A space of two cells (DARTS) has them for the whole graph and for each cell: what is between an
input and an output that no edge out of an output joins, in the order of their depth.
"""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from nasflow.features.base import FeatureGroup, FeatureSetting, FloatArray, Seen
from nasflow.graphs.names import NONE_OP, is_input, is_output
from nasflow.graphs.table import ArchTable

ALL_SUBSETS = 7  # operations of which all 127 subsets are looked at
CHUNK = 8_192  # rows at a time: nodes x subsets must stay in the cache's reach
_NO_WAY = np.float32(np.inf)

BoolArray = npt.NDArray[np.bool_]


class Paths(FeatureGroup):
    """Numbers that a person would read off the drawing of a graph."""

    def __init__(self, setting: FeatureSetting) -> None:
        super().__init__(setting)
        self._ops = [op for op in setting.vocabulary if not _is_end(op) and op != NONE_OP]
        self._subsets = subsets(self._ops)
        # (n_ops of the vocabulary, n_subsets): whether an operation is in a subset
        self._members = np.zeros((len(setting.vocabulary), len(self._subsets)), bool)
        for i, subset in enumerate(self._subsets):
            for op in subset:
                self._members[setting.vocabulary.index(op), i] = True

    @property
    def names(self) -> list[str]:
        """`paths.near.conv1x1+skip`; of single cells `paths.cell0.near...`."""
        names = []
        for prefix in ("paths", *(f"paths.cell{i}" for i in range(self._n_cells))):
            for kind in ("near", "far", "within"):
                names += [f"{prefix}.{kind}.{'+'.join(subset)}" for subset in self._subsets]
            for kind in ("count", "fed", "feeding"):
                names += [f"{prefix}.{kind}.{op}" for op in self._ops]
        return names

    @property
    def _n_cells(self) -> int:
        """Cells that have columns of their own."""
        return self.setting.n_cells if self.setting.n_cells > 1 else 0

    def __call__(self, rows: Seen) -> FloatArray:
        """(N, d): the numbers of this module's first page."""
        table = rows.pruned
        parts = [np.zeros((0, len(self.names)))]
        for start in range(0, len(table), CHUNK):
            chunk = table[start : start + CHUNK]
            whole = np.ones(len(chunk.ops), bool)
            of_parts = [self._numbers(chunk, whole)]
            cell = cells(chunk) if self._n_cells else whole
            for i in range(self._n_cells):
                of_parts.append(self._numbers(chunk, cell == i))
            parts.append(np.hstack(of_parts))
        return np.concatenate(parts)

    def _numbers(self, table: ArchTable, there: BoolArray) -> FloatArray:
        """(N, ...): the numbers of the marked nodes (n_nodes,) of each row."""
        names = table.vocabulary
        is_in = np.array([is_input(op) for op in names])[table.ops] & there
        is_out = np.array([is_output(op) for op in names])[table.ops] & there
        source, target = table.global_edges()
        inside = there[source] & there[target]
        source, target = source[inside], target[inside]
        # a graph that marks no ends begins at its sources and ends at its sinks
        n_in = np.bincount(target, minlength=len(there))
        n_out = np.bincount(source, minlength=len(there))
        graph = table.node_graph
        no_input = np.bincount(graph[is_in], minlength=len(table))[graph] == 0
        no_output = np.bincount(graph[is_out], minlength=len(table))[graph] == 0
        starts = is_in | (there & no_input & (n_in == 0))
        stops = is_out | (there & no_output & (n_out == 0))
        free = is_in | is_out  # of no operation: on every way, and never counted
        member = self._members[table.ops] & there[:, None]  # (n_nodes, n_subsets)
        least, most = _ways(table, source, target, member, free, starts)
        shortest = np.full((len(table), member.shape[1]), _NO_WAY)
        longest = np.full((len(table), member.shape[1]), -_NO_WAY)
        ends = np.flatnonzero(stops)
        np.minimum.at(shortest, graph[ends], least[ends])
        np.maximum.at(longest, graph[ends], most[ends])
        near = np.where(np.isfinite(shortest), 1 / (1 + shortest), 0.0)
        far = np.where(np.isfinite(longest), longest, 0.0)
        n_members = _per_row(table, member)
        # edges are sorted by target, and so by row
        of_row = np.searchsorted(graph[target], np.arange(len(table) + 1))
        edges_within = _between(of_row, member[source] & member[target])
        within = edges_within / np.maximum(n_members, 1)
        single = [names.index(op) for op in self._ops]
        is_op = (table.ops[:, None] == np.array(single, int)) & there[:, None]  # (n_nodes, n_ops)
        fed = np.zeros(len(there), bool)
        fed[target[is_in[source]]] = True
        feeding = np.zeros(len(there), bool)
        feeding[source[is_out[target]]] = True
        counted = [
            _per_row(table, is_op),
            _per_row(table, is_op & fed[:, None]),
            _per_row(table, is_op & feeding[:, None]),
        ]
        return np.hstack([near, far, within, *counted]).astype(np.float64)


def _ways(
    table: ArchTable,
    source: npt.NDArray[np.int64],
    target: npt.NDArray[np.int64],
    member: BoolArray,
    free: BoolArray,
    starts: BoolArray,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """(n_nodes, n_subsets) float32, twice: fewest and most operations on a way to each node.

    Infinity and minus infinity where no way leads. Nodes are taken generation by generation, so
    that what leads to a node is known before it.
    """
    cost = np.where(free[:, None], 0, 1).astype(np.float32)  # (n_nodes, 1): what a node adds
    may_pass = member | free[:, None]
    begins = starts[:, None] & may_pass
    least = np.where(begins, cost, _NO_WAY).astype(np.float32)
    most = np.where(begins, cost, -_NO_WAY).astype(np.float32)
    generation = table.generation[target]
    order = np.argsort(generation, kind="stable")  # within a generation sorted by target still
    source, target, generation = source[order], target[order], generation[order]
    first = np.flatnonzero(np.diff(generation, prepend=-1))
    for begin, end in itertools.pairwise([*first.tolist(), len(generation)]):
        froms, tos = source[begin:end], target[begin:end]
        where = np.flatnonzero(np.diff(tos, prepend=-1))  # where each target's edges begin
        reached = tos[where]
        open_there = may_pass[reached]
        shortest = np.minimum.reduceat(least[froms], where, axis=0) + cost[reached]
        longest = np.maximum.reduceat(most[froms], where, axis=0) + cost[reached]
        least[reached] = np.minimum(least[reached], np.where(open_there, shortest, _NO_WAY))
        most[reached] = np.maximum(most[reached], np.where(open_there, longest, -_NO_WAY))
    return least, most


def _per_row(table: ArchTable, marks: BoolArray) -> npt.NDArray[np.int64]:
    """(N, d): how many nodes of each row are marked, from (n_nodes, d)."""
    return _between(table.node_ptr, marks)


def _between(ptr: npt.NDArray[np.int64], marks: BoolArray) -> npt.NDArray[np.int64]:
    """(N, d): how many of the marks (n, d) are between consecutive pointers (N+1,)."""
    running = np.zeros((len(marks) + 1, marks.shape[1]), np.int32)
    np.cumsum(marks, axis=0, out=running[1:])
    counts: npt.NDArray[np.int64] = np.diff(running[ptr], axis=0).astype(np.int64)
    return counts


def subsets(ops: list[str]) -> list[tuple[str, ...]]:
    """The sets of operations that ways are looked for in, small ones first.

    Example:
        >>> subsets(["a", "b"])
        [('a',), ('b',), ('a', 'b')]
    """
    if len(ops) <= ALL_SUBSETS:
        sizes = range(1, len(ops) + 1)
        of_sizes = [itertools.combinations(ops, size) for size in sizes]
        return list(itertools.chain.from_iterable(of_sizes))
    chosen: list[tuple[str, ...]] = [(op,) for op in ops]
    chosen += itertools.combinations(ops, 2)
    chosen += itertools.combinations(ops, len(ops) - 1)
    return [*chosen, tuple(ops)]


def cells(table: ArchTable) -> npt.NDArray[np.int64]:
    """(n_nodes,) int64: the cell of each node: what is joined without the edges out of outputs.

    Cells of a graph are numbered by their depth; of equally deep ones (cells side by side, joined
    by nothing) the one with the first node comes first.
    """
    n_nodes = len(table.ops)
    if not n_nodes:
        return np.zeros(0, np.int64)
    out = np.array([is_output(op) for op in table.vocabulary])[table.ops]
    source, target = table.global_edges()
    kept = ~out[source]
    ones = np.ones(int(kept.sum()), bool)
    joined = csr_array((ones, (source[kept], target[kept])), shape=(n_nodes, n_nodes))
    _, part = connected_components(joined, directed=False)
    depth = np.full(part.max() + 1, n_nodes)
    np.minimum.at(depth, part, table.generation)
    first = np.full(part.max() + 1, n_nodes)
    np.minimum.at(first, part, np.arange(n_nodes))
    graph = table.node_graph[first]
    order = np.lexsort((first, depth, graph))
    number = np.empty(len(order), np.int64)
    in_order = graph[order]
    begins = np.searchsorted(in_order, in_order, side="left")
    number[order] = np.arange(len(order)) - begins
    return number[part]


def n_cells(table: ArchTable) -> int:
    """The largest number of cells in a row: of output nodes, at least 1."""
    out = np.array([is_output(op) for op in table.vocabulary])[table.ops]
    return max(1, int(np.bincount(table.node_graph[out], minlength=1).max()))


def _is_end(op: str) -> bool:
    return is_input(op) or is_output(op)
