"""Layers that several encoders are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class OneHotLinear(nn.Module):
    """A linear layer on one-hot operations: y[v] = W onehot(x_v) + b, without making the one-hot matrix.

    Weights are kept and initialised as in `nn.Linear(n_ops, width, bias)`.
    """

    def __init__(self, n_ops: int, width: int, bias: bool = True) -> None:
        super().__init__()
        self.linear = nn.Linear(n_ops, width, bias)

    def rows(self) -> Tensor:
        """(n_ops, width): the output for each operation."""
        rows = self.linear.weight.t()
        return rows if self.linear.bias is None else rows + self.linear.bias

    def forward(self, ops: Tensor) -> Tensor:
        """(n_nodes, width) for operation indices `ops` (n_nodes,)."""
        return self.rows().index_select(0, ops)


class FastDropout(nn.Module):
    """Dropout that draws one random byte an element, eight from each 64-bit draw.

    torch's CPU dropout draws 32 bits an element, one after the other. The probability is rounded to a multiple of
    1/256 (0.1 becomes 0.1016), and the scale is that of the rounded one.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.threshold = round(p * 256)

    def forward(self, x: Tensor) -> Tensor:
        """`x` with a share of its elements zeroed and the rest scaled up; unchanged outside training."""
        factors = self.factors(x.shape, x) if self.training else None
        return x if factors is None else x * factors

    def factors(self, shape: Sequence[int], like: Tensor) -> Tensor | None:
        """New draws: 0 for what is dropped, the scale for the rest, as wide as `like`; None where nothing is."""
        if not self.threshold:
            return None
        n = math.prod(shape)
        draws = torch.empty((n + 7) // 8, dtype=torch.int64, device=like.device)
        draws.random_(-(2**63), None)
        kept = draws.view(torch.uint8)[:n].view(*shape) >= self.threshold
        return kept * torch.tensor(256 / (256 - self.threshold), dtype=like.dtype)
