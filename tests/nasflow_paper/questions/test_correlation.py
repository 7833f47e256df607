"""Correlations with the label, against SciPy, and what gains go with."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from nasflow_paper.questions import correlation
from nasflow_paper.questions.agreement import agreement


def test_correlations_lie_in_intervals_that_shrink_with_data() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=2000)
    y = x + rng.normal(size=2000)
    many, few = correlation.correlations(x, y, 100), correlation.correlations(x[:100], y[:100], 100)
    expected = {
        "Pearson": scipy.stats.pearsonr,
        "Spearman": scipy.stats.spearmanr,
        "Kendall": scipy.stats.kendalltau,
    }
    for name, function in expected.items():
        assert many[name].value == pytest.approx(function(x, y).statistic)
        assert many[name].low < many[name].value < many[name].high
        assert many[name].high - many[name].low < few[name].high - few[name].low
    # the 95 % interval of Pearson's r, by Fisher's z
    low, high = scipy.stats.pearsonr(x, y).confidence_interval()
    assert (many["Pearson"].low, many["Pearson"].high) == pytest.approx((low, high), abs=0.008)


def test_constant_components_are_left_out() -> None:
    raw = np.array([[1.0, 0.0, 2.0], [1.0, 3.0, 4.0]])
    found = correlation.norm_and_components(raw)
    assert list(found) == ["norm", "2", "3"]
    np.testing.assert_allclose(found["norm"], [5**0.5, 26**0.5])


def test_agreement_is_clear_for_equal_orders_and_absent_for_none() -> None:
    values, rng = np.arange(10.0), np.random.default_rng(3)
    equal = agreement(values, 2 * values)
    assert (equal.n, equal.spearman) == (10, pytest.approx(1))
    assert (equal.upper, equal.lower) == (14, 4)
    assert max(equal.p, equal.p_halves) < 0.02
    assert agreement(values, rng.normal(size=10)).p > 0.05
