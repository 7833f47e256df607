r"""Transformer with a positional code from the graph's Laplacian.

After TNASP (Lu et al., NeurIPS 2021, section 3.2):

    L    = I - D^-1/2 A D^-1/2                            A: the undirected graph, D: its degrees
    K_t  = exp(-t L),   t = 1/2, 1, 2, 4                  heat kernels
    x[v] = W_op onehot(op_v) + W_pos [K_t[v, v] for each t] + b
    each layer:   x = LN(x + dropout(attention(x)))
                  x = LN(x + dropout(W_2 relu(W_1 x)))    4 times as wide inside
    scores of head h: q[v] . k[u] / sqrt(d) + c_h[v, u]
    c_h[v, u] = sum over t of a_ht K_t[v, u] + a_h5 [v -> u] + a_h6 [u -> v]
    embedding = mean over the nodes

The weights a are learned, and the same in all layers.

TNASP adds a linear map of the node's row of the Laplacian to its embedding. A row is indexed by the
numbers of the nodes: number them differently, and it changes. (So do eigenvectors, by sign, and
within an eigenspace by any rotation.) What does not change is a function of L as a whole. Sums of
products of eigenvectors, weighted by a function of their eigenvalues, are what attention between
positional codes made of eigenvectors can use: these are the entries of that function of L. Heat
kernels are such functions, smooth, and together they tell apart all that the spectrum does; their
diagonal is the code of a node, their entries those of a pair. They see the undirected graph, so the
pair's own edge is added with its direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from nasflow.encoders.attention import Attention, AttentionConfig
from nasflow.encoders.base import NodeEncoder
from nasflow.encoders.layers import FastDropout, OneHotLinear
from nasflow.encoders.numbers import NumberColumns
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.layouts import Padded

N_TIMES = 4  # t = 1/2, then doubled


@dataclass(frozen=True)
class TransformerConfig(AttentionConfig):
    """The options of transformer."""

    name: str = "transformer"


class Transformer(NodeEncoder):
    """Sees all pairs of nodes, how near they are and the direction of edges; invariant to order.

    Shapes:
        - input: a `GraphBatch` of B graphs with n_nodes nodes and n_edges edges
        - states of the nodes: (n_nodes, H), H = `config.width`
        - output: (B, H)

    Example:
        >>> from nasflow.spaces.nb201 import NB201
        >>> table = NB201().enumerate()
        >>> encoder = Transformer(table.n_ops, TransformerConfig(width=64))
        >>> encoder(GraphBatch.from_table(table[:10])).shape
        torch.Size([10, 64])
    """

    Config = TransformerConfig

    def __init__(self, n_ops: int, config: TransformerConfig) -> None:
        super().__init__(n_ops, config)
        self.input = OneHotLinear(n_ops, config.width)
        self.position = nn.Linear(N_TIMES, config.width, bias=False)
        self.pair = nn.Linear(N_TIMES + 2, config.n_heads, bias=False)
        self.layers = nn.ModuleList(TransformerLayer(config) for _ in range(config.n_layers))

    def read_node_numbers(self, columns: NumberColumns) -> None:
        """See `Encoder.read_node_numbers`: a linear map joins that of the operation."""
        self.input.read_numbers(columns)

    def nodes(self, batch: GraphBatch) -> Tensor:
        """(n_nodes, H) float32: the state of every node after the last layer."""
        padded = batch.padded
        kernels = heat_kernels(padded).to(self.position.weight.dtype)  # (t, n, n, B)
        code = kernels.diagonal(dim1=1, dim2=2).transpose(1, 2).flatten(1).t()  # (n * B, t)
        x: Tensor = self.input.nodes(batch) + self.position(code.index_select(0, padded.position))
        edge = padded.edge.to(kernels.dtype)
        # (t + 2, n, n, B)
        pairs = torch.cat([kernels, edge.unsqueeze(0), edge.transpose(0, 1).unsqueeze(0)])
        bias = torch.einsum("hk,kijb->hijb", self.pair.weight, pairs)
        bias = bias + padded.in_the_graph.to(x.dtype)
        for layer in cast(list[TransformerLayer], list(self.layers)):
            x = layer(x, padded, bias)
        return x


class TransformerLayer(nn.Module):
    """Attention, then a feed-forward block, each added to what came in and normalised.

    Shapes:
        - input: states (n_nodes, H), and what is added to the scores, (n_heads, n, n, B)
        - output: (n_nodes, H)
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        width = config.width
        self.attention = Attention(width, config.n_heads, config.attention_dropout)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, 4 * width), nn.ReLU(), nn.Linear(4 * width, width)
        )
        self.norm_attention, self.norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.dropout = FastDropout(config.dropout)

    def forward(self, x: Tensor, padded: Padded, bias: Tensor) -> Tensor:
        """(n_nodes, H): new states; `bias` (heads, n, n, B) as in `Attention`."""
        read = self.attention(x, padded.node, padded.position, bias)
        x = self.norm_attention(x + self.dropout(read))
        out: Tensor = self.norm(x + self.dropout(self.feed_forward(x)))
        return out


def heat_kernels(padded: Padded) -> Tensor:
    """(N_TIMES, n, n, B) float64: exp(-t L) for t = 1/2, 1, 2 ... of every graph.

    The identity at places of no node, and of a node without edges.
    """
    undirected = (padded.edge | padded.edge.transpose(0, 1)).permute(2, 0, 1).double()  # (B, n, n)
    degree = undirected.sum(dim=2)  # (B, n)
    scale = degree.clamp(min=1).rsqrt()  # 0 edges: nothing is there to be scaled
    normalised = scale.unsqueeze(2) * undirected * scale.unsqueeze(1)
    laplacian = torch.diag_embed((degree > 0).double()) - normalised
    kernels: list[Tensor] = [torch.matrix_exp(-laplacian / 2)]
    while len(kernels) < N_TIMES:
        # exp(-2 t L) = exp(-t L)^2: exact, and cheaper than another exponential
        kernels.append(kernels[-1] @ kernels[-1])
    return torch.stack(kernels).permute(0, 2, 3, 1).contiguous()
