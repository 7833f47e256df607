r"""DAGNN: directed acyclic graph neural network, in both directions.

Thost & Chen, ICLR 2021, section 2:

    h_0[v]     = W onehot(op_v) + b
    forward    h_l = sweep_l(h_{l-1}), l = 1 ... n_layers, from sources to sinks
    backward   the same against the edges, with weights of its own
    state of v = [h_0 ... h_n of the forward direction, of the backward direction]
    embedding  = W_out [max of the forward part over the sinks,
                        max of the backward part over the sources] + b_out

A sweep passes messages generation by generation, with attention and a GRU: the one of
`flow_sweep.py`, which FlowerFormer took over from here. Dropout acts on what each sweep gives.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nasflow.encoders.base import NodeEncoder
from nasflow.encoders.flow_sweep import FlowSweep
from nasflow.encoders.layers import FastDropout, OneHotLinear
from nasflow.encoders.numbers import NumberColumns
from nasflow.encoders.registry import EncoderConfig
from nasflow.graphs.batch import GraphBatch


class DAGNN(NodeEncoder):
    """Follows the direction of edges and nothing else; invariant to the order of the nodes.

    Shapes:
        - input: a `GraphBatch` of B graphs with n_nodes nodes and n_edges edges
        - states of the nodes: (n_nodes, 2 (n_layers + 1) H), H = `config.width`
        - output: (B, H)

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
        self.down = nn.ModuleList(FlowSweep(config.width) for _ in range(config.n_layers))
        self.up = nn.ModuleList(FlowSweep(config.width) for _ in range(config.n_layers))
        self.dropout = FastDropout(config.dropout)
        self.output = nn.Linear(self.node_width, config.width)

    def read_node_numbers(self, columns: NumberColumns) -> None:
        """See `Encoder.read_node_numbers`: a linear map joins that of the operation."""
        self.input.read_numbers(columns)

    @property
    def node_width(self) -> int:
        """Length of the vectors that `nodes` returns: two directions of n_layers + 1 states."""
        return 2 * (self.config.n_layers + 1) * self.config.width

    def nodes(self, batch: GraphBatch) -> Tensor:
        """(n_nodes, node_width) float32: every node's states before and after each sweep.

        The forward ones, then the backward ones.
        """
        flow, start = batch.by_generation, self.input.nodes(batch)
        states = []
        for sweeps, there, back in ((self.down, flow.down, flow.up), (self.up, flow.up, flow.down)):
            h = start.index_select(0, flow.order)  # (n_nodes, H), by place from here on
            states.append(h)
            for sweep in sweeps:
                h = self.dropout(sweep(h, there, back))
                states.append(h)
        # (n_nodes, node_width), in the order of the batch again
        return torch.cat(states, dim=1).index_select(0, flow.place)

    def pool(self, batch: GraphBatch, nodes: Tensor) -> Tensor:
        """(B, H) float32: the largest forward states of sinks and backward ones of sources."""
        forward, backward = nodes.chunk(2, dim=1)  # (n_nodes, node_width / 2) each
        of_sinks = _max_of_ends(forward, batch, batch.outgoing.ptr)
        of_sources = _max_of_ends(backward, batch, batch.incoming.ptr)
        embedding: Tensor = self.output(torch.cat([of_sinks, of_sources], dim=1))
        return embedding


def _max_of_ends(states: Tensor, batch: GraphBatch, ptr: Tensor) -> Tensor:
    """(B, d): the largest states (n_nodes, d) of each graph's nodes without neighbours.

    The neighbours of a node are those that `ptr` (n_nodes + 1,) cuts; every graph has such a node,
    since it has no cycle.
    """
    ends = (ptr.diff() == 0).nonzero().squeeze(1)  # (n_ends,)
    n_ends_of_graph = torch.bincount(batch.graph.index_select(0, ends), minlength=len(batch))
    states = states.index_select(0, ends)
    return torch.segment_reduce(states, "max", lengths=n_ends_of_graph, axis=0)
