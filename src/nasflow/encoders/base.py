"""`Encoder`: the interface of a graph network that embeds architectures.

Adding one is one file with one subclass (its equation and source on top), and a line in `registry.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from nasflow.batch import GraphBatch
from nasflow.config import EncoderConfig


class Encoder(nn.Module, ABC):
    """Turns a batch of architectures into one vector each.

    Args:
        n_ops: size of the vocabulary.
        config: name, width, number of layers, dropout.
    """

    def __init__(self, n_ops: int, config: EncoderConfig) -> None:
        super().__init__()
        self.n_ops = n_ops
        self.config = config

    @property
    def width(self) -> int:
        """Length H of the vectors that `forward` returns."""
        return self.config.width

    @abstractmethod
    def nodes(self, batch: GraphBatch) -> Tensor:
        """(n_nodes, H) float32: the state of every node after the last layer."""

    def forward(self, batch: GraphBatch) -> Tensor:
        """(B, H) float32: the embedding of every architecture, the mean of its nodes' states."""
        return batch.mean_pool(self.nodes(batch))


class OneHotLinear(nn.Module):
    """A linear layer on one-hot operations: y[v] = W onehot(x_v) + b, without making the one-hot matrix.

    A node whose operation is hidden (index n_ops) has a one-hot vector of zeros: y[v] = b, a learned token like
    any operation's. Weights are kept and initialised as in `nn.Linear(n_ops, width)`.
    """

    def __init__(self, n_ops: int, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(n_ops, width)

    def rows(self, masked: bool = False) -> Tensor:
        """(n_ops, width): the output for each operation; with `masked` a last row for a hidden one."""
        rows = self.linear.weight.t() + self.linear.bias
        return torch.cat([rows, self.linear.bias.unsqueeze(0)]) if masked else rows

    def forward(self, ops: Tensor) -> Tensor:
        """(n_nodes, width) for operation indices `ops` (n_nodes,), n_ops for a hidden one."""
        return self.rows(masked=True).index_select(0, ops)
