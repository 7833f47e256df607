r"""GIN: graph isomorphism network.

Xu et al., "How powerful are graph neural networks?", ICLR 2019, equations 4.1 and 4.2:

    x0[v] = onehot(op_v)
    conv(x)[v] = MLP(x[v] + sum over neighbours u of x[u])          MLP: linear, relu, linear
    x_l = dropout(relu(conv_l(x_{l-1})))                            l = 1 ... n_layers
    state of v = [x_1[v], ..., x_n[v]]                              all layers side by side
    embedding = mean over the nodes

Neighbours are taken over the undirected graph; epsilon is 0 (their GIN-0). `conv` gives the same
numbers as PyTorch Geometric's `GINConv` with the same weights. The embedding is n_layers times as
wide as a layer.
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


class GIN(NodeEncoder):
    """Invariant to the order of the nodes, blind to the direction of edges.

    Like ResGatedGCN, but without gates.

    Shapes:
        - input: a `GraphBatch` of B graphs with n_nodes nodes and n_edges edges
        - states of the nodes: (n_nodes, H), H = `config.n_layers * config.width`
        - output: (B, H)

    Example:
        >>> from nasflow.spaces.nb201 import NB201
        >>> table = NB201().enumerate()
        >>> encoder = GIN(table.n_ops, EncoderConfig(width=64))
        >>> encoder(GraphBatch.from_table(table[:10])).shape
        torch.Size([10, 192])
    """

    trains_in_parts = True

    def __init__(self, n_ops: int, config: EncoderConfig) -> None:
        super().__init__(n_ops, config)
        widths = [n_ops] + [config.width] * (config.n_layers - 1)
        self.layers = nn.ModuleList(GINConv(width, config.width) for width in widths)
        self.dropout = FastDropout(config.dropout)

    def read_node_numbers(self, columns: NumberColumns) -> None:
        """See `Encoder.read_node_numbers`: they stand beside the one-hot operation."""
        self.columns = columns
        self.layers[0] = GINConv(self.n_ops + columns.width, self.config.width)

    @property
    def width(self) -> int:
        """Length of the embedding: `n_layers` layers of `config.width` each."""
        return self.config.n_layers * self.config.width

    def nodes(self, batch: GraphBatch) -> Tensor:
        """(n_nodes, H) float32: the states of every node after each layer, side by side."""
        x = one_hot_operations(batch.ops, self.n_ops).to(next(self.parameters()).dtype)
        if self.units.attrs:
            x = torch.cat([x, self.columns(batch)], dim=1)
        states = []
        for layer in self.layers:
            x = self.dropout(layer(x, batch.undirected).relu_())  # (n_nodes, config.width)
            states.append(x)
        return torch.cat(states, dim=1)


class GINConv(nn.Module):
    """One convolution.

    Shapes:
        - input: node states (n_nodes, n_in), and the edges of the undirected graph
        - output: (n_nodes, n_out)
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(n_in, n_out), nn.ReLU(), nn.Linear(n_out, n_out))

    def forward(self, x: Tensor, undirected: Neighbourhood) -> Tensor:
        """(n_nodes, n_out): the convolution of states (n_nodes, n_in) over the undirected graph."""
        convolved: Tensor = self.mlp(_SumNeighbours.apply(x, undirected))  # type: ignore[no-untyped-call]
        return convolved


class _SumNeighbours(torch.autograd.Function):
    """out[v] = x[v] + sum of x[u] over the neighbours u.

    Over an undirected graph it is symmetric: the derivative is the same sum of the gradient.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, undirected: Neighbourhood) -> Tensor:
        ctx.undirected = undirected
        return undirected.sum_of_sources(x).add_(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        undirected: Neighbourhood = ctx.undirected
        return undirected.sum_of_sources(grad).add_(grad), None
