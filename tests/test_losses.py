from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nasflow.losses import ranking_loss, sampled_ranking_loss

numbers = st.sampled_from([0.0, 1.0, 2.0, 3.0, math.nan, math.inf])


@given(st.lists(st.tuples(st.floats(-2, 2), numbers), min_size=1, max_size=9), st.sampled_from([0.0, 0.1, 0.5]))
def test_the_loss_is_the_mean_over_pairs_with_different_finite_values(
        rows: list[tuple[float, float]], margin: float) -> None:
    scores, values = (torch.tensor(column, dtype=torch.float64) for column in zip(*rows, strict=True))
    terms = [max(0.0, margin - (a - b)) for a, ya in rows for b, yb in rows
             if math.isfinite(ya) and math.isfinite(yb) and ya > yb]
    expected = np.mean(terms) if terms else 0.0
    assert float(ranking_loss(scores, values, margin)) == pytest.approx(expected, abs=1e-9)


def test_sampled_pairs_approach_the_mean_over_all_pairs() -> None:
    torch.manual_seed(0)
    scores, values = torch.randn(30), torch.arange(30.0)
    values[:5] = math.nan
    all_pairs = float(ranking_loss(scores, values, 0.3))
    sampled = float(sampled_ranking_loss(scores, values, 0.3, pairs_per_graph=5000))
    assert sampled == pytest.approx(all_pairs, rel=0.02)


def test_without_a_pair_the_loss_is_zero_with_a_zero_gradient() -> None:
    scores = torch.randn(4, requires_grad=True)
    for values in (torch.full((4,), math.nan), torch.ones(4), torch.tensor([1.0, math.nan, math.nan, math.nan])):
        for loss in (ranking_loss(scores, values, 0.1), sampled_ranking_loss(scores, values, 0.1, 8)):
            (gradient,) = torch.autograd.grad(loss, scores)
            assert loss.item() == 0
            assert (gradient == 0).all()
