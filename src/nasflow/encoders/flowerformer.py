r"""FlowerFormer: a graph transformer that follows the flow of data.

Hwang et al., CVPR 2024, arXiv 2403.12821:

    x = normalise(relu(BN(W onehot(op))))                                to length 1
    each layer:   local  = BN(x + dropout(relu(backward sweep of (forward sweep of x))))
                  global = BN(x + dropout(attention(x)))
                  x'     = local + global
                  x      = BN(x' + dropout(W_2 dropout(relu(W_1 x'))))
    embedding = mean of x[v] over the nodes

A node attends to itself and to all nodes on a directed path with it. The sweeps are in
`flow_sweep.py`, the attention in `attention.py`; BN is batch normalisation over the batch's nodes.
This is the layer of the published code; where a node's successors lie in several generations, that
code goes back from the nearest alone, here from all, as forwards. Its values for NAS-Bench-101 and
201 are width 64, 9 layers, 8 heads, dropout 0, and 0.5 for the attention weights. Left out: dropout
of the sweeps' input (always 0 there), and biases right before a batch normalisation, which takes
them off again. On it stands the same head as on every encoder here (linear, relu, linear); the
published one is a single linear layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from nasflow.encoders.attention import Attention, AttentionConfig
from nasflow.encoders.base import NodeEncoder
from nasflow.encoders.flow_sweep import FlowSweep
from nasflow.encoders.layers import FastDropout, NodeNorm, OneHotLinear
from nasflow.encoders.numbers import NumberColumns
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.layouts import ByGeneration


@dataclass(frozen=True)
class FlowerFormerConfig(AttentionConfig):
    """The options of flowerformer."""

    name: str = "flowerformer"


class FlowerFormer(NodeEncoder):
    """Sees the direction of edges; invariant to the order of the nodes.

    Many times slower than ResGatedGCN.

    Shapes:
        - input: a `GraphBatch` of B graphs with n_nodes nodes and n_edges edges
        - states of the nodes: (n_nodes, H), H = `config.width`
        - output: (B, H)

    Example:
        >>> from nasflow.spaces.nb201 import NB201
        >>> table = NB201().enumerate()
        >>> encoder = FlowerFormer(table.n_ops, FlowerFormerConfig(width=64, n_layers=2))
        >>> encoder(GraphBatch.from_table(table[:10])).shape
        torch.Size([10, 64])
    """

    Config = FlowerFormerConfig

    def __init__(self, n_ops: int, config: FlowerFormerConfig) -> None:
        super().__init__(n_ops, config)
        self.input = OneHotLinear(n_ops, config.width, bias=False)
        self.norm = NodeNorm(config.width)
        self.layers = nn.ModuleList(FlowerLayer(config) for _ in range(config.n_layers))

    def read_node_numbers(self, columns: NumberColumns) -> None:
        """See `Encoder.read_node_numbers`: a linear map joins that of the operation."""
        self.input.read_numbers(columns)

    def nodes(self, batch: GraphBatch) -> Tensor:
        """(n_nodes, H) float32: the state of every node after the last layer."""
        flow, padded = batch.by_generation, batch.padded
        # sweeps want the nodes by generation: so they stand in all layers, for attention too
        node = flow.place.index_select(0, padded.node)
        position = padded.position.index_select(0, flow.order)
        x = self.input.nodes(batch, flow.order)  # (n_nodes, H), by place
        x = normalize(self.norm(x).relu())
        for layer in cast(list[FlowerLayer], list(self.layers)):
            x = layer(x, flow, node, position, padded.on_a_path)
        states: Tensor = _Reorder.apply(x, flow.place, flow.order)  # type: ignore[no-untyped-call]
        return states


class FlowerLayer(nn.Module):
    """Sweeps and attention side by side, then a feed-forward block."""

    def __init__(self, config: FlowerFormerConfig) -> None:
        super().__init__()
        width = config.width
        self.forwards, self.backwards = FlowSweep(width), FlowSweep(width)
        self.attention = Attention(width, config.n_heads, config.attention_dropout)
        self.norm_local, self.norm_global, self.norm = (NodeNorm(width) for _ in range(3))
        self.dropout = FastDropout(config.dropout)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, 2 * width),
            nn.ReLU(),
            FastDropout(config.dropout),
            nn.Linear(2 * width, width, bias=False),
            FastDropout(config.dropout),
        )

    def forward(
        self, x: Tensor, flow: ByGeneration, node: Tensor, position: Tensor, bias: Tensor
    ) -> Tensor:
        """(n_nodes, H): new states; nodes by place, the last three arguments as in `Attention`."""
        f = self.forwards(x, flow.down, flow.up)
        b = self.backwards(f, flow.up, flow.down)
        local = self.norm_local(x + self.dropout(b.relu()))
        x = local + self.norm_global(x + self.dropout(self.attention(x, node, position, bias)))
        out: Tensor = self.norm(x + self.feed_forward(x))
        return out


class _Reorder(torch.autograd.Function):
    """The rows `index` of x, for a permutation `index` whose inverse is given.

    Its derivative gathers rows as well, where autograd would add them to a tensor of zeros.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, index: Tensor, inverse: Tensor) -> Tensor:
        ctx.inverse = inverse
        return x.index_select(0, index)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        return grad.index_select(0, ctx.inverse), None, None
