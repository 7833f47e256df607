"""Margin ranking losses: means over pairs, so that their weight does not grow with the batch.

    loss = mean over pairs with y_i > y_j of max(0, margin - (s_i - s_j))

A pair needs two finite, different values; without any pair the loss is 0 (and has a gradient of 0).
"""

from __future__ import annotations

import torch
from torch import Tensor


def ranking_loss(scores: Tensor, values: Tensor, margin: float) -> Tensor:
    """The loss over all pairs of a batch: scores (B,), values (B,)."""
    i, j = torch.triu_indices(len(scores), len(scores), offset=1, device=scores.device)
    return _over_pairs(scores, values, i, j, margin)


def sampled_ranking_loss(
    scores: Tensor, values: Tensor, margin: float, pairs_per_graph: int
) -> Tensor:
    """The loss over `pairs_per_graph` * B random pairs of a batch, drawn with replacement.

    Pairs that tie or lack a value are left out, so fewer than that many count.
    """
    labelled = torch.isfinite(values).nonzero().squeeze(1)
    if len(labelled) < 2:
        return 0.0 * scores.sum()  # 0 with a gradient of 0: the step stays a step
    draws = torch.randint(len(labelled), (2, pairs_per_graph * len(scores)), device=scores.device)
    i, j = labelled.index_select(0, draws[0]), labelled.index_select(0, draws[1])
    return _over_pairs(scores, values, i, j, margin)


def _over_pairs(scores: Tensor, values: Tensor, i: Tensor, j: Tensor, margin: float) -> Tensor:
    # all (n_pairs,)
    a, b = values.index_select(0, i), values.index_select(0, j)
    counts = torch.isfinite(a) & torch.isfinite(b) & (a != b)
    sign = torch.where(a > b, 1.0, -1.0).to(scores.dtype)
    difference = scores.index_select(0, i) - scores.index_select(0, j)
    hinge = torch.relu(margin - sign * difference) * counts
    return hinge.sum() / counts.sum().clamp(min=1)
