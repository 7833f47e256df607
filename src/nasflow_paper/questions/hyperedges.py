"""Directed hyperedges: several inputs that meet in one sum or concatenation, and the flow through
them.

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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from nasflow.graphs.architecture import Architecture
from nasflow.graphs.flat_arrays import row_ptr
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.surrogate import FlowSurrogate


@dataclass(frozen=True)
class Hyperedge:
    """A directed hyperedge between nodes of a hypergraph."""

    sources: tuple[int, ...]
    targets: tuple[int, ...]
    kind: str


@dataclass(frozen=True)
class Hypergraph:
    """Operations on nodes, and directed hyperedges between them."""

    ops: tuple[str, ...]
    hyperedges: tuple[Hyperedge, ...]

    def star(self) -> Architecture:
        """The graph that has a node, behind all others, for each hyperedge with several sources.

        Raises:
            GraphError: it has a cycle, or an edge twice.
        """
        ops, edges = list(self.ops), []
        for hyperedge in self.hyperedges:
            start = hyperedge.sources[0]
            if len(hyperedge.sources) > 1:
                start = len(ops)
                ops.append(hyperedge.kind)
                edges += [(source, start) for source in hyperedge.sources]
            edges += [(start, target) for target in hyperedge.targets]
        return Architecture(tuple(ops), tuple(edges))


def hypergraph_surrogates(
    graphs: Sequence[Hypergraph],
    vocabulary: Sequence[str],
    kinds: Sequence[str],
    config: SurrogateConfig,
    dtype: torch.dtype = torch.float64,
) -> torch.Tensor:
    """(N, rounds * k): the surrogate of every hypergraph.

    Args:
        graphs: over `vocabulary` and `kinds`.
        vocabulary: the operations of nodes; their draw is that of graphs without hyperedges.
        kinds: the kinds of hyperedges.
        config, dtype: as for `FlowSurrogate`.
    """
    table = ArchTable.from_architectures([graph.star() for graph in graphs], (*vocabulary, *kinds))
    return FlowSurrogate(table.n_ops, config, dtype, n_later_ops=len(kinds))(table)


def combined(table: ArchTable, kind_of: Mapping[str, str]) -> ArchTable:
    """The star graphs of a table whose nodes combine their inputs, where they have several, in one
    hyperedge.

    Args:
        table: N graphs.
        kind_of: the kind of hyperedge into each operation; operations that are missing keep plain
            edges.

    Returns:
        N graphs over the table's vocabulary and then the kinds, in their first order.
    """
    kinds = tuple(dict.fromkeys(kind_of.values()))
    kind = np.array([kinds.index(kind_of[op]) if op in kind_of else -1 for op in table.vocabulary])[
        table.ops
    ]
    source, target = table.global_edges()
    graph, sizes = table.node_graph, np.diff(table.node_ptr)
    many = (np.bincount(target, minlength=len(graph)) > 1) & (kind >= 0)
    n_extra = np.bincount(graph[many], minlength=len(table))
    node_ptr = row_ptr(sizes + n_extra)
    # new nodes stand behind the old ones of their graph, so that old positions stay
    rank = np.cumsum(many) - 1 - row_ptr(n_extra)[graph]
    position = sizes[graph] + rank
    local = np.arange(len(graph)) - table.node_ptr[graph]
    ops = np.empty(node_ptr[-1], np.int64)
    ops[node_ptr[graph] + local] = table.ops
    ops[(node_ptr[graph] + position)[many]] = table.n_ops + kind[many]
    ends = np.where(many[target], position[target], local[target])
    edges = np.concatenate(
        [np.stack([local[source], ends]), np.stack([position[many], local[many]])], axis=1
    )
    edge_graph = np.concatenate([graph[source], graph[many]])
    order = np.argsort(edge_graph, kind="stable")
    edge_ptr = row_ptr(np.bincount(edge_graph, minlength=len(table)))
    return ArchTable.from_arrays(
        (*table.vocabulary, *kinds), ops, node_ptr, edges[:, order], edge_ptr
    )


def bypassed(table: ArchTable, op: str) -> ArchTable:
    """The table without its nodes of one operation; what they received goes straight to what they
    fed.

    Not for such nodes that follow one another: the edge between them is lost.
    """
    gone = table.ops == table.vocabulary.index(op)
    source, target = table.global_edges()
    into, out_of = gone[target], gone[source]
    # for each edge into such a node, the edges out of it
    by_source = np.argsort(source[out_of], kind="stable")
    starts, ends = source[out_of][by_source], target[out_of][by_source]
    first = np.searchsorted(starts, target[into])
    count = np.searchsorted(starts, target[into], side="right") - first
    through = (
        np.repeat(first, count)
        + np.arange(count.sum())
        - np.repeat(np.cumsum(count) - count, count)
    )
    direct = ~into & ~out_of
    edges = np.concatenate(
        [
            np.stack([source[direct], target[direct]]),
            np.stack([np.repeat(source[into], count), ends[through]]),
        ],
        axis=1,
    )
    edges = np.unique(edges, axis=1)
    graph = table.node_graph[~gone]
    new = np.cumsum(~gone) - 1
    node_ptr = row_ptr(np.bincount(graph, minlength=len(table)))
    edge_graph = table.node_graph[edges[0]]
    order = np.argsort(edge_graph, kind="stable")
    local = new[edges[:, order]] - node_ptr[edge_graph[order]]
    return ArchTable.from_arrays(
        table.vocabulary,
        table.ops[~gone],
        node_ptr,
        local,
        row_ptr(np.bincount(edge_graph, minlength=len(table))),
    )
