r"""MLP on the flattened adjacency matrix and the one-hot operations.

The one-hot adjacency matrix encoding of White et al., "A study on encodings for neural architecture
search", NeurIPS 2020, section 3:

    x_0 = [adjacency of the nodes 1 ... max_nodes, row by row; onehot(op) of each]
    x_l = dropout(relu(W_l x_{l-1} + b_l))                           n_layers times
    embedding = x_n

x_0 has zeros where there is no node. The embedding is NOT invariant to the order of the nodes:
isomorphic graphs whose nodes are numbered differently have different ones. Use it as a baseline, on
spaces that number their nodes in one way.
"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from nasflow.encoders.base import Encoder
from nasflow.encoders.layers import FastDropout
from nasflow.encoders.numbers import NumberColumns
from nasflow.encoders.registry import EncoderConfig
from nasflow.errors import ConfigError, GraphError
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.table import ArchTable


@dataclass(frozen=True)
class MLPConfig(EncoderConfig):
    """The options of mlp."""

    name: str = "mlp"
    max_nodes: int | None = None
    """Nodes of the largest graph that it takes; by default those of the first table it sees."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_nodes is not None:
            self._size("max_nodes")


class MLP(Encoder):
    """Sees everything, each node by its number; its nodes have no states.

    Raises:
        ConfigError: `config.max_nodes` is None.

    Shapes:
        - input: a `GraphBatch` of B graphs with n_nodes nodes and n_edges edges, at most
          `config.max_nodes` nodes a graph
        - output: (B, H), H = `config.width`

    Example:
        >>> from nasflow.spaces.nb201 import NB201
        >>> table = NB201().enumerate()
        >>> encoder = MLP(table.n_ops, MLPConfig(width=64, max_nodes=8))
        >>> encoder(GraphBatch.from_table(table[:10])).shape
        torch.Size([10, 64])
    """

    Config = MLPConfig

    def __init__(self, n_ops: int, config: MLPConfig) -> None:
        super().__init__(n_ops, config)
        if config.max_nodes is None:
            raise ConfigError(
                "encoder 'mlp' needs to know how many nodes a graph can have, and there is no table"
                " to count them in: set MLPConfig.max_nodes (--encoder.max_nodes)"
            )
        self.max_nodes = config.max_nodes
        # a column for each pair of nodes, and for each operation of each node
        widths = [self.max_nodes * (self.max_nodes + n_ops)] + [config.width] * config.n_layers
        layers: list[nn.Module] = []
        for n_in, n_out in itertools.pairwise(widths):
            layers += [nn.Linear(n_in, n_out), nn.ReLU(), FastDropout(config.dropout)]
        self.layers = nn.Sequential(*layers)

    def read_node_numbers(self, columns: NumberColumns) -> None:
        """See `Encoder.read_node_numbers`: x_0 has columns for the numbers of each node as well."""
        self.columns = columns
        n_numbers = self.max_nodes * columns.width
        self.numbers = nn.Linear(n_numbers, self.config.width, bias=False)

    @classmethod
    def config_for(cls, config: EncoderConfig, table: ArchTable) -> EncoderConfig:
        """The options with `max_nodes` counted in the table, where it is not given."""
        assert isinstance(config, MLPConfig)
        if config.max_nodes is not None or not len(table):
            return config
        return dataclasses.replace(config, max_nodes=int(np.diff(table.node_ptr).max()))

    def forward(self, batch: GraphBatch) -> Tensor:
        """(B, H) float32: the embedding of every architecture.

        Raises:
            GraphError: a graph with more than `max_nodes` nodes.
        """
        sizes, n = batch.node_ptr.diff(), self.max_nodes
        if len(sizes) and int(sizes.max()) > n:
            raise GraphError(
                f"graph {int(sizes.argmax())} of the batch has {int(sizes.max())} nodes; encoder"
                f" 'mlp' was made for at most {n}: set MLPConfig.max_nodes"
                " (--encoder.max_nodes)"
            )
        nodes = torch.arange(batch.n_nodes, device=batch.device)
        # (n_nodes,): each node's number within its graph
        rank = nodes - batch.node_ptr.index_select(0, batch.graph)
        source, target = batch.edge_index
        # columns of x_0: the matrix takes the first n * n, row after row
        edge_column = rank.index_select(0, source) * n + rank.index_select(0, target)  # (n_edges,)
        has_op = batch.ops < self.n_ops  # a hidden operation is no operation
        op_column = (n * n + rank * self.n_ops + batch.ops)[has_op]
        dtype = next(self.parameters()).dtype
        width = n * (n + self.n_ops)
        flat = torch.zeros(len(batch), width, dtype=dtype, device=batch.device)
        flat[batch.graph.index_select(0, source), edge_column] = 1
        flat[batch.graph[has_op], op_column] = 1
        first, *rest = self.layers
        x: Tensor = first(flat)
        if self.units.attrs:
            numbers = torch.zeros(
                len(batch), n, self.columns.width, dtype=dtype, device=batch.device
            )
            numbers[batch.graph, rank] = self.columns(batch)
            x = x + self.numbers(numbers.flatten(1))
        for layer in rest:
            x = layer(x)
        return self.with_graph_numbers(batch, x)
