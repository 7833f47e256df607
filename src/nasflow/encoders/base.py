"""`Encoder`: the interface of a graph network that embeds architectures.

Adding one is one file with one subclass (its equation and source on top), and a line in
`registry.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn

from nasflow.encoders.numbers import NumberColumns, refuse_others
from nasflow.encoders.registry import EncoderConfig
from nasflow.errors import ConfigError
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.number_units import NumberUnits
from nasflow.graphs.table import ArchTable


class Encoder(nn.Module, ABC):
    """Turns a batch of architectures into one vector each.

    Where its nodes have states, subclass `NodeEncoder`.

    Args:
        n_ops: size of the vocabulary.
        config: name, width, number of layers, dropout.

    Shapes:
        - input: a `GraphBatch` of B graphs with n_nodes nodes and n_edges edges
        - output: (B, H), H = `encoder.width`

    Attributes:
        units: the numbers of nodes and graphs that it reads, and their units; none until
            `read_numbers`.
    """

    Config: ClassVar[type[EncoderConfig]] = EncoderConfig
    """The class of its options; a subclass of `EncoderConfig` where it has more than all have."""

    trains_in_parts: ClassVar[bool] = False
    """Whether parts of a batch may pass through it at once, in threads, while it is trained: no
    graph sees another (batch normalisation would), and all that is drawn `FastDropout` draws."""

    def __init__(self, n_ops: int, config: EncoderConfig) -> None:
        super().__init__()
        self.n_ops = n_ops
        self.config = config
        self.units = NumberUnits()

    @classmethod
    def config_for(cls, config: EncoderConfig, table: ArchTable) -> EncoderConfig:  # noqa: ARG003
        """The options with what must be known of the graphs before the encoder is made."""
        return config

    def read_numbers(self, units: NumberUnits) -> None:
        """Read numbers of nodes and graphs from now on, with weights drawn from torch's generator.

        Those of graphs are added to the embedding after a linear layer; an encoder says with
        `read_node_numbers` what it does with those of nodes.

        Raises:
            ConfigError: it reads some already.
        """
        if self.units:
            raise ConfigError("the encoder reads numbers already; make a new one for others")
        self.units = units
        if units.attrs:
            self.read_node_numbers(NumberColumns(units, "attrs"))
        if units.globals:
            self.graph_columns = NumberColumns(units, "globals")
            self.graph_numbers = nn.Linear(self.graph_columns.width, self.width, bias=False)

    def read_node_numbers(self, columns: NumberColumns) -> None:
        """Make what reads (n_nodes, columns.width) numbers of nodes.

        Raises:
            ConfigError: this encoder cannot.
        """
        raise ConfigError(
            f"encoder {self.config.name!r} reads no numbers on nodes ({', '.join(columns.names)});"
            " choose another, give tables `without_numbers()`, or write its `read_node_numbers`"
        )

    def with_graph_numbers(self, batch: GraphBatch, embedding: Tensor) -> Tensor:
        """(B, H): the embedding (B, H), and what the numbers of the graphs add to it.

        Raises:
            GraphError: the batch carries a number that the encoder does not know.
        """
        if batch.attr_names and not self.units.attrs:
            refuse_others("attrs", batch.attr_names, batch.attrs, ())
        if self.units.globals:
            added: Tensor = self.graph_numbers(self.graph_columns(batch))
            return embedding + added
        if batch.global_names:
            refuse_others("globals", batch.global_names, batch.globals, ())
        return embedding

    @property
    def width(self) -> int:
        """Length H of the vectors that `forward` returns."""
        return self.config.width

    @property
    def node_width(self) -> int:
        """Length of the vectors that `nodes` returns.

        Raises:
            ConfigError: this encoder has no node states.
        """
        raise self._no_nodes()

    @abstractmethod
    def forward(self, batch: GraphBatch) -> Tensor:
        """(B, H) float32: the embedding of every architecture."""

    def nodes(self, batch: GraphBatch) -> Tensor:  # noqa: ARG002
        """(n_nodes, node_width) float32: the state of every node after the last layer.

        Raises:
            ConfigError: this encoder has no node states.
        """
        raise self._no_nodes()

    def _no_nodes(self) -> ConfigError:
        return ConfigError(
            f"encoder {self.config.name!r} reads a graph as a whole and has no node states; choose"
            " a task that needs the embedding alone (flow, proxy, graphcl), or another encoder"
            " (resgatedgcn)"
        )


class NodeEncoder(Encoder):
    """An encoder that pools the states of the nodes, as most graph networks do.

    Shapes:
        - input: a `GraphBatch` of B graphs with n_nodes nodes and n_edges edges
        - states of the nodes: (n_nodes, `encoder.node_width`)
        - output: (B, H), H = `encoder.width`
    """

    @property
    def node_width(self) -> int:
        """Length of the vectors that `nodes` returns."""
        return self.width

    @abstractmethod
    def nodes(self, batch: GraphBatch) -> Tensor:
        """(n_nodes, node_width) float32: the state of every node after the last layer."""

    def pool(self, batch: GraphBatch, nodes: Tensor) -> Tensor:
        """(B, H) float32: the mean of each graph's node states (n_nodes, node_width)."""
        return batch.mean_pool(nodes)

    def embedding(self, batch: GraphBatch, nodes: Tensor) -> Tensor:
        """(B, H) float32: the embedding from the states (n_nodes, node_width) of the nodes."""
        return self.with_graph_numbers(batch, self.pool(batch, nodes))

    def forward(self, batch: GraphBatch) -> Tensor:
        """(B, H) float32: the embedding of every architecture, pooled from its nodes' states."""
        return self.embedding(batch, self.nodes(batch))
