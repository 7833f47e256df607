r"""Asynchronous message passing: one sweep over the generations, with attention and a GRU.

FlowerFormer's flow module (Hwang et al., CVPR 2024, section 3.2) in one direction:

    m[v] = sum over predecessors u of softmax_u(w . f[u]) f[u]       0 where there is none
    f[v] = GRU(input x[v], hidden state m[v])

A predecessor's f is complete before it is read, so the generations come one after the other; each
is computed for all graphs of the batch at once. Backwards the same with successors.

The published attention scores also hold the receiver's state, an edge's embedding and a bias. All
are equal for every message to one node (its edges are all alike), so that softmax cancels them:
they are left out, and no weight is without gradient.

How it is fast:

* A message's score depends on its source alone: it is computed once a node, when the node's state
  is.
* `_FlowSweep` writes the backward pass out. It goes through the generations in reverse, each node
  pulling the gradient over its outgoing messages. What needs no order is done for all nodes at
  once: the derivatives of the gates before, the gradients of the weights after.
* tanh(x) = 2 sigmoid(2x) - 1: torch's tanh takes four times as long here. The weights of n's input
  are doubled.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from nasflow.graphs.layouts import Sweep, SweepStep
from nasflow.graphs.pointers import sum_of_rows

_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
_tanh_backward = torch.ops.aten.tanh_backward.grad_input


class FlowSweep(nn.Module):
    """One direction of the flow module, on states of one width.

    Shapes:
        - input: states (n_nodes, H) by place, and the two sweeps of a `ByGeneration`
        - output: (n_nodes, H) by place
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, 1, bias=False)
        self.gru = nn.GRUCell(width, width)

    def forward(self, x: Tensor, sweep: Sweep, opposite: Sweep) -> Tensor:
        """(n_nodes, H): what has arrived at every node; nodes by place, as in `ByGeneration`.

        Args:
            x: (n_nodes, H) states before the sweep.
            sweep: its generations.
            opposite: those of the other direction, which gradients take.
        """
        gru = self.gru
        f: Tensor = _FlowSweep.apply(  # type: ignore[no-untyped-call]
            x,
            gru.weight_ih,
            gru.bias_ih,
            gru.weight_hh,
            gru.bias_hh,
            self.score.weight[0],
            sweep,
            opposite,
        )
        return f


class _FlowSweep(torch.autograd.Function):
    """The sweep and its derivative.

    Gates stand in the order n, r, z, those of the hidden state in r, z, n. So the gradients dn, dr,
    dz, r dn lie in one buffer whose first three quarters go to the input, the last three to the
    hidden state, without a copy.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        W_x: Tensor,
        b_x: Tensor,
        W_m: Tensor,
        b_m: Tensor,
        w: Tensor,
        sweep: Sweep,
        opposite: Sweep,
    ) -> Tensor:
        n_nodes, width = x.shape
        bias = torch.cat([2 * b_x[2 * width :], (b_x + b_m)[: 2 * width]])
        # (n_nodes, 3H): what the input adds to the gates n, r, z; the messages' part follows below
        gates = torch.addmm(bias, x, torch.cat([2 * W_x[2 * width :], W_x[: 2 * width]]).t())
        W_rz, W_n = W_m[: 2 * width].t(), W_m[2 * width :].t()
        hidden_n = b_m[2 * width :].repeat(n_nodes, 1)
        # each step fills one generation's slice of f, message and hidden_n (n_nodes, H),
        # score (n_nodes,) and share (n_edges,)
        f, message = torch.empty_like(x), torch.zeros_like(x)
        score, share = x.new_empty(n_nodes), x.new_empty(len(sweep.opposite))
        for step in sweep.steps:
            here = slice(step.start, step.stop)
            n, gates_rz = gates[here, :width], gates[here, width:]
            m, hidden = message[here], hidden_n[here]
            if step.first_edge < step.last_edge:
                shares = _shares(score.index_select(0, step.source), step)
                share[step.first_edge : step.last_edge] = shares
                m.copy_(sum_of_rows(f, step.source, step.ptr, shares))
                gates_rz.addmm_(m, W_rz)
                hidden.addmm_(m, W_n)
            gates_rz.sigmoid_()
            # tanh of half of it, for n's input is doubled
            n.addcmul_(gates_rz[:, :width], hidden, value=2).sigmoid_().mul_(2).sub_(1)
            torch.lerp(n, m, gates_rz[:, width:], out=f[here])
            torch.mv(f[here], w, out=score[here])
        ctx.save_for_backward(x, W_x, W_m, w, gates, f, message, hidden_n, share)
        ctx.sweep, ctx.opposite = sweep, opposite
        return f

    @staticmethod
    def backward(ctx: Any, d_out: Tensor) -> tuple[Tensor | None, ...]:
        x, W_x, W_m, w, gates, f, message, hidden_n, share = ctx.saved_tensors
        sweep: Sweep = ctx.sweep
        n_nodes, width = x.shape
        share = share.index_select(0, sweep.opposite)  # in the order of the edges backwards
        z = gates[:, 2 * width :]
        d_gates = _gate_derivatives(gates, message, hidden_n).view(n_nodes, 4, width)
        d_message, d_score = torch.empty_like(x), x.new_zeros(n_nodes)
        # d_message[v] . message[v], the mean that softmax's derivative takes off
        along = x.new_empty(n_nodes)
        outgoing = {step.start: step for step in ctx.opposite.steps}
        # whoever read a node's f comes in a later generation, and so before it here
        for step in reversed(sweep.steps):
            here, out = slice(step.start, step.stop), outgoing[step.start]
            d_f = d_out[here]
            if out.first_edge < out.last_edge:
                shares = share[out.first_edge : out.last_edge]
                pulled = sum_of_rows(d_message, out.source, out.ptr, shares)
                means = shares * along.index_select(0, out.source)
                mean = torch.segment_reduce(means, "sum", offsets=out.ptr)
                d_score[here] = (pulled * f[here]).sum(dim=1).sub_(mean)
                d_f = pulled.add_(d_f).addr_(d_score[here], w)
            d_gates[here].mul_(d_f.unsqueeze(1))
            if step.first_edge < step.last_edge:
                d_m = torch.mul(d_f, z[here], out=d_message[here])
                d_m.addmm_(d_gates[here].view(-1, 4 * width)[:, width:], W_m)
                along[here] = (d_m * message[here]).sum(dim=1)
        d_gates = d_gates.view(n_nodes, -1)  # (n_nodes, 4H)
        d_input, d_hidden, d_bias = d_gates[:, : 3 * width], d_gates[:, width:], d_gates.sum(dim=0)
        # weights stand in torch's order r, z, n: rolled by one gate
        return (
            d_input @ W_x.roll(width, 0),
            (d_input.t() @ x).roll(-width, 0),
            d_bias[: 3 * width].roll(-width),
            d_hidden.t() @ message,
            d_bias[width:],
            d_score @ f,
            None,
            None,
        )


def _gate_derivatives(gates: Tensor, message: Tensor, hidden_n: Tensor) -> Tensor:
    """(n_nodes, 4H): f's derivatives by the inputs of n, r, z and by the hidden part of n's.

    f = (1 - z) n + z m, from `gates` (n_nodes, 3H), `message` and `hidden_n` (n_nodes, H).
    """
    n, r, z = gates.chunk(3, dim=1)
    derivatives = gates.new_empty(len(gates), 4 * n.shape[1])
    d_n, d_r, d_z, d_hidden_n = derivatives.chunk(4, dim=1)
    _tanh_backward(1 - z, n, grad_input=d_n)
    torch.mul(d_n, r, out=d_hidden_n)
    _sigmoid_backward(d_n * hidden_n, r, grad_input=d_r)
    _sigmoid_backward(message - n, z, grad_input=d_z)
    return derivatives


def _shares(scores: Tensor, step: SweepStep) -> Tensor:
    """(n_edges,): softmax of the scores (n_edges,) over the messages to each node of the step."""
    # less the largest, so that exp of a large score does not overflow
    largest = torch.segment_reduce(scores, "max", offsets=step.ptr)
    shares = scores.sub_(largest.index_select(0, step.target)).exp_()
    total = torch.segment_reduce(shares, "sum", offsets=step.ptr)
    return shares.div_(total.index_select(0, step.target))
