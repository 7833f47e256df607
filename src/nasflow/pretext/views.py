"""Altered copies of a batch: operations hidden, nodes and edges removed, edges added.

After GraphCL (You et al. 2020, section 4.1). Each function alters a share of every graph that is
named, at random, from torch's generator. A share of n things is floor(share * n) of them, but at
least one; a graph keeps at least one node. What comes out is a batch like any other, edges sorted
by target and generations right, though its graphs need not be valid architectures: no output, no
path from the input. They stay acyclic, so that encoders that follow the flow can read them.

No loop over graphs: `random_share` draws for all of them at once.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.generations import generations_of_tensors
from nasflow.graphs.pointers import row_pointer


def random_view(batch: GraphBatch, share: float) -> GraphBatch:
    """The batch with one of the four alterations, drawn for each graph alone."""
    kind = torch.randint(4, (len(batch),), device=batch.device)
    # each call draws for all graphs, whatever their kind: the order of the draws is fixed
    kept = drop_nodes(batch, share, kind == 0) & subgraph(batch, share, kind == 1)
    masked = mask_operations(batch, share, kind == 2)
    return cut(masked, kept, perturb_edges(batch, share, kind == 3))


def mask_operations(batch: GraphBatch, share: float, graphs: Tensor | None = None) -> GraphBatch:
    """Hide the operations of a share of the nodes, and their numbers.

    Args:
        batch: the graphs.
        share: of the nodes of each graph, above 0 to 1.
        graphs: (B,) bool, which graphs are altered; all by default.
    """
    counts = _count(share, batch.node_ptr.diff())
    if graphs is not None:
        counts = counts * graphs
    hidden = random_share(batch.graph, batch.node_ptr, counts)
    attrs = batch.attrs
    if attrs is not None:
        # a convolution's width would give the operation away
        attrs = attrs.masked_fill(hidden.unsqueeze(1), torch.nan)
    ops = batch.ops.masked_fill(hidden, batch.n_ops)
    return dataclasses.replace(batch, ops=ops, attrs=attrs, masked=True)


def drop_nodes(batch: GraphBatch, share: float, graphs: Tensor) -> Tensor:
    """(n_nodes,) bool: the nodes left when a share of those of `graphs` (B,) is dropped."""
    sizes = batch.node_ptr.diff()
    counts = torch.minimum(_count(share, sizes), sizes - 1) * graphs
    return ~random_share(batch.graph, batch.node_ptr, counts)


def subgraph(batch: GraphBatch, share: float, graphs: Tensor) -> Tensor:
    """(n_nodes,) bool: the nodes left when `graphs` (B,) are cut by a share to a connected part.

    The part grows from a random node by one neighbour after another, whatever the direction of the
    edge, each time by the one first in an order drawn in advance. Where a graph is not connected it
    ends with all it can reach, which may be fewer.
    """
    sizes = batch.node_ptr.diff()
    left = torch.where(graphs, sizes - torch.minimum(_count(share, sizes), sizes - 1), 1)
    kept = random_share(batch.graph, batch.node_ptr, graphs.long())  # one node each to start from
    edges = batch.edge_index[:, graphs[batch.graph[batch.edge_index[0]]]]
    source, target = torch.cat([edges, edges.flip(0)], dim=1)
    lot = torch.randperm(batch.n_nodes, device=batch.device)
    # a step a node: after it every part that can still grow has size + 1 nodes
    for size in range(1, int(left.max()) if len(left) else 0):
        fringe = torch.zeros_like(kept)  # (n_nodes,): who may join
        fringe[target[kept[source]]] = True
        fringe &= ~kept & (left > size)[batch.graph]
        candidate = torch.where(fringe, lot, -1)
        highest = lot.new_full((len(batch),), -1).scatter_reduce(0, batch.graph, candidate, "amax")
        kept |= fringe & (lot == highest[batch.graph])
    return kept | ~graphs[batch.graph]


def perturb_edges(batch: GraphBatch, share: float, graphs: Tensor) -> Tensor:
    """(2, n_edges): the edges when a share of those of `graphs` (B,) is replaced by random ones.

    Fewer are added than removed where a random pair is an edge already. A new edge goes from the
    node of the lower generation to that of the higher one, within one generation in an order drawn
    at random: no cycle can come of it.
    """
    edge_graph = batch.graph[batch.edge_index[1]]  # (n_edges,)
    n_edges = torch.bincount(edge_graph, minlength=len(batch))
    counts = _count(share, n_edges) * graphs
    kept = batch.edge_index[:, ~random_share(edge_graph, row_pointer(n_edges), counts)]
    new_graph = torch.arange(len(batch), device=batch.device).repeat_interleave(counts)
    start, size = batch.node_ptr[new_graph], batch.node_ptr.diff()[new_graph]
    one = (torch.rand(len(new_graph), device=batch.device) * size).long()
    # any node but the first one: so many steps on from it, around the graph
    step = 1 + (torch.rand(len(new_graph), device=batch.device) * (size - 1)).long()
    pair = start + torch.stack([one, (one + step) % size])  # (2, n_new)
    height = batch.generation + torch.rand(batch.n_nodes, device=batch.device)
    up = height[pair[0]] < height[pair[1]]
    source, target = torch.cat([kept, torch.where(up, pair, pair.flip(0))], dim=1)
    # sorted by target, then source; each edge once
    code = torch.unique(target * batch.n_nodes + source)
    return torch.stack([code % batch.n_nodes, code // batch.n_nodes])


def cut(batch: GraphBatch, kept: Tensor, edge_index: Tensor) -> GraphBatch:
    """The batch with other edges, and of its nodes those that are kept.

    Args:
        batch: the graphs before.
        kept: (n_nodes,) bool.
        edge_index: (2, n_edges) int64, edges between nodes of the batch as it was.
    """
    graph, new_position = batch.graph[kept], kept.cumsum(0) - 1
    edges = new_position[edge_index[:, kept[edge_index].all(dim=0)]]
    return GraphBatch(
        ops=batch.ops[kept],
        graph=graph,
        edge_index=edges,
        generation=generations_of_tensors(len(graph), edges),
        node_ptr=torch.searchsorted(graph, torch.arange(len(batch) + 1, device=batch.device)),
        n_ops=batch.n_ops,
        masked=batch.masked,
        attr_names=batch.attr_names,
        attrs=None if batch.attrs is None else batch.attrs[kept],
        global_names=batch.global_names,
        globals=batch.globals,
    )


def random_share(group: Tensor, ptr: Tensor, counts: Tensor) -> Tensor:
    """(n,) bool: `counts` (B,) random items of each group.

    Args:
        group: (n,) int64, the group of every item, ascending.
        ptr: (B+1,) int64, where the items of each group begin and end.
        counts: (B,) int64, how many of each group to choose.
    """
    lot = torch.rand(len(group), dtype=torch.float64, device=group.device)
    order = torch.argsort(group + lot / 2)  # group after group, each in random order
    rank = torch.arange(len(group), device=group.device) - ptr[group]
    chosen = torch.zeros(len(group), dtype=torch.bool, device=group.device)
    chosen[order] = rank < counts[group]
    return chosen


def _count(share: float, sizes: Tensor) -> Tensor:
    """(B,) int64: how many things a share of `sizes` (B,) is."""
    return torch.minimum((share * sizes.double()).long().clamp(min=1), sizes)
