r"""DiGCN: graph convolutions on a Laplacian for directed graphs (Tong et al., "Digraph inception
convolutional networks", NeurIPS 2020, section 3.2).

    P[u, v] = 1 / (1 + successors of u) for each edge u -> v, and for u = v         a walk that may stay
    pi      = how often the walk visits each node if it starts anew anywhere with probability 0.1 a step
    A[u, v] = (sqrt(pi[u] / pi[v]) P[u, v] + sqrt(pi[v] / pi[u]) P[v, u]) / 2       "approximate digraph Laplacian"
    S       = D^-1/2 A D^-1/2                                                       D: row sums of A
    x_l     = dropout(relu(S x_{l-1} W + b))                                        x_0 = onehot(op), n_layers times
    embedding = mean over the nodes

This is the digraph convolution, one step a layer: S has an entry for each edge and each node. Their
inception block adds layers on pairs that share a predecessor or successor further away; the layers
on top of each other reach those too, and in graphs of 8 nodes the sets soon hold all pairs.
Direction counts through the weights of S alone.

pi is exact: in an acyclic graph pi[v] (1 - 0.9 P[v, v]) = const + 0.9 sum over predecessors of
pi[u] P[u, v], one generation after the other; the constant cancels in A.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag

from nasflow.encoders.base import NodeEncoder
from nasflow.encoders.layers import FastDropout, one_hot_operations
from nasflow.encoders.registry import EncoderConfig
from nasflow.graphs.batch import GraphBatch, Neighbourhood

TELEPORT = 0.1  # the paper's alpha: the walk's probability to start anew


class DiGCN(NodeEncoder):
    """Sees the direction of edges, weakly; invariant to the order of the nodes.

    Example:
        >>> from nasflow.spaces.nb201 import NB201
        >>> table = NB201().enumerate()
        >>> encoder = DiGCN(table.n_ops, EncoderConfig("digcn", width=64))
        >>> encoder(GraphBatch.from_table(table[:10])).shape
        torch.Size([10, 64])
    """

    def __init__(self, n_ops: int, config: EncoderConfig) -> None:
        super().__init__(n_ops, config)
        widths = [n_ops] + [config.width] * (config.n_layers - 1)
        self.layers = nn.ModuleList(nn.Linear(width, config.width) for width in widths)
        self.dropout = FastDropout(config.dropout)

    def nodes(self, batch: GraphBatch) -> Tensor:
        """(n_nodes, H) float32: the state of every node after the last layer."""
        x = one_hot_operations(batch.ops, self.n_ops).to(next(self.parameters()).dtype)
        own, between = (weights.to(x.dtype) for weights in propagation(batch))
        for layer in self.layers:
            spread = _Propagate.apply(x, own, between, batch.undirected)  # type: ignore[no-untyped-call]
            x = self.dropout(layer(spread).relu())
        return x


def propagation(batch: GraphBatch) -> tuple[Tensor, Tensor]:
    """The entries of S: (n_nodes,) float64 for the nodes, and (n_messages,) for the edges of
    `batch.undirected`.
    """
    stay = 1 / (
        1 + batch.outgoing.ptr.diff().double()
    )  # P[u, u], and P[u, v] for every successor v
    flow = batch.by_generation
    visits, at_place = torch.empty_like(stay), stay.index_select(0, flow.order)  # nodes by place
    for step in flow.down.steps:
        leaving = visits.index_select(0, step.source) * at_place.index_select(0, step.source)
        arriving = torch.segment_reduce(leaving, "sum", offsets=step.ptr)
        here = slice(step.start, step.stop)
        visits[here] = (1 + (1 - TELEPORT) * arriving) / (1 - (1 - TELEPORT) * at_place[here])
    visits = visits.index_select(0, flow.place)
    source, target = batch.undirected.source, batch.undirected.target
    along = batch.generation.index_select(0, source) < batch.generation.index_select(0, target)
    u, v = (
        torch.where(along, source, target),
        torch.where(along, target, source),
    )  # the edge itself is u -> v
    ratio = visits.index_select(0, u) / visits.index_select(0, v)
    between = ratio.sqrt() * stay.index_select(0, u) / 2
    scale = (stay + torch.segment_reduce(between, "sum", offsets=batch.undirected.ptr)).rsqrt()
    return stay * scale.square(), between * scale.index_select(0, source) * scale.index_select(
        0, target
    )


class _Propagate(torch.autograd.Function):
    """S x; S is symmetric, so the derivative is S grad."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, own: Tensor, between: Tensor, undirected: Neighbourhood
    ) -> Tensor:
        ctx.save_for_backward(own, between)
        ctx.undirected = undirected
        return _propagate(x, own, between, undirected)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        own, between = ctx.saved_tensors
        return _propagate(grad, own, between, ctx.undirected), None, None, None


def _propagate(x: Tensor, own: Tensor, between: Tensor, undirected: Neighbourhood) -> Tensor:
    summed: Tensor = embedding_bag(
        undirected.source,
        x,
        undirected.ptr,
        mode="sum",
        per_sample_weights=between,
        include_last_offset=True,
    )
    return summed.addcmul_(x, own.unsqueeze(1))
