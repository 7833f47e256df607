"""Scores of labels: there and back, in any unit, and a curve only where its tails are light."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given
from hypothesis import strategies as st

from nasflow.prediction.score_scale import Curve, ScoreScale, likeliest_curve

COSTS = np.exp(np.random.default_rng(0).uniform(0, 3, 60))  # a decade and more, evenly
EVEN = np.random.default_rng(2).uniform(-1, 1, 60)


@given(
    st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 2)), min_size=3, max_size=20, unique=True),
    st.floats(0, 2),
    st.booleans(),
    st.sampled_from([1.0, 1e-200, 1e300]),
)
def test_a_curve_leads_back_to_the_labels(
    values: list[float], power: float, from_zero: bool, unit: float
) -> None:
    labels = np.array(values)
    if from_zero:
        labels = np.unique(np.abs(labels) + 0.01)
        assume(len(labels) > 1)
    labels = labels * unit
    scale = Curve(power, from_zero).scale(labels)
    assert scale.scores.mean() == pytest.approx(0, abs=1e-6)
    assert scale.scores.std() == pytest.approx(1)
    np.testing.assert_allclose(scale.labels(scale.scores), labels, rtol=1e-6, atol=1e-6 * unit)
    order = np.argsort(labels)
    assert (np.diff(scale.scores[order]) > 0).all()


@pytest.mark.parametrize("curve", [Curve(0.2), Curve(0.0, True), Curve(0.5, True)])
def test_beyond_the_labels_a_curve_goes_straight_on_and_ends_at_infinity(curve: Curve) -> None:
    scale = curve.scale(COSTS)
    far = scale.labels(np.array([-np.inf, -60, -9.0, 9.0, 1e3, 1e300, np.inf]))
    assert (np.diff(far[:-2]) > 0).all()
    assert np.isfinite(far[1:-1]).all()
    assert (far[0], far[-1]) == (-np.inf, np.inf)
    # without a kink where labels end, and no further than a straight line leads
    end, step = scale.scores.max(), 1e-4
    before, here, after, beyond = scale.labels(end + np.array([-step, 0, step, 2.0]))
    assert after - here == pytest.approx(here - before, rel=1e-2)
    assert beyond - here == pytest.approx((after - here) * 2 / step, rel=1e-3)
    if curve.from_zero:
        low = scale.labels(scale.scores.min() - np.array([0.5, 1, 1.5]))
        assert (low > 0).all()
        assert low[0] / low[1] == pytest.approx(low[1] / low[2])


def test_the_power_is_that_of_scipy() -> None:
    # of positive labels over a decade a quotient says more than a difference
    curve = likeliest_curve(COSTS)
    assert curve is not None
    assert curve.from_zero
    assert curve.power == pytest.approx(scipy.stats.boxcox(COSTS)[1], abs=0.01)
    np.testing.assert_allclose(
        Curve(0.3, True).scale(COSTS).scores,
        scipy.stats.zscore(scipy.stats.boxcox(COSTS, 0.3)),
        atol=1e-9,
    )
    around = likeliest_curve(-COSTS)
    straight = (-COSTS + COSTS.mean()) / COSTS.std()
    assert around is not None
    assert not around.from_zero
    assert around.power == pytest.approx(scipy.stats.yeojohnson(straight)[1], abs=0.01)
    np.testing.assert_allclose(
        Curve(0.3).scale(-COSTS).scores,
        scipy.stats.zscore(scipy.stats.yeojohnson(straight, 0.3)),
        atol=1e-9,
    )


def test_in_another_unit_it_is_the_same_curve() -> None:
    for labels in (COSTS, EVEN, 100 + EVEN):
        curve = likeliest_curve(labels)
        assert curve is not None
        for unit in (1e250, 1e-250):
            other = likeliest_curve(unit * labels)
            assert other is not None
            assert other.from_zero == curve.from_zero
            assert other.power == pytest.approx(curve.power, abs=1e-4)


def test_labels_with_heavy_tails_or_none_have_no_curve() -> None:
    heavy = np.random.default_rng(1).standard_t(1, 60)
    assert likeliest_curve(heavy) is None
    assert likeliest_curve(np.full(5, 3.0)) is None
    assert likeliest_curve(np.zeros(5)) is None
    # one that failed among many alike
    assert likeliest_curve(np.append(np.linspace(90, 91, 30), 10.0)) is None


@given(
    st.lists(st.floats(0.1, 1e3).map(lambda x: round(x, 2)), min_size=2, max_size=20, unique=True),
    st.sampled_from([None, Curve(0.0, True), Curve(0.5, True), Curve(0.3), Curve(1.7)]),
    st.sampled_from([1.0, 1e-200, 1e200]),
)
def test_scores_of_labels_lead_back_beyond_the_labels_too(
    values: list[float], curve: Curve | None, unit: float
) -> None:
    labels = np.array(values) * unit
    scale = ScoreScale(labels) if curve is None else curve.scale(labels)
    np.testing.assert_allclose(scale.scores_of(labels), scale.scores, atol=1e-6)
    beyond = np.array([labels.min() / 3, labels.max() * 3, labels.mean()])
    np.testing.assert_allclose(scale.labels(scale.scores_of(beyond)), beyond, rtol=1e-6)
