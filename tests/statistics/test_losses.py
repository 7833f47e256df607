"""The ranking losses, against a loop over pairs."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nasflow.statistics.losses import ranking_loss, sampled_ranking_loss
from oracles import ranking_loss as by_pairs

scores = st.floats(-3, 3, width=32)
values = st.one_of(
    st.sampled_from([0.0, 1.0, 2.0, math.nan, math.inf, -math.inf]), st.floats(-5, 5)
)


@given(
    st.lists(st.tuples(scores, values), min_size=1, max_size=12), st.sampled_from([0.0, 0.1, 0.5])
)
def test_the_loss_is_the_mean_over_all_pairs(
    rows: list[tuple[float, float]], margin: float
) -> None:
    s, y = [row[0] for row in rows], [row[1] for row in rows]
    seen = ranking_loss(torch.tensor(s).double(), torch.tensor(y, dtype=torch.float64), margin)
    assert float(seen) == pytest.approx(by_pairs(s, y, margin), abs=1e-9)


def test_a_loss_by_hand() -> None:
    # pairs (better, worse): (1, 0) hinge 0.5 - 0.2 = 0.3; (2, 0) 0.5 + 1 = 1.5; (2, 1) 0.5 + 1.2 =
    # 1.7
    loss = ranking_loss(torch.tensor([0.0, 0.2, -1.0]), torch.tensor([1.0, 2.0, 3.0]), 0.5)
    assert float(loss) == pytest.approx((0.3 + 1.5 + 1.7) / 3)


@pytest.mark.parametrize("y", [[1.0, 1.0, 1.0], [math.nan, 1.0, math.nan], [math.nan] * 3])
def test_without_a_pair_loss_and_gradient_are_0(y: list[float]) -> None:
    for loss_of in (
        lambda s, v: ranking_loss(s, v, 0.5),
        lambda s, v: sampled_ranking_loss(s, v, 0.5, 8),
    ):
        s = torch.tensor([0.1, 0.2, 0.3], requires_grad=True)
        loss = loss_of(s, torch.tensor(y))
        loss.backward()
        assert float(loss.detach()) == 0
        assert s.grad is not None
        assert torch.equal(s.grad, torch.zeros(3))


def test_the_gradient_lifts_the_better_of_a_wrong_pair() -> None:
    s = torch.tensor([1.0, 0.0, 5.0], requires_grad=True)
    ranking_loss(s, torch.tensor([0.0, 1.0, math.nan]), 0.1).backward()
    assert s.grad is not None
    assert s.grad.tolist() == [1.0, -1.0, 0.0]


def test_infinite_values_make_no_pair_in_the_sampled_loss() -> None:
    s = torch.tensor([0.0, 0.0, 9.0, -9.0], requires_grad=True)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        loss = sampled_ranking_loss(s, torch.tensor([0.0, 1.0, -math.inf, math.inf]), 0.5, 32)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(0.5)
    assert s.grad is not None
    assert s.grad[2:].tolist() == [0.0, 0.0]


def test_the_sampled_loss_estimates_the_whole_one() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        s, y = torch.randn(40), torch.randn(40)
        y[::7] = math.nan
        sampled = sampled_ranking_loss(s, y, 0.1, 5000)
    assert float(sampled) == pytest.approx(float(ranking_loss(s, y, 0.1)), rel=0.02)


def test_the_loss_does_not_grow_with_the_batch() -> None:
    s, y = torch.tensor([0.3, 0.1]), torch.tensor([0.0, 1.0])
    doubled = ranking_loss(s.repeat(50), y.repeat(50), 0.1)
    torch.testing.assert_close(doubled, ranking_loss(s, y, 0.1))
