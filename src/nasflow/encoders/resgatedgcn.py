r"""ResGatedGCN: residual gated graph convolutions, the paper's main encoder.

Bresson & Laurent 2017:

    x0[v] = W_in onehot(op_v) + b_in
    conv(x)[v] = W_skip x[v] + b + sum over neighbours u of sigmoid(K x[v] + Q x[u]) * (V x[u])
    x <- dropout(relu(0.2 x0 + 0.8 conv(x)))            n_layers times
    embedding = mean of x[v] over the nodes

Neighbours are taken over the undirected graph. K, Q and V have biases; `conv` gives the same
numbers as PyTorch Geometric's `ResGatedGraphConv` with the same weights.

How it is fast:

* K, Q, V and W_skip are one matrix product.
* The first layer's input takes n_ops different values, its messages n_ops^2: they are made once and
  looked up.
* `_Gather` writes the backward pass out: it fills one gradient of all four projections in place,
  where autograd would add four padded ones.
* Without gradient and dropout, nodes with equal neighbourhoods have equal states: `look_alikes.py`
  finds them, and each kind is computed once, and each kind of message.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn

from nasflow.encoders.base import NodeEncoder
from nasflow.encoders.layers import FastDropout, OneHotLinear
from nasflow.encoders.look_alikes import LookAlikes
from nasflow.encoders.numbers import NumberColumns
from nasflow.encoders.registry import EncoderConfig
from nasflow.graphs.batch import GraphBatch, Neighbourhood
from nasflow.graphs.pointers import sum_of_rows

BLOCK = 1024  # kinds of nodes at a time: their messages stay in the processor's cache


class ResGatedGCN(NodeEncoder):
    """Invariant to the order of the nodes, blind to the direction of edges; section 4 uses it.

    Shapes:
        - input: a `GraphBatch` of B graphs with n_nodes nodes and n_edges edges
        - states of the nodes: (n_nodes, H), H = `config.width`
        - output: (B, H)

    Example:
        >>> from nasflow.spaces.nb201 import NB201
        >>> table = NB201().enumerate()
        >>> encoder = ResGatedGCN(table.n_ops, EncoderConfig(width=64))
        >>> encoder(GraphBatch.from_table(table[:10])).shape
        torch.Size([10, 64])
    """

    trains_in_parts = True

    def __init__(self, n_ops: int, config: EncoderConfig) -> None:
        super().__init__(n_ops, config)
        self.input = OneHotLinear(n_ops, config.width)
        self.layers = nn.ModuleList(GatedConv(config.width) for _ in range(config.n_layers))
        self.dropout = FastDropout(config.dropout)

    def read_node_numbers(self, columns: NumberColumns) -> None:
        """See `Encoder.read_node_numbers`: a linear map joins that of the operation."""
        self.input.read_numbers(columns)

    def nodes(self, batch: GraphBatch) -> Tensor:
        """(n_nodes, H) float32: the state of every node after the last layer."""
        if not (self.training or torch.is_grad_enabled()):
            return self._nodes_by_kind(batch)
        by_kind, kind = self.input.kinds(batch)  # (n_kinds, H), (n_nodes,)
        residual = (0.2 * by_kind).index_select(0, kind)  # (n_nodes, H)
        first, *rest = cast(list[GatedConv], list(self.layers))
        x = self._activated(residual, first.on_kinds(by_kind, kind, batch.undirected))
        for layer in rest:
            x = self._activated(residual, layer(x, batch.undirected))
        return x

    def _nodes_by_kind(self, batch: GraphBatch) -> Tensor:
        """The same without gradient and dropout: each kind of node is computed once."""
        # before the first layer a node's operation, and its numbers, are all there is of it
        states, kind = self.input.kinds(batch)
        first_states, first_kind = states, kind
        for layer in cast(list[GatedConv], list(self.layers)):
            alike = LookAlikes.after_a_layer(kind, len(states), batch.undirected)
            # (n_kinds, H): the kinds of a layer are finer than those before it
            residual = (0.2 * first_states).index_select(0, first_kind.index_select(0, alike.node))
            states = self._activated(residual, layer.by_kind(states, kind, alike))
            kind = alike.kind
        return states.index_select(0, kind)

    def _activated(self, residual: Tensor, convolved: Tensor) -> Tensor:
        """What a layer gives; `convolved` is overwritten."""
        out: Tensor = self.dropout(torch.add(residual, convolved, alpha=0.8).relu_())
        return out


class GatedConv(nn.Module):
    """One residual gated convolution on node states of one width.

    Shapes:
        - input: node states (n_nodes, H), and neighbours of n_messages messages in all
        - output: (n_nodes, H)
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.projection = nn.Linear(width, 4 * width)
        """K, Q, V and W_skip on top of each other; the bias of W_skip is b."""

    def forward(self, x: Tensor, neighbours: Neighbourhood) -> Tensor:
        """(n_nodes, H): the convolution of states (n_nodes, H)."""
        return _gather(self.projection(x), neighbours)

    def on_kinds(self, by_kind: Tensor, kind: Tensor, neighbours: Neighbourhood) -> Tensor:
        """(n_nodes, H): `forward(by_kind[kind], neighbours)`, from states (n_kinds, H) of kinds.

        A message depends on two kinds only (two operations, mostly), so all there can be are made
        once, where they are fewer than the edges.
        """
        n_kinds = len(by_kind)
        projected = self.projection(by_kind)  # (n_kinds, 4H)
        if n_kinds**2 > len(neighbours.source):
            return _gather(projected.index_select(0, kind), neighbours)
        key, query, value, skip = projected.chunk(4, dim=1)
        # (n_kinds, n_kinds, H), targets before sources, then a row for each pair
        messages = (torch.sigmoid(key.unsqueeze(1) + query) * value).view(n_kinds**2, -1)
        target_kind = kind.index_select(0, neighbours.target)  # (n_messages,)
        source_kind = kind.index_select(0, neighbours.source)
        summed = sum_of_rows(messages, target_kind * n_kinds + source_kind, neighbours.ptr)
        convolved: Tensor = summed + skip.index_select(0, kind)
        return convolved

    def by_kind(self, states: Tensor, kind: Tensor, alike: LookAlikes) -> Tensor:
        """(n_kinds, H): the convolution for each kind of node after this layer; no gradient.

        Args:
            states: (n_kinds before, H) states of each kind before this layer.
            kind: (n_nodes,) the kind of every node before this layer.
            alike: the kinds after it.
        """
        projected, n = self.projection(states), len(states)  # (n_kinds before, 4H)
        skip = projected[:, 3 * states.shape[1] :]
        convolved: Tensor = skip.index_select(0, kind.index_select(0, alike.node))
        # (n_messages,) each: from now on messages join kinds, no longer nodes
        source, target = kind.index_select(0, alike.source), kind.index_select(0, alike.target)
        if 16 * n < len(source):  # then many messages are alike, too
            pair, message = torch.unique(target * n + source, return_inverse=True)
            messages = _messages(projected, pair % n, pair // n)  # (n_pairs, H)
            convolved += sum_of_rows(messages, message, alike.ptr)
            return convolved
        for first in range(0, len(convolved), BLOCK):
            ptr = alike.ptr[first : first + BLOCK + 1]
            start, stop = int(ptr[0]), int(ptr[-1])
            messages = _messages(projected, source[start:stop], target[start:stop])
            rows = torch.arange(stop - start, device=states.device)
            convolved[first : first + BLOCK] += sum_of_rows(messages, rows, ptr - start)
        return convolved


def _messages(projected: Tensor, source: Tensor, target: Tensor) -> Tensor:
    """(n, H): sigmoid(k[target] + q[source]) * val[source] of n messages; no gradient.

    `projected` (n_kinds, 4H) holds k, q, val and skip side by side.
    """
    width = projected.shape[1] // 4
    query, value = projected[:, width : 3 * width].index_select(0, source).chunk(2, dim=1)
    return projected[:, :width].index_select(0, target).add_(query).sigmoid_().mul_(value)


def _gather(projected: Tensor, neighbours: Neighbourhood) -> Tensor:
    """(n_nodes, H): the convolution of nodes whose projections (n_nodes, 4H) are given."""
    gathered: Tensor = _Gather.apply(projected, neighbours)  # type: ignore[no-untyped-call]
    return gathered


class _Gather(torch.autograd.Function):
    """out[v] = skip[v] + sum over edges u -> v of sigmoid(k[v] + q[u]) * val[u].

    `projected` (n_nodes, 4H) holds k, q, val and skip side by side.
    """

    @staticmethod
    def forward(ctx: Any, projected: Tensor, neighbours: Neighbourhood) -> Tensor:
        key, query, value, skip = projected.chunk(4, dim=1)  # (n_nodes, H) each
        gate = key.index_select(0, neighbours.target)  # (n_messages, H)
        gate.add_(query.index_select(0, neighbours.source)).sigmoid_()
        value = value.index_select(0, neighbours.source)
        if projected.requires_grad:
            ctx.save_for_backward(gate, value)
            ctx.neighbours = neighbours
            return neighbours.sum_by_target(gate * value).add_(skip)
        # without a gradient nobody reads the two again: in place
        return neighbours.sum_by_target(value.mul_(gate)).add_(skip)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        gate, value = ctx.saved_tensors
        neighbours: Neighbourhood = ctx.neighbours
        d_projected = grad.new_empty(len(grad), 4 * grad.shape[1])  # (n_nodes, 4H)
        d_key, d_query, d_value, d_skip = d_projected.chunk(4, dim=1)
        d_skip.copy_(grad)
        d_message = grad.index_select(0, neighbours.target).mul_(gate)  # (n_messages, H)
        d_value.copy_(neighbours.sum_by_source(d_message))
        d_gate = d_message.mul_(value).mul_(1 - gate)  # sigmoid' = gate (1 - gate)
        d_key.copy_(neighbours.sum_by_target(d_gate))
        d_query.copy_(neighbours.sum_by_source(d_gate))
        return d_projected, None
