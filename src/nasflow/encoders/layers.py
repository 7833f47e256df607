"""Layers that several encoders are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm, one_hot

from nasflow.encoders.look_alikes import equal_rows
from nasflow.encoders.numbers import NumberColumns
from nasflow.graphs.batch import GraphBatch
from nasflow.running.seeding import own_generator


def one_hot_operations(ops: Tensor, n_ops: int) -> Tensor:
    """(n_nodes, n_ops) int64: a one-hot row for each operation index of `ops` (n_nodes,).

    A hidden operation, index n_ops, is a row of zeros.
    """
    return one_hot(ops, n_ops + 1)[:, :n_ops]


class OneHotLinear(nn.Module):
    """A linear layer on one-hot operations, y[v] = W onehot(x_v) + b, that makes no one-hot matrix.

    Where nodes carry numbers a[v], y[v] = W onehot(x_v) + b + W' a[v].

    A hidden operation (index n_ops) is a vector of zeros, so its y is b: a learned token like any
    operation's. Weights are kept and initialised as in `nn.Linear(n_ops, width, bias)`.

    Shapes:
        - input: operation indices (n_nodes,) int64
        - output: (n_nodes, width)
    """

    def __init__(self, n_ops: int, width: int, bias: bool = True) -> None:
        super().__init__()
        self.linear = nn.Linear(n_ops, width, bias)
        self.columns: NumberColumns | None = None

    def read_numbers(self, columns: NumberColumns) -> None:
        """Read numbers of nodes as well from now on."""
        self.columns = columns
        self.numbers = nn.Linear(columns.width, self.linear.out_features, bias=False)

    def kinds(self, batch: GraphBatch) -> tuple[Tensor, Tensor]:
        """(n_kinds, width) and (n_nodes,): the output of each kind of node, and each node's kind.

        A kind is an operation; where nodes carry numbers, an operation and a value of each.
        """
        if self.columns is None:
            return self.rows(batch.masked), batch.ops
        numbers = self.columns(batch)  # (n_nodes, n_columns)
        node, kind = equal_rows(batch.ops, numbers)
        rows = self.rows(masked=True).index_select(0, batch.ops.index_select(0, node))
        return rows + self.numbers(numbers.index_select(0, node)), kind

    def nodes(self, batch: GraphBatch, order: Tensor | None = None) -> Tensor:
        """(n_nodes, width): the output for each node, or for the nodes `order` (n_nodes,)."""
        ops = batch.ops if order is None else batch.ops.index_select(0, order)
        output: Tensor = self(ops)
        if self.columns is None:
            return output
        numbers = self.columns(batch)
        added: Tensor = self.numbers(numbers if order is None else numbers.index_select(0, order))
        return output + added

    def rows(self, masked: bool = False) -> Tensor:
        """(n_ops, width): the output for each operation; `masked` adds a row for a hidden one."""
        rows, bias = self.linear.weight.t(), self.linear.bias
        if masked:
            rows = torch.cat([rows, rows.new_zeros(1, rows.shape[1])])
        return rows if bias is None else rows + bias

    def forward(self, ops: Tensor) -> Tensor:
        """(n_nodes, width) for operation indices `ops` (n_nodes,), n_ops for a hidden one."""
        return self.rows(masked=True).index_select(0, ops)


class FastDropout(nn.Module):
    """Dropout that draws one random byte an element, eight from each 64-bit draw.

    torch's CPU dropout draws 32 bits an element, one after the other. The probability is rounded to
    a multiple of 1/256 (0.1 becomes 0.1016), and the scale is that of the rounded one.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.threshold = round(p * 256)

    def forward(self, x: Tensor) -> Tensor:
        """`x` with a share of it zeroed and the rest scaled up; outside of training as it is."""
        factors = self.factors(x.shape, x) if self.training else None
        return x if factors is None else x * factors

    def factors(self, shape: Sequence[int], like: Tensor) -> Tensor | None:
        """New factors of a shape: 0 for what is dropped, the scale for the rest.

        None where nothing is ever dropped. Of the dtype and on the device of `like`.
        """
        if not self.threshold:
            return None
        n = math.prod(shape)
        draws = torch.empty((n + 7) // 8, dtype=torch.int64, device=like.device)
        draws.random_(-(2**63), None, generator=own_generator())  # all 64 bits
        kept = draws.view(torch.uint8)[:n].view(*shape) >= self.threshold
        return kept * torch.tensor(256 / (256 - self.threshold), dtype=like.dtype)


class NodeNorm(nn.BatchNorm1d):
    """Batch normalisation over the nodes of a batch; of one node alone by the statistics so far.

    Shapes:
        - input: (n_nodes, H)
        - output: (n_nodes, H)
    """

    def forward(self, x: Tensor) -> Tensor:
        """(n_nodes, H): columns of mean 0 and variance 1, then scaled and shifted as learned."""
        if self.training and len(x) == 1:
            return batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        return super().forward(x)
