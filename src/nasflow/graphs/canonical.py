"""Canonical ids: 128 bits that are equal exactly for isomorphic architectures.

The id is taken on the canonical form of the graph: dead nodes pruned (`Architecture.pruned`), then
every `skip` (the identity) contracted, its inputs going straight to its successors; where an edge
then counts twice (x + x), a node on it says so, under a name that no operation has. NAS-Bench-201's
15,625 cells have 5,425 such forms. Numbers on nodes and graphs count, but for those of nodes that
are pruned or contracted; where there is none, ids are what they are without. Two steps:

1. Colour refinement (Weisfeiler-Leman) with both edge directions, as many rounds as the graph has
   nodes, on 64-bit colours that start from a hash of the operation's name and numbers. It runs on
   flat arrays, for one graph or for a whole table alike. If it leaves only nodes of one colour that
   are *twins* (same predecessors, same successors), the multiset of colours determines the graph,
   and its hash is the id. That is the case for most graphs of every benchmark.
2. For the rest (parallel branches of equal operations, and the graphs that fool refinement) a
   certificate is hashed in: equal exactly for isomorphic graphs (`nasflow.graphs.certificate`).

Equal ids for different graphs need a collision of 64-bit colours: below 1e-5 over all of
NAS-Bench-101.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.graphs.attributes import Float32
from nasflow.graphs.certificate import certificate
from nasflow.graphs.flat_arrays import row_ptr, sorted_edges
from nasflow.graphs.flat_graphs import FlatGraphs
from nasflow.graphs.names import SKIP_OP

U64 = npt.NDArray[np.uint64]

# Marks begin with a null, and so does no operation's name once it is escaped.
_NULL = "\0"
# Path counts below this are exact in int64, whatever one more step adds to them.
_MAX_COUNT = 2**55


def canonical_ids(graphs: FlatGraphs) -> npt.NDArray[np.str_]:
    """(N,) str: the canonical id of every graph, 32 hexadecimal digits."""
    return isomorphism_ids(canonical_form(graphs) if len(graphs) else graphs)


def isomorphism_ids(graphs: FlatGraphs) -> npt.NDArray[np.str_]:
    """(N,) str: 32 hexadecimal digits, equal exactly for isomorphic graphs.

    They are taken as they are: nothing is pruned or contracted.
    """
    if not len(graphs):
        return np.zeros(0, dtype="<U32")
    colours = refine(graphs)
    words = _graph_words(graphs, colours)
    for row in np.flatnonzero(~_determined(graphs, colours)):
        words[:, row] = _mixed_with(words[:, row], _certificate_of_row(graphs, colours, int(row)))
    big_endian = words.T.astype(">u8").copy()
    return np.array([pair.tobytes().hex() for pair in big_endian])


def _certificate_of_row(graphs: FlatGraphs, colours: U64, row: int) -> bytes:
    """The certificate of one graph, from the colours (n_nodes,) of all."""
    nodes = slice(*graphs.node_ptr[[row, row + 1]])
    edges = graphs.edges[:, slice(*graphs.edge_ptr[[row, row + 1]])]
    names = [graphs.vocabulary[op] for op in graphs.ops[nodes]]
    if graphs.attr_names:
        numbers = number_hashes(graphs.attr_names, graphs.attrs[nodes]).tolist()
        names = [f"{op}{_NULL}{number}" for op, number in zip(names, numbers, strict=True)]
    return certificate(names, edges.T.tolist(), colours[nodes].tolist())


def canonical_form(graphs: FlatGraphs) -> FlatGraphs:
    """The graphs pruned, `skip` contracted, and repeated edges marked by a node.

    Contraction counts paths: with A the adjacency matrix of all graphs and S the selection of skip
    nodes, A + ASA + ASASA + ... holds the number of ways from one node to another through skips
    alone.
    """
    pruned = _escaped(graphs.pruned())
    if SKIP_OP not in pruned.vocabulary:
        return pruned
    skip = pruned.ops == pruned.vocabulary.index(SKIP_OP)
    source, target = pruned.global_edges()
    ways = _ways(source, target, skip)
    kept = ~skip[ways[0]] & ~skip[ways[1]]
    return _with_multiplicities(pruned, ~skip, *(part[kept] for part in ways))


def _escaped(graphs: FlatGraphs) -> FlatGraphs:
    """The graphs with one more null before names that begin with one: no name can be a mark."""
    names = tuple(_NULL + op if op.startswith(_NULL) else op for op in graphs.vocabulary)
    return FlatGraphs(
        names,
        graphs.ops,
        graphs.node_ptr,
        graphs.edges,
        graphs.edge_ptr,
        attr_names=graphs.attr_names,
        attrs=graphs.attrs,
        global_names=graphs.global_names,
        globals=graphs.globals,
    )


def _ways(source: Any, target: Any, skip: npt.NDArray[np.bool_]) -> tuple[Any, Any, Any]:
    """From, to, and in how many ways through skips alone: an edge is one way.

    The counts are int64, or Python's integers where they grow beyond: k stages of two skips beside
    each other are 2^k ways.
    """
    # on use: SciPy takes a while to import, and most graphs have no identity
    from scipy.sparse import csr_array, dia_array

    n_nodes = len(skip)
    shape = (n_nodes, n_nodes)
    ones = np.ones(len(source), np.int64)
    is_skip: Any = dia_array((skip.astype(np.int64)[None], [0]), shape=shape)
    direct: Any = csr_array((ones, (source, target)), shape=shape)
    through_skip = is_skip @ direct
    largest_in_degree = int(np.bincount(target, minlength=1).max())
    paths, longer = direct, direct @ through_skip
    while longer.nnz:
        # the next product sums at most as many of these as edges arrive at a node
        if int(longer.data.max()) * largest_in_degree >= _MAX_COUNT:
            return _exact_ways(source.tolist(), target.tolist(), skip.tolist())
        paths, longer = paths + longer, longer @ through_skip
    counted = paths.tocoo()
    return counted.row, counted.col, counted.data


def _exact_ways(source: list[int], target: list[int], skip: list[bool]) -> tuple[Any, Any, Any]:
    """`_ways` in Python's integers, one start after the other; the counts are an object array."""
    successors: list[list[int]] = [[] for _ in skip]
    n_in_from_skip = [0] * len(skip)
    for u, v in zip(source, target, strict=True):
        successors[u].append(v)
        n_in_from_skip[v] += skip[u]
    # skips in an order in which each stands behind those that lead to it: one pass counts all ways
    order: list[int] = []
    ready = [v for v, is_skip in enumerate(skip) if is_skip and not n_in_from_skip[v]]
    while ready:
        node = ready.pop()
        order.append(node)
        for v in successors[node]:
            n_in_from_skip[v] -= 1
            if skip[v] and not n_in_from_skip[v]:
                ready.append(v)
    starts: list[int] = []
    ends: list[int] = []
    counts: list[int] = []
    for start, is_skip in enumerate(skip):
        if is_skip:
            continue
        ways = dict.fromkeys(successors[start], 1)  # from `start` to each node that it reaches
        for node in order:
            so_far = ways.get(node, 0)
            if so_far:
                for v in successors[node]:
                    ways[v] = ways.get(v, 0) + so_far
        starts += [start] * len(ways)
        ends += ways.keys()
        counts += ways.values()
    return np.array(starts), np.array(ends), np.array(counts, object)


def _with_multiplicities(
    graphs: FlatGraphs, keep: npt.NDArray[np.bool_], source: Any, target: Any, count: Any
) -> FlatGraphs:
    """The kept nodes with new edges; where one counts n > 1 times, a node on it says n.

    Args:
        graphs: the graphs before.
        keep: (n_nodes,) bool, which of their nodes stay.
        source, target, count: (n_ways,) new edges between these, each once, and how often it
            counts.
    """
    many = np.flatnonzero(count > 1)
    once = np.flatnonzero(count == 1)
    numbers = sorted(set(count[many].tolist()))
    mark_of = {number: len(graphs.vocabulary) + i for i, number in enumerate(numbers)}
    vocabulary = (*graphs.vocabulary, *[f"{_NULL}x{number}" for number in numbers])
    marks = np.array([mark_of[number] for number in count[many].tolist()], np.int64)
    # nodes: the kept ones, then one for each repeated edge; a stable sort brings each to its graph
    graph = np.concatenate([graphs.node_graph[keep], graphs.node_graph[source[many]]])
    order = np.argsort(graph, kind="stable")
    position = np.empty(len(order), np.int64)
    position[order] = np.arange(len(order))
    n_kept = int(keep.sum())
    old_to_new = np.full(len(keep), -1)
    old_to_new[keep] = position[:n_kept]
    extra = position[n_kept:]
    ends_once = old_to_new[np.stack([source[once], target[once]])]
    into_extra = np.stack([old_to_new[source[many]], extra])
    out_of_extra = np.stack([extra, old_to_new[target[many]]])
    edges = np.concatenate([ends_once, into_extra, out_of_extra], axis=1)  # (2, n_edges)
    graph = graph[order]
    node_ptr = row_ptr(np.bincount(graph, minlength=len(graphs)))
    edge_graph = graph[edges[0]]
    by_graph = np.argsort(edge_graph, kind="stable")
    edge_graph = edge_graph[by_graph]
    local = edges[:, by_graph] - node_ptr[edge_graph]  # counted within the graph again
    no_numbers = np.full((len(many), len(graphs.attr_names)), np.nan, np.float32)
    return FlatGraphs(
        vocabulary,
        np.concatenate([graphs.ops[keep].astype(np.int64), marks])[order],
        node_ptr,
        sorted_edges(local, edge_graph, np.diff(node_ptr)),
        row_ptr(np.bincount(edge_graph, minlength=len(graphs))),
        attr_names=graphs.attr_names,
        attrs=np.concatenate([graphs.attrs[keep], no_numbers])[order],
        global_names=graphs.global_names,
        globals=graphs.globals,
    )


def refine(graphs: FlatGraphs) -> U64:
    """(n_nodes,) uint64: each node's colour after a round of refinement for each node of its graph.

    Isomorphic graphs get equal multisets of colours, whatever else is in the table.
    """
    source, target = graphs.global_edges()
    n_nodes = len(graphs.ops)
    in_ptr = row_ptr(np.bincount(target, minlength=n_nodes))
    out_ptr = row_ptr(np.bincount(source, minlength=n_nodes))
    by_source = np.argsort(source, kind="stable")
    target_by_source = target[by_source]
    sizes = np.diff(graphs.node_ptr)
    colour = op_hashes(graphs.vocabulary)[graphs.ops]
    if graphs.attr_names:
        numbers = number_hashes(graphs.attr_names, graphs.attrs)
        # a node without numbers keeps its colour
        colour = np.where(numbers > 0, mix_words(colour + numbers), colour)
    for round_ in range(int(sizes.max())):
        # a sum of mixed colours is one number for the multiset of them, whatever their order
        from_predecessors = _segment_sums(mix_words(colour ^ _IN)[source], in_ptr)
        from_successors = _segment_sums(mix_words(colour ^ _OUT)[target_by_source], out_ptr)
        updated = colour + mix_words(from_predecessors ^ _IN) + mix_words(from_successors ^ _OUT)
        updated = mix_words(updated)
        if round_ >= sizes.min():
            # smaller graphs have had their rounds: more would make a colour depend on the table
            updated = np.where((sizes > round_)[graphs.node_graph], updated, colour)
        colour = updated
    return colour


# Salts, for one colour must count differently as a predecessor's and as a successor's, and give
# two independent words to an id.
_IN, _OUT, _LOW, _HIGH, _NUMBER = (
    np.frombuffer(hashlib.sha256(word).digest()[:8], np.uint64)[0]
    for word in (b"in", b"out", b"low", b"high", b"number")
)


def mix_words(x: U64) -> U64:
    """A bijection of 64-bit words that scatters every bit (the finaliser of splitmix64).

    `mix_words` of `encoders/look_alikes.py` does the same with tensors.
    """
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _segment_sums(values: U64, ptr: npt.NDArray[Any]) -> U64:
    """(n,) uint64: sums over the segments that `ptr` (n+1,) cuts, modulo 2**64; 0 for none."""
    running = np.concatenate([np.zeros(1, np.uint64), np.cumsum(values, dtype=np.uint64)])
    sums: U64 = running[ptr[1:]] - running[ptr[:-1]]
    return sums


def op_hashes(vocabulary: tuple[str, ...]) -> U64:
    """(n_ops,) uint64: a colour for each name, whatever the vocabulary and the machine."""
    digests = b"".join(hashlib.sha256(op.encode()).digest()[:8] for op in vocabulary)
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def _graph_words(graphs: FlatGraphs, colours: U64) -> U64:
    """(2, N) uint64: two independent hashes of each graph's multiset of colours."""
    ptr, sizes = graphs.node_ptr, np.diff(graphs.node_ptr).astype(np.uint64)
    words = []
    for salt in (_LOW, _HIGH):
        multiset = _segment_sums(mix_words(colours ^ salt), ptr)  # (N,)
        words.append(mix_words(multiset + sizes))
    if graphs.global_names:
        numbers = number_hashes(graphs.global_names, graphs.globals)  # (N,)
        for i, salt in enumerate((_LOW, _HIGH)):
            words[i] = np.where(
                numbers > 0, mix_words(words[i] + mix_words(numbers ^ salt)), words[i]
            )
    return np.stack(words)


def number_hashes(names: tuple[str, ...], columns: Float32) -> U64:
    """(n,) uint64: one word for the named numbers of each row (n, n_names); 0 where it has none.

    Names under which a row has no number do not count, nor does the order of names.
    """
    total = np.zeros(len(columns), np.uint64)
    for name_hash, column in zip(op_hashes(names), columns.T, strict=True):
        bits = np.ascontiguousarray(column).view(np.uint32).astype(np.uint64)
        words = mix_words(mix_words(bits + _NUMBER) ^ name_hash)
        total += np.where(np.isnan(column), np.uint64(0), words)
    return total


def _determined(graphs: FlatGraphs, colours: U64) -> npt.NDArray[np.bool_]:
    """(N,) bool: whether every colour class of the graph is a single class of twins."""
    source, target = graphs.global_edges()
    first_node = graphs.node_ptr[graphs.node_graph].astype(np.uint64)
    local = np.arange(len(graphs.ops), dtype=np.uint64) - first_node
    # nodes of one colour whose very neighbours are the same get one key: only then they are twins
    twin_key = colours.copy()
    for here, there, salt in ((target, source, _IN), (source, target, _OUT)):
        neighbours = np.zeros(len(graphs.ops), np.uint64)
        np.add.at(neighbours, here, mix_words(local[there] ^ salt))
        twin_key = mix_words(twin_key + mix_words(neighbours ^ salt))
    n_colours, n_kinds = _n_distinct(graphs, colours), _n_distinct(graphs, twin_key)
    determined: npt.NDArray[np.bool_] = n_colours == n_kinds
    return determined


def _n_distinct(graphs: FlatGraphs, keys: U64) -> npt.NDArray[np.int64]:
    """(N,) int64: number of distinct keys among each graph's nodes."""
    order = np.lexsort((keys, graphs.node_graph))
    graph, key = graphs.node_graph[order], keys[order]
    new = np.ones(len(key), bool)  # where a run of equal keys of one graph begins
    new[1:] = (graph[1:] != graph[:-1]) | (key[1:] != key[:-1])
    return np.bincount(graph[new], minlength=len(graphs))


def _mixed_with(words: U64, text: bytes) -> U64:
    """(2,) uint64: the two words of an id hashed together with a text."""
    digest = hashlib.sha256(words.astype(">u8").tobytes() + text).digest()[:16]
    return np.frombuffer(digest, ">u8").astype(np.uint64)
