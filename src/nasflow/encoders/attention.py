r"""Multi-head attention between the nodes of a graph, some pairs left out.

Vaswani et al. 2017, section 3.2:

    out[v] = W_o [over heads: sum over u of softmax_u(q[v] . k[u] / sqrt(d) + bias[v, u]) v[u]]

The pairs are dense: (n, n, B) for graphs of up to n nodes, so that a batch is best made of graphs
of like sizes.

How it is fast: heads of 8 numbers and graphs of 8 nodes are too small for matrix products a graph,
which spend their time between the products. Here the graphs are the last dimension, and one product
is a loop over its inner index of operations on all graphs at once: twice as fast at n = 7 and 8, as
fast at n = 30. The projections give that layout for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nasflow.encoders.layers import FastDropout
from nasflow.encoders.registry import EncoderConfig


@dataclass(frozen=True)
class AttentionConfig(EncoderConfig):
    """What encoders with attention have beside the options of all."""

    n_heads: int = 8
    """Attention heads; the width is shared out among them."""
    attention_dropout: float = 0.1
    """Share of the attention weights dropped in training."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._positive_int("n_heads")
        self._number("attention_dropout", 0, 0.99)
        if self.width % self.n_heads:
            raise self._wrong("n_heads", self.n_heads, f"a divisor of the width, {self.width}")


class Attention(nn.Module):
    """Attention of every node to the nodes of its graph that a mask leaves.

    Shapes:
        - input: states (n_nodes, H) of B graphs of up to n nodes, and what is added to the scores,
          (n, n, B) or (n_heads, n, n, B)
        - output: (n_nodes, H)
    """

    def __init__(self, width: int, n_heads: int, dropout: float) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.projection = nn.Linear(width, 3 * width, bias=False)
        """Queries, keys and values on top of each other."""
        self.output = nn.Linear(width, width, bias=False)
        self.dropout = FastDropout(dropout)

    def forward(self, x: Tensor, node: Tensor, position: Tensor, bias: Tensor) -> Tensor:
        """(n_nodes, H): what every node has read.

        Args:
            x: (n_nodes, H) states.
            node: (n * B,) int64, the row of `x` at each place of a `Padded` layout.
            position: (n_nodes,) int64, the place of each row.
            bias: (n, n, B) or (n_heads, n, n, B): what is added to the score of the j-th node for
                the i-th: -inf where it may not read, 0 or something learned elsewhere. Each node
                may read itself.
        """
        # a view: the pairs of all heads, (n_heads, n, n, B)
        bias = bias.to(x.dtype).expand(self.n_heads, *bias.shape[-3:])
        kept = self.dropout.factors(bias.shape, x) if self.training else None
        out: Tensor = _Attention.apply(  # type: ignore[no-untyped-call]
            x, self.projection.weight, self.output.weight, node, position, bias, kept
        )
        return out


class _Attention(torch.autograd.Function):
    """The whole of it, with the derivative written out; h heads of d numbers, h d = H."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        W: Tensor,
        W_o: Tensor,
        node: Tensor,
        position: Tensor,
        bias: Tensor,
        kept: Tensor | None,
    ) -> Tensor:
        n_heads, size, _, n_graphs = bias.shape
        width = x.shape[1]
        depth = width // n_heads
        padded = x.index_select(0, node)  # (n B, H)
        projected = (W @ padded.t()).view(3, n_heads, depth, size, n_graphs)
        q, k, v = projected  # (h, d, n, B) each
        q.mul_(depth**-0.5)  # here, where it is smaller than the pairs
        # (h, n, n, B): the score of the third index's node for the second's
        pairs = bias.clone(memory_format=torch.contiguous_format)
        for c in range(depth):
            pairs.addcmul_(q[:, c].unsqueeze(2), k[:, c].unsqueeze(1))
        weights = torch.softmax(pairs, dim=2)
        dropped_out = weights if kept is None else weights * kept
        read = _read(dropped_out, v)  # (h, d, n, B)
        out = (read.view(width, -1).t() @ W_o.t()).index_select(0, position)  # (n_nodes, H)
        ctx.save_for_backward(padded, W, W_o, node, position, projected, weights, read, kept)
        return out

    @staticmethod
    def backward(ctx: Any, d_out: Tensor) -> tuple[Tensor | None, ...]:
        padded, W, W_o, node, position, projected, weights, read, kept = ctx.saved_tensors
        q, k, v = projected
        n_heads, depth, size, n_graphs = q.shape
        width = n_heads * depth
        d_padded = d_out.index_select(0, node)  # (n B, H)
        if len(node) > len(position):  # places of no node carry some other node's gradient
            real = torch.zeros(len(node), 1, dtype=d_out.dtype, device=d_out.device)
            real[position] = 1
            d_padded.mul_(real)
        d_read = (W_o.t() @ d_padded.t()).view(n_heads, depth, size, n_graphs)
        dropped_out = weights if kept is None else weights * kept
        # one buffer for the three, so that their weights' gradient is one product
        d_projected = torch.empty_like(projected)
        d_q, d_k, d_v = d_projected
        d_v.copy_(_read(dropped_out.transpose(1, 2), d_read))
        # (h, n, n, B): first by the weights, then through dropout and softmax by the scores
        d_pairs = torch.zeros_like(weights)
        for c in range(depth):
            d_pairs.addcmul_(d_read[:, c].unsqueeze(2), v[:, c].unsqueeze(1))
        if kept is not None:
            d_pairs.mul_(kept)
        # softmax: d score = weight (d weight - the mean of d weight under the weights)
        d_pairs.mul_(weights)
        d_pairs.addcmul_(weights, d_pairs.sum(dim=2, keepdim=True), value=-1)
        d_q.copy_(_read(d_pairs, k)).mul_(depth**-0.5)
        d_k.copy_(_read(d_pairs.transpose(1, 2), q))
        d_projected = d_projected.view(3 * width, -1)
        d_x = (d_projected.t() @ W).index_select(0, position)
        d_bias = d_pairs if ctx.needs_input_grad[5] else None
        return (
            d_x,
            d_projected @ padded,
            d_padded.t() @ read.view(width, -1).t(),
            None,
            None,
            d_bias,
            None,
        )


def _read(pairs: Tensor, values: Tensor) -> Tensor:
    """(h, d, n, B): the values (h, d, n, B) summed with the weights (h, n, n, B)."""
    out = torch.zeros_like(values, memory_format=torch.contiguous_format)
    for j in range(values.shape[2]):
        out.addcmul_(pairs[:, :, j].unsqueeze(1), values[:, :, j].unsqueeze(2))
    return out
