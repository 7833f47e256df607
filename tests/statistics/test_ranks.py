from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from nasflow.statistics.ranks import dense_ranks, mean_ranks, normal_scores, ranks_among

SOME = np.random.default_rng(0).integers(0, 30, 50).astype(float)


def test_ranks_and_scores_are_those_of_scipy_to_the_bit() -> None:
    assert mean_ranks(SOME).tolist() == scipy.stats.rankdata(SOME).tolist()
    expected = scipy.stats.norm.ppf((scipy.stats.rankdata(SOME) - 0.5) / len(SOME))
    assert normal_scores(SOME).tolist() == expected.tolist()


def test_scores_of_any_scale_are_finite() -> None:
    wide = np.array([1e300, -1e308, 0.0, 1e308])
    assert normal_scores(wide).tolist() == normal_scores(np.array([2.0, 0.0, 1.0, 3.0])).tolist()


def test_ranks_among_a_reference_count_values_one_by_one() -> None:
    reference = np.array([2.0, np.nan, 5.0, 2.0, np.inf])
    for value in (1.0, 2.0, 3.0, 5.0, 6.0):
        known = [r for r in reference if np.isfinite(r)]
        slow = np.mean([1.0 if r < value else 0.5 if r == value else 0.0 for r in known])
        assert ranks_among([value], reference)[0] == pytest.approx(slow)
    assert ranks_among([1.0, 2.0], [np.nan]).tolist() == [0.5, 0.5]
    assert ranks_among([np.inf], reference).tolist() == [0.5]


def test_dense_ranks_leave_gaps_where_there_is_no_value() -> None:
    ranks = dense_ranks(np.array([3.0, np.nan, 1e61, -1.0, 3.0]))
    assert ranks[[0, 2, 3, 4]].tolist() == [0.5, 1.0, 0.0, 0.5]
    assert np.isnan(ranks[1])
    assert np.isnan(dense_ranks(np.array([np.nan, np.inf]))).all()
