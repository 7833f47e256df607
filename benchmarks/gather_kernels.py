"""Two other ways to compute ResGatedGCN's messages, with their derivatives; neither is faster.

Both give what `nasflow.encoders.resgatedgcn` gathers: from projections (n_nodes, 4H), keys,
queries, values and skips side by side,

    out[v] = skip[v] + sum over neighbours u of v of sigmoid(key[v] + query[u]) * value[u]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from nasflow import GraphBatch
from nasflow.graphs.pointers import sum_of_rows


@dataclass(frozen=True)
class Block:
    """Some graphs of a batch: their nodes are start .. stop, their messages first .. last."""

    start: int
    stop: int
    first: int
    last: int
    source: Tensor
    target: Tensor
    by_target: tuple[Tensor, Tensor]
    """The messages in order of their targets, and where those of each node begin."""
    by_source: tuple[Tensor, Tensor]


def blocks_of(batch: GraphBatch, n_graphs: int) -> list[Block]:
    """A batch cut into so many graphs at a time."""
    neighbours = batch.undirected
    order = torch.argsort(neighbours.source, stable=True)
    ptr = torch.cat(
        [order.new_zeros(1), torch.bincount(neighbours.source, minlength=batch.n_nodes).cumsum(0)]
    )
    blocks = []
    for graph in range(0, len(batch), n_graphs):
        start = int(batch.node_ptr[graph])
        stop = int(batch.node_ptr[min(graph + n_graphs, len(batch))])
        first, last = int(neighbours.ptr[start]), int(neighbours.ptr[stop])
        messages = slice(first, last)
        blocks.append(
            Block(
                start,
                stop,
                first,
                last,
                neighbours.source[messages],
                neighbours.target[messages],
                (torch.arange(last - first), neighbours.ptr[start : stop + 1] - first),
                (order[messages] - first, ptr[start : stop + 1] - first),
            )
        )
    return blocks


class InBlocks(torch.autograd.Function):
    """Graphs a few at a time, so that what is computed of a message stays in the near cache."""

    @staticmethod
    def forward(ctx: Any, projected: Tensor, blocks: list[Block]) -> Tensor:
        width = projected.shape[1] // 4
        key, query, value, skip = projected.split(width, 1)
        out = projected.new_empty(len(projected), width)
        gates = projected.new_empty(blocks[-1].last, width)
        scratch = projected.new_empty(max(b.last - b.first for b in blocks), width)
        for b in blocks:
            gate, message = gates[b.first : b.last], scratch[: b.last - b.first]
            torch.index_select(key, 0, b.target, out=gate)
            torch.index_select(query, 0, b.source, out=message)
            gate.add_(message).sigmoid_()
            torch.index_select(value, 0, b.source, out=message)
            summed = sum_of_rows(message.mul_(gate), *b.by_target)
            torch.add(summed, skip[b.start : b.stop], out=out[b.start : b.stop])
        ctx.save_for_backward(projected, gates)
        ctx.blocks = blocks
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        projected, gates = ctx.saved_tensors
        value = projected.chunk(4, 1)[2]
        d_projected = torch.empty_like(projected)
        d_key, d_query, d_value, d_skip = d_projected.chunk(4, 1)
        most = max(b.last - b.first for b in ctx.blocks)
        d_messages, d_gates = (grad.new_empty(most, grad.shape[1]) for _ in range(2))
        for b in ctx.blocks:
            nodes, n = slice(b.start, b.stop), b.last - b.first
            gate, d_message, d_gate = gates[b.first : b.last], d_messages[:n], d_gates[:n]
            d_skip[nodes] = grad[nodes]
            torch.index_select(grad, 0, b.target, out=d_message)
            torch.index_select(value, 0, b.source, out=d_gate)
            d_gate.mul_(d_message)
            d_value[nodes] = sum_of_rows(d_message.mul_(gate), *b.by_source)
            torch.ops.aten.sigmoid_backward.grad_input(d_gate, gate, grad_input=d_gate)
            d_key[nodes] = sum_of_rows(d_gate, *b.by_target)
            d_query[nodes] = sum_of_rows(d_gate, *b.by_source)
        return d_projected, None


class OneWiring(torch.autograd.Function):
    """All graphs have the same edges: node i of all graphs is one slice, and nothing is gathered.

    Rows are node after node, (n * B, 4H); `pairs` holds target and source of each message.
    """

    @staticmethod
    def forward(ctx: Any, projected: Tensor, pairs: list[tuple[int, int]], n: int) -> Tensor:
        width = projected.shape[1] // 4
        key, query, value, skip = (
            part.unbind(0) for part in projected.view(n, -1, 4 * width).split(width, 2)
        )
        out = torch.stack(skip)
        gates = projected.new_empty(len(pairs), out.shape[1], width)
        for gate, (target, source) in zip(gates.unbind(0), pairs, strict=True):
            torch.add(key[target], query[source], out=gate)
            out[target].addcmul_(gate.sigmoid_(), value[source])
        ctx.save_for_backward(projected, gates)
        ctx.pairs, ctx.n = pairs, n
        return out.view(-1, width)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        projected, gates = ctx.saved_tensors
        width = grad.shape[1]
        value = projected.view(ctx.n, -1, 4 * width)[:, :, 2 * width : 3 * width].unbind(0)
        d_projected = torch.zeros_like(projected)
        by_part = d_projected.view(ctx.n, -1, 4 * width).split(width, 2)
        d_key, d_query, d_value = (part.unbind(0) for part in by_part[:3])
        by_node = grad.view(ctx.n, -1, width)
        by_part[3].copy_(by_node)
        d_gate = grad.new_empty(by_node.shape[1], width)
        for gate, (target, source) in zip(gates.unbind(0), ctx.pairs, strict=True):
            d_value[source].addcmul_(by_node[target], gate)
            torch.mul(by_node[target], value[source], out=d_gate)
            torch.ops.aten.sigmoid_backward.grad_input(d_gate, gate, grad_input=d_gate)
            d_key[target].add_(d_gate)
            d_query[source].add_(d_gate)
        return d_projected, None, None
