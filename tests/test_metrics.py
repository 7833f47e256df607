from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from oracles import tau_b

from nasflow.errors import DataError
from nasflow.metrics import kendall_tau, precision_at, rmse, spearman

small = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=12)


@given(small)
def test_tau_is_tau_b_pair_by_pair_and_zero_for_a_constant(rows: list[tuple[int, int]]) -> None:
    x, y = np.array(rows, float).T
    expected = 0.0 if np.ptp(x) == 0 or np.ptp(y) == 0 else tau_b(x, y)
    assert kendall_tau(x, y) == pytest.approx(expected)


@given(small)
def test_spearman_is_pearson_of_the_mean_ranks(rows: list[tuple[int, int]]) -> None:
    x, y = np.array(rows, float).T
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert spearman(x, y) == 0
    else:
        ranks = scipy.stats.rankdata(x), scipy.stats.rankdata(y)
        assert spearman(x, y) == pytest.approx(np.corrcoef(*ranks)[0, 1])


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=4, max_size=4))
def test_precision_averages_over_the_orders_of_the_tied(rows: list[tuple[int, int]]) -> None:
    predicted, true = np.array(rows, float).T

    def tops(values: np.ndarray, k: int) -> list[set[int]]:
        return [set(order[:k]) for order in itertools.permutations(range(4))
                if all(values[a] >= values[b] for a, b in itertools.pairwise(order))]

    k = 2
    expected = np.mean([len(p & t) / k for p in tops(predicted, k) for t in tops(true, k)])
    assert precision_at(predicted, true, 50) == pytest.approx(expected)


def test_the_top_is_never_empty_and_counts_whole_architectures() -> None:
    true = np.arange(250.0)
    predicted = true.copy()
    predicted[-1] = -1  # the best one is predicted last
    assert precision_at(predicted, true, 1) == pytest.approx(0.5)  # int(2.5) = 2
    assert precision_at(np.arange(3.0), np.arange(3.0), 1) == 1


def test_the_error_is_in_the_unit_of_the_label() -> None:
    assert rmse(np.array([1.0, 2.0]), np.array([4.0, 6.0])) == pytest.approx(np.sqrt(12.5))


@pytest.mark.parametrize("metric", [kendall_tau, spearman, rmse])
def test_what_is_not_finite_or_not_paired_is_refused(metric: object) -> None:
    with pytest.raises(DataError, match="prediction of row 1 is nan"):
        metric(np.array([1.0, np.nan]), np.array([1.0, 2.0]))  # type: ignore[operator]
    with pytest.raises(DataError, match="2 predictions for 3 true values"):
        metric(np.zeros(2), np.zeros(3))  # type: ignore[operator]
