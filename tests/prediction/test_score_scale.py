"""Scores of labels: there and back, in any unit, and a curve only where its tails are light."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from nasflow.prediction.score_scale import PowerScale, likeliest_power

COSTS = np.exp(np.random.default_rng(0).uniform(0, 3, 60))  # a decade and more, evenly


@given(
    st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 2)), min_size=3, max_size=20, unique=True),
    st.floats(0, 2),
    st.sampled_from([1.0, 1e-200, 1e300]),
)
def test_a_curve_leads_back_to_the_labels(values: list[float], power: float, unit: float) -> None:
    labels = np.array(values) * unit
    scale = PowerScale(labels, power)
    assert scale.scores.mean() == pytest.approx(0, abs=1e-6)
    assert scale.scores.std() == pytest.approx(1)
    np.testing.assert_allclose(scale.labels(scale.scores), labels, rtol=1e-6, atol=1e-6 * unit)
    order = np.argsort(labels)
    assert (np.diff(scale.scores[order]) > 0).all()


def test_beyond_the_labels_a_curve_goes_on_and_ends_at_infinity() -> None:
    scale = PowerScale(COSTS, 0.2)
    far = scale.labels(np.array([-np.inf, -1e3, -9.0, 9.0, 1e3, 1e300, np.inf]))
    assert (np.diff(far[:-2]) > 0).all()
    assert np.isfinite(far[1:-1]).all()
    assert (far[0], far[-1]) == (-np.inf, np.inf)


def test_the_power_is_that_of_scipy() -> None:
    power = likeliest_power(COSTS)
    straight = (COSTS - COSTS.mean()) / COSTS.std()
    assert power == pytest.approx(scipy.stats.yeojohnson(straight)[1], abs=0.01)
    np.testing.assert_allclose(
        PowerScale(COSTS, 0.3).scores,
        scipy.stats.zscore(scipy.stats.yeojohnson(straight, 0.3)),
        atol=1e-9,
    )
    # in another unit, or turned round, it is the same curve
    assert likeliest_power(1e250 * COSTS) == pytest.approx(power, abs=1e-6)
    assert likeliest_power(-COSTS) == pytest.approx(2 - power, abs=1e-3)


def test_labels_with_heavy_tails_or_none_have_no_curve() -> None:
    heavy = np.random.default_rng(1).standard_t(1, 60)
    assert likeliest_power(heavy) is None
    assert likeliest_power(np.full(5, 3.0)) is None
    # one that failed among many alike
    assert likeliest_power(np.append(np.linspace(90, 91, 30), 10.0)) is None
