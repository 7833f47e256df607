r"""DiGCN: graph convolutions on a Laplacian for directed graphs.

Tong et al., "Digraph inception convolutional networks", NeurIPS 2020, section 3.2:

    P[u, v] = 1 / (1 + successors of u) for each edge u -> v, and for u = v
              a walk that may stay
    pi      = how often the walk visits each node,
              if it starts anew anywhere with probability 0.1 a step
    A[u, v] = (sqrt(pi[u] / pi[v]) P[u, v] + sqrt(pi[v] / pi[u]) P[v, u]) / 2
              the "approximate digraph Laplacian"
    S       = D^-1/2 A D^-1/2                                D: row sums of A
    x_l     = dropout(relu(S x_{l-1} W + b))                 x_0 = onehot(op), n_layers times
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

from nasflow.encoders.base import NodeEncoder
from nasflow.encoders.layers import FastDropout, one_hot_operations
from nasflow.encoders.numbers import NumberColumns
from nasflow.encoders.registry import EncoderConfig
from nasflow.graphs.batch import GraphBatch, Neighbourhood
from nasflow.graphs.pointers import sum_of_rows

TELEPORT = 0.1  # the paper's alpha: the walk's probability to start anew


class DiGCN(NodeEncoder):
    """Sees the direction of edges, weakly; invariant to the order of the nodes.

    Shapes:
        - input: a `GraphBatch` of B graphs with n_nodes nodes and n_edges edges
        - states of the nodes: (n_nodes, H), H = `config.width`
        - output: (B, H)

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

    def read_node_numbers(self, columns: NumberColumns) -> None:
        """See `Encoder.read_node_numbers`: they stand beside the one-hot operation."""
        self.columns = columns
        self.layers[0] = nn.Linear(self.n_ops + columns.width, self.config.width)

    def nodes(self, batch: GraphBatch) -> Tensor:
        """(n_nodes, H) float32: the state of every node after the last layer."""
        x = one_hot_operations(batch.ops, self.n_ops).to(next(self.parameters()).dtype)
        if self.units.attrs:
            x = torch.cat([x, self.columns(batch)], dim=1)
        of_nodes, of_edges = (entries.to(x.dtype) for entries in propagation(batch))
        for layer in self.layers:
            # (n_nodes, n_ops) the first time, then (n_nodes, H)
            spread = _Propagate.apply(x, of_nodes, of_edges, batch.undirected)  # type: ignore[no-untyped-call]
            x = self.dropout(layer(spread).relu())
        return x


def propagation(batch: GraphBatch) -> tuple[Tensor, Tensor]:
    """(n_nodes,) and (2 n_edges,) float64: the entries of S, of nodes and of undirected edges.

    The latter in the order of `batch.undirected`.
    """
    # (n_nodes,): P[u, u], and P[u, v] for every successor v
    stay = 1 / (1 + batch.outgoing.ptr.diff().double())
    visits = _visits(batch, stay)
    undirected = batch.undirected
    source, target = undirected.source, undirected.target
    # each edge is there twice, once as it is: where it ascends
    along = batch.generation.index_select(0, source) < batch.generation.index_select(0, target)
    u, v = torch.where(along, source, target), torch.where(along, target, source)
    ratio = visits.index_select(0, u) / visits.index_select(0, v)
    # there is no edge back, so that one of the two terms of A is 0
    of_edges = ratio.sqrt() * stay.index_select(0, u) / 2
    row_sums = stay + torch.segment_reduce(of_edges, "sum", offsets=undirected.ptr)
    scale = row_sums.rsqrt()  # (n_nodes,)
    of_edges = of_edges * scale.index_select(0, source) * scale.index_select(0, target)
    return stay * scale.square(), of_edges


def _visits(batch: GraphBatch, stay: Tensor) -> Tensor:
    """(n_nodes,) float64: pi up to a factor for each graph, from P[u, u] of each node (n_nodes,).

    A predecessor's is complete before it is read: one generation after the other.
    """
    flow = batch.by_generation
    stay = stay.index_select(0, flow.order)  # by place, as `visits` is
    visits = torch.empty_like(stay)
    for step in flow.down.steps:
        leaving = visits.index_select(0, step.source) * stay.index_select(0, step.source)
        arriving = torch.segment_reduce(leaving, "sum", offsets=step.ptr)
        here = slice(step.start, step.stop)
        visits[here] = (1 + (1 - TELEPORT) * arriving) / (1 - (1 - TELEPORT) * stay[here])
    return visits.index_select(0, flow.place)


class _Propagate(torch.autograd.Function):
    """S x; S is symmetric, so the derivative is S grad."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, of_nodes: Tensor, of_edges: Tensor, undirected: Neighbourhood
    ) -> Tensor:
        ctx.save_for_backward(of_nodes, of_edges)
        ctx.undirected = undirected
        return _propagate(x, of_nodes, of_edges, undirected)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        of_nodes, of_edges = ctx.saved_tensors
        return _propagate(grad, of_nodes, of_edges, ctx.undirected), None, None, None


def _propagate(x: Tensor, of_nodes: Tensor, of_edges: Tensor, undirected: Neighbourhood) -> Tensor:
    """(n_nodes, d): S x, of x (n_nodes, d)."""
    summed = sum_of_rows(x, undirected.source, undirected.ptr, of_edges)
    return summed.addcmul_(x, of_nodes.unsqueeze(1))
