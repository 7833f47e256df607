r"""DAGNN: directed acyclic graph neural network (Thost & Chen, ICLR 2021, section 2,
bidirectional).

    h_0[v] = W onehot(op_v) + b
    forward    h_l = sweep_l(h_{l-1})                               l = 1 ... n_layers, from sources to sinks
    backward   the same against the edges, with weights of its own
    state of v = [h_0 ... h_n of the forward direction, of the backward direction]
    embedding = W_out [max over the sinks of the forward part, max over the sources of the backward
    part] + b_out

A sweep passes messages generation by generation, with attention and a GRU: the one of
`flow_sweep.py`, which FlowerFormer took over from here. Dropout acts on what each sweep gives.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nasflow.encoders.base import NodeEncoder
from nasflow.encoders.flow_sweep import FlowSweep
from nasflow.encoders.layers import FastDropout, OneHotLinear
from nasflow.encoders.registry import EncoderConfig
from nasflow.graphs.batch import GraphBatch


class DAGNN(NodeEncoder):
    """Follows the direction of edges and nothing else; invariant to the order of the nodes.

    Example:
        >>> from nasflow.spaces.nb201 import NB201
        >>> table = NB201().enumerate()
        >>> encoder = DAGNN(table.n_ops, EncoderConfig("dagnn", width=64))
        >>> encoder(GraphBatch.from_table(table[:10])).shape
        torch.Size([10, 64])
    """

    def __init__(self, n_ops: int, config: EncoderConfig) -> None:
        super().__init__(n_ops, config)
        self.input = OneHotLinear(n_ops, config.width)
        self.down, self.up = (
            nn.ModuleList(FlowSweep(config.width) for _ in range(config.n_layers)) for _ in range(2)
        )
        self.dropout = FastDropout(config.dropout)
        self.output = nn.Linear(self.node_width, config.width)

    @property
    def node_width(self) -> int:
        """Length of the vectors that `nodes` returns: two directions of n_layers + 1 states."""
        return 2 * (self.config.n_layers + 1) * self.config.width

    def nodes(self, batch: GraphBatch) -> Tensor:
        """(n_nodes, node_width) float32: the states of every node before and after each sweep,
        forward and backward.
        """
        flow, start = batch.by_generation, self.input(batch.ops)
        states = []
        for sweeps, there, back in ((self.down, flow.down, flow.up), (self.up, flow.up, flow.down)):
            h = start.index_select(0, flow.order)
            states.append(h)
            for sweep in sweeps:
                h = self.dropout(sweep(h, there, back))
                states.append(h)
        return torch.cat(states, dim=1).index_select(0, flow.place)

    def pool(self, batch: GraphBatch, nodes: Tensor) -> Tensor:
        """(B, H) float32: the largest forward states of the sinks and backward states of the
        sources, combined.
        """
        forward, backward = nodes.chunk(2, dim=1)
        ends = (_max(forward, batch, batch.outgoing.ptr), _max(backward, batch, batch.incoming.ptr))
        embedding: Tensor = self.output(torch.cat(ends, dim=1))
        return embedding


def _max(states: Tensor, batch: GraphBatch, ptr: Tensor) -> Tensor:
    """(B, d): over each graph's nodes whose list of neighbours, cut by `ptr` (n_nodes + 1,), is
    empty.
    """
    end = (ptr.diff() == 0).nonzero().squeeze(1)
    counts = torch.bincount(batch.graph.index_select(0, end), minlength=len(batch))
    return torch.segment_reduce(states.index_select(0, end), "max", lengths=counts, axis=0)
