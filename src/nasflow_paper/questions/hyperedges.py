"""Directed hyperedges: several inputs that meet in one sum or concatenation, and the flow there.

A directed hyperedge e has a set S_e of sources, a set T_e of targets, and a kind (sum, concat ...).
With one source it is nothing but edges to its targets. With several, the sources are combined once,
by an operation of its own, with a row c = P[kind] of the same draw, and every target receives the
result:

    forward   g[e]  = sum of f[u] over u in S_e
              p[e]  = alpha g[e] + (1 - alpha) relu([c, g[e]] W);  with one source p[e] = g[e]
              m[v]  = sum of p[e] over the hyperedges e into v;    f[v] from m[v] as ever
    backward  g'[e] = sum of b[v] over v in T_e
              p'[e] = alpha g'[e] + (1 - alpha) relu([c, g'[e]] W);  with one source p'[e] = g'[e]
              m'[u] = sum of p'[e] over the hyperedges e out of u;  b[u] from m'[u] as ever

A hyperedge with several sources does exactly what a node with the operation `kind`, between S_e and
T_e, does; it is never a source or a sink. So the surrogate of a hypergraph is that of its *star
graph*, which has such a node for each of these hyperedges, and the batched path serves both. With a
source each, hypergraph and graph are one, to the bit: rows of P for kinds are drawn after
everything else.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from nasflow.graphs.flat_arrays import row_ptr
from nasflow.graphs.table import ArchTable

IntArray = npt.NDArray[np.int64]


def combined(table: ArchTable, kind_of: Mapping[str, str]) -> ArchTable:
    """The star graphs of a table whose nodes combine several inputs in one hyperedge.

    Args:
        table: N graphs.
        kind_of: the kind of hyperedge into each operation; operations that are missing keep plain
            edges.

    Returns:
        N graphs over the table's vocabulary and then the kinds, in their first order.
    """
    kinds = tuple(dict.fromkeys(kind_of.values()))
    kind_of_op = [kinds.index(kind_of[op]) if op in kind_of else -1 for op in table.vocabulary]
    kind = np.array(kind_of_op)[table.ops]  # (n_nodes,), -1 for plain edges
    source, target = table.global_edges()  # (n_edges,) each
    graph, sizes = table.node_graph, np.diff(table.node_ptr)
    many = (np.bincount(target, minlength=len(graph)) > 1) & (kind >= 0)
    n_extra = np.bincount(graph[many], minlength=len(table))  # (N,) new nodes
    node_ptr = row_ptr(sizes + n_extra)
    # new nodes stand behind the old ones of their graph, so that old positions stay
    rank = np.cumsum(many) - 1 - row_ptr(n_extra)[graph]
    position = sizes[graph] + rank  # of the new node before each of `many`
    local = np.arange(len(graph)) - table.node_ptr[graph]
    ops = np.empty(node_ptr[-1], np.int64)
    ops[node_ptr[graph] + local] = table.ops
    ops[(node_ptr[graph] + position)[many]] = table.n_ops + kind[many]
    # what went into such a node goes into its new node, and one edge leads on from there
    ends = np.where(many[target], position[target], local[target])
    redirected = np.stack([local[source], ends])
    onward = np.stack([position[many], local[many]])
    edges = np.concatenate([redirected, onward], axis=1)
    edge_graph = np.concatenate([graph[source], graph[many]])
    return _as_table((*table.vocabulary, *kinds), ops, node_ptr, edges, edge_graph)


def bypassed(table: ArchTable, op: str) -> ArchTable:
    """The table without its nodes of one operation: what they received goes straight on.

    Not for such nodes that follow one another: the edge between them is lost.
    """
    gone = table.ops == table.vocabulary.index(op)
    source, target = table.global_edges()  # (n_edges,) each
    into, out_of = gone[target], gone[source]
    # for each edge into such a node, the edges out of it
    by_source = np.argsort(source[out_of], kind="stable")
    starts, ends = source[out_of][by_source], target[out_of][by_source]
    first = np.searchsorted(starts, target[into])
    count = np.searchsorted(starts, target[into], side="right") - first
    # first, first + 1, ... for each of them, `count` numbers long
    before = np.cumsum(count) - count
    through = np.repeat(first - before, count) + np.arange(count.sum())
    direct = ~into & ~out_of
    joined = np.stack([np.repeat(source[into], count), ends[through]])
    untouched = np.stack([source[direct], target[direct]])
    # a pair of nodes may have been joined twice
    edges = np.unique(np.concatenate([untouched, joined], axis=1), axis=1)
    graph = table.node_graph[~gone]
    new = np.cumsum(~gone) - 1  # (n_nodes,): the place of a node that stays
    node_ptr = row_ptr(np.bincount(graph, minlength=len(table)))
    edge_graph = table.node_graph[edges[0]]
    local = new[edges] - node_ptr[edge_graph]
    return _as_table(table.vocabulary, table.ops[~gone], node_ptr, local, edge_graph)


def _as_table(
    vocabulary: tuple[str, ...],
    ops: npt.NDArray[np.integer],
    node_ptr: IntArray,
    edges: IntArray,
    edge_graph: IntArray,
) -> ArchTable:
    """A table from edges (2, n_edges), nodes counted in each graph, of the graphs (n_edges,)."""
    order = np.argsort(edge_graph, kind="stable")
    edge_ptr = row_ptr(np.bincount(edge_graph, minlength=len(node_ptr) - 1))
    return ArchTable.from_arrays(vocabulary, ops, node_ptr, edges[:, order], edge_ptr)
