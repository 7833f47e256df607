"""Canonical ids: 128 bits that are equal exactly for isomorphic architectures.

The id is taken on the canonical form of the graph: dead nodes pruned (`Architecture.pruned`), then
every `skip` (the identity) contracted, its inputs going straight to its successors; where an edge
then counts twice (x + x), a node on it says so, under a name that no operation has. NAS-Bench-201's
15,625 cells have 5,425 such forms. Two steps:

1. Colour refinement (Weisfeiler-Leman) with both edge directions, as many rounds as the graph has
   nodes, on 64-bit colours that start from a hash of the operation's name. It runs on flat arrays,
   for one graph or for a whole table alike. If it leaves only nodes of one colour that are *twins*
   (same predecessors, same successors), the multiset of colours determines the graph, and its hash
   is the id. That is the case for most graphs of every benchmark.
2. For the rest (parallel branches of equal operations, and the graphs that fool refinement) the
   smallest relabelled edge list is found by individualisation and refinement, with automorphisms
   pruning the search, and hashed in.

Equal ids for different graphs need a collision of 64-bit colours: below 1e-5 over all of
NAS-Bench-101.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, dia_array

from nasflow.graphs.architecture import SKIP_OP, Architecture

if TYPE_CHECKING:
    from nasflow.graphs.table import ArchTable

U64 = npt.NDArray[np.uint64]


def canonical_id(architecture: Architecture) -> str:
    """The canonical id of one architecture: 32 hexadecimal digits."""
    from nasflow.graphs.table import ArchTable

    return str(canonical_ids(ArchTable.from_architectures([architecture]))[0])


def canonical_ids(table: ArchTable) -> npt.NDArray[np.str_]:
    """(N,) str: the canonical id of every row."""
    return isomorphism_ids(canonical_form(table) if len(table) else table)


def isomorphism_ids(table: ArchTable) -> npt.NDArray[np.str_]:
    """(N,) str: 32 hexadecimal digits, equal exactly for isomorphic rows, as they are: nothing
    pruned or contracted.
    """
    if not len(table):
        return np.zeros(0, dtype="<U32")
    colours = refine(table)
    words = _graph_words(table, colours)
    for row in np.flatnonzero(~_determined(table, colours)):
        words[:, row] = _mixed_with(words[:, row], certificate(table[int(row)]))
    big_endian = words.T.astype(">u8").copy()
    return np.array([pair.tobytes().hex() for pair in big_endian])


def canonical_form(table: ArchTable) -> ArchTable:
    """The table with every row pruned, `skip` contracted, and repeated edges marked by a node.

    Contraction counts paths: with A the adjacency matrix of the whole table and S the selection of
    skip nodes, A + ASA + ASASA + ... holds the number of ways from one node to another through
    skips alone.
    """
    pruned = table.pruned()
    if SKIP_OP not in pruned.vocabulary:
        return pruned
    skip = pruned.ops == pruned.vocabulary.index(SKIP_OP)
    n_nodes = len(skip)
    source, target = pruned.global_edges()
    direct = csr_array((np.ones(len(source), np.int64), (source, target)), shape=(n_nodes, n_nodes))
    through_skip = dia_array((skip.astype(np.int64)[None], [0]), shape=(n_nodes, n_nodes)) @ direct
    paths, longer = direct, direct @ through_skip
    while longer.nnz:
        paths, longer = paths + longer, longer @ through_skip
    ways = paths.tocoo()
    kept = ~skip[ways.row] & ~skip[ways.col]
    return _with_multiplicities(pruned, ~skip, ways.row[kept], ways.col[kept], ways.data[kept])


def _with_multiplicities(
    table: ArchTable, keep: npt.NDArray[np.bool_], source: Any, target: Any, count: Any
) -> ArchTable:
    """The kept nodes of `table` with new edges, an edge counted n > 1 times led through a node for
    n.
    """
    from nasflow.graphs.table import ArchTable

    many = np.flatnonzero(count > 1)
    names = [f"\0x{n}" for n in np.unique(count[many])]
    vocabulary = (*table.vocabulary, *names)
    extra_op = np.searchsorted(np.unique(count[many]), count[many]) + len(table.vocabulary)
    # nodes: the kept ones, then one for each repeated edge; a stable sort brings each to its graph
    graph = np.concatenate([table.node_graph[keep], table.node_graph[source[many]]])
    order = np.argsort(graph, kind="stable")
    position = np.empty(len(order), np.int64)
    position[order] = np.arange(len(order))
    old_to_new = np.full(len(keep), -1)
    old_to_new[keep] = position[: keep.sum()]
    extra = position[keep.sum() :]
    once = count == 1
    edges = np.stack(
        [
            np.concatenate([old_to_new[source[once]], old_to_new[source[many]], extra]),
            np.concatenate([old_to_new[target[once]], extra, old_to_new[target[many]]]),
        ]
    )
    graph = graph[order]
    ops = np.concatenate([table.ops[keep], extra_op])[order]
    node_ptr = np.searchsorted(graph, np.arange(len(table) + 1))
    edge_graph = graph[edges[0]]
    edges = edges[:, np.argsort(edge_graph, kind="stable")] - node_ptr[np.sort(edge_graph)]
    edge_ptr = np.searchsorted(np.sort(edge_graph), np.arange(len(table) + 1))
    return ArchTable.from_arrays(vocabulary, ops, node_ptr, edges, edge_ptr)


def refine(table: ArchTable) -> U64:
    """(n_nodes,) uint64: each node's colour after as many rounds of refinement as its graph has
    nodes.

    Isomorphic graphs get equal multisets of colours, whatever else is in the table.
    """
    source, target = table.global_edges()
    n_nodes = len(table.ops)
    in_ptr = np.concatenate([[0], np.cumsum(np.bincount(target, minlength=n_nodes))])
    out_ptr = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=n_nodes))])
    by_source = np.argsort(source, kind="stable")
    target_by_source = target[by_source]
    sizes = np.diff(table.node_ptr)
    colour = _op_hashes(table.vocabulary)[table.ops]
    for round_ in range(int(sizes.max())):
        fed_by = _segment_sums(mix_words(colour ^ _IN)[source], in_ptr)
        feeds = _segment_sums(mix_words(colour ^ _OUT)[target_by_source], out_ptr)
        updated = mix_words(colour + mix_words(fed_by ^ _IN) + mix_words(feeds ^ _OUT))
        # graphs with fewer nodes have had their rounds
        colour = (
            updated
            if round_ < sizes.min()
            else np.where((sizes > round_)[table.node_graph], updated, colour)
        )
    return colour


_IN, _OUT, _LOW, _HIGH = (
    np.frombuffer(hashlib.sha256(word).digest()[:8], np.uint64)[0]
    for word in (b"in", b"out", b"low", b"high")
)


def mix_words(x: U64) -> U64:
    """A bijection of 64-bit words that scatters every bit (the finaliser of splitmix64)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _segment_sums(values: U64, ptr: npt.NDArray[Any]) -> U64:
    """Sums over consecutive segments, modulo 2**64; empty segments give 0."""
    running = np.concatenate([np.zeros(1, np.uint64), np.cumsum(values, dtype=np.uint64)])
    sums: U64 = running[ptr[1:]] - running[ptr[:-1]]
    return sums


def _op_hashes(vocabulary: tuple[str, ...]) -> U64:
    digests = b"".join(hashlib.sha256(op.encode()).digest()[:8] for op in vocabulary)
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def _graph_words(table: ArchTable, colours: U64) -> U64:
    """(2, N) uint64: two independent hashes of each graph's multiset of colours."""
    ptr, sizes = table.node_ptr, np.diff(table.node_ptr).astype(np.uint64)
    return np.stack(
        [mix_words(_segment_sums(mix_words(colours ^ salt), ptr) + sizes) for salt in (_LOW, _HIGH)]
    )


def _determined(table: ArchTable, colours: U64) -> npt.NDArray[np.bool_]:
    """(N,) bool: whether every colour class of the graph is a single class of twins."""
    source, target = table.global_edges()
    local = np.arange(len(table.ops), dtype=np.uint64) - table.node_ptr[table.node_graph].astype(
        np.uint64
    )
    twin_key = colours.copy()
    for here, there, salt in ((target, source, _IN), (source, target, _OUT)):
        neighbours = np.zeros(len(table.ops), np.uint64)
        np.add.at(neighbours, here, mix_words(local[there] ^ salt))
        twin_key = mix_words(twin_key + mix_words(neighbours ^ salt))
    determined: npt.NDArray[np.bool_] = _n_distinct(table, colours) == _n_distinct(table, twin_key)
    return determined


def _n_distinct(table: ArchTable, keys: U64) -> npt.NDArray[np.int64]:
    """(N,) int64: number of distinct keys among each graph's nodes."""
    order = np.lexsort((keys, table.node_graph))
    graph, key = table.node_graph[order], keys[order]
    new = np.ones(len(key), bool)
    new[1:] = (graph[1:] != graph[:-1]) | (key[1:] != key[:-1])
    return np.bincount(graph[new], minlength=len(table))


def _mixed_with(words: U64, text: bytes) -> U64:
    digest = hashlib.sha256(words.astype(">u8").tobytes() + text).digest()[:16]
    return np.frombuffer(digest, ">u8").astype(np.uint64)


def certificate(architecture: Architecture) -> bytes:
    """The smallest of the graph's equivalent descriptions: equal exactly for isomorphic graphs.

    Individualisation-refinement after McKay: refine an ordered partition of the nodes until it is
    stable; if some cell has several nodes, give each of them in turn a cell of its own and go on; a
    partition into single nodes is a leaf and describes the graph. Two equal leaves are an
    automorphism, and a node that an automorphism (one that fixes the choices made so far) carries
    to a node already tried is skipped.
    """
    return _LabellingSearch(architecture).run()


class _LabellingSearch:
    """The state of one search for the smallest leaf."""

    def __init__(self, graph: Architecture) -> None:
        self.graph = graph
        self.first_path: list[int] = []
        self.leaves: dict[bytes, list[int]] = {}  # description -> node at each position
        self.automorphisms: list[list[int]] = []

    def run(self) -> bytes:
        names = sorted(set(self.graph.ops))
        self._descend(self._refined([names.index(op) for op in self.graph.ops]), [])
        return min(self.leaves)

    def _refined(self, colour: list[int]) -> list[int]:
        """The coarsest stable refinement of an ordered colouring; colours are ranks."""
        graph, n_colours = self.graph, len(set(colour))
        while True:
            keys = [
                (
                    colour[v],
                    sorted(colour[u] for u in graph.predecessors[v]),
                    sorted(colour[w] for w in graph.successors[v]),
                )
                for v in range(graph.n_nodes)
            ]
            rank = {
                repr(key): i for i, key in enumerate(sorted({repr(k): k for k in keys}.values()))
            }
            colour = [rank[repr(key)] for key in keys]
            if len(rank) == n_colours:
                return colour
            n_colours = len(rank)

    def _descend(self, colour: list[int], path: list[int]) -> int:
        """Search below `path`; returns the depth at which to go on (less than len(path): jump
        back).
        """
        cells: dict[int, list[int]] = {}
        for node, c in enumerate(colour):
            cells.setdefault(c, []).append(node)
        open_cells = [c for c in sorted(cells) if len(cells[c]) > 1]
        if not open_cells:
            return self._leaf(colour, path)
        cell = cells[open_cells[0]]
        tried: list[int] = []
        for node in cell:
            if tried and self._same_orbit(node, tried, path):
                continue
            split = [2 * c + 1 for c in colour]
            split[node] -= 1
            back = self._descend(self._refined(split), [*path, node])
            if back < len(path):
                return back
            tried.append(node)
        return len(path)

    def _leaf(self, colour: list[int], path: list[int]) -> int:
        node_at = sorted(range(len(colour)), key=colour.__getitem__)
        described = self.graph.relabelled(node_at)
        text = repr((described.ops, described.edges)).encode()
        known = self.leaves.setdefault(text, node_at)
        if known is node_at:
            if not self.first_path:
                self.first_path = path
            return len(path)
        automorphism = [0] * len(colour)
        for a, b in zip(known, node_at, strict=True):
            automorphism[a] = b
        self.automorphisms.append(automorphism)
        if known is not next(iter(self.leaves.values())):
            return len(path)
        # Equivalent to the first leaf: so is everything below the point where the two paths part.
        return next(d for d, (a, b) in enumerate(zip(self.first_path, path, strict=True)) if a != b)

    def _same_orbit(self, node: int, tried: list[int], path: list[int]) -> bool:
        """Whether known automorphisms that fix `path` carry `node` to a node already tried."""
        fixing = [g for g in self.automorphisms if all(g[v] == v for v in path)]
        orbit, front = {node}, [node]
        while front:
            here = front.pop()
            for g in fixing:
                for there in (g[here], g.index(here)):
                    if there not in orbit:
                        orbit.add(there)
                        front.append(there)
        return not orbit.isdisjoint(tried)
