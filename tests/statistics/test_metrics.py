"""The metrics, against SciPy and against counting over every order of tied items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

import oracles
from nasflow.errors import DataError
from nasflow.statistics.metrics import (
    kendall_tau,
    kendall_tau_of_first,
    precision_at,
    rmse,
    spearman,
)

few = st.integers(0, 3).map(float)
pairs_of_lists = st.lists(st.tuples(few, few), min_size=2, max_size=6)
METRICS: list[Callable[..., float]] = [
    kendall_tau,
    spearman,
    rmse,
    lambda p, t: precision_at(p, t, 5),
]


def _columns(rows: list[tuple[float, float]]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows])


def _tau_b(
    predicted: np.ndarray[Any, Any], true: np.ndarray[Any, Any], n: int | None = None
) -> float:
    """Kendall's tau-b by its definition, pair by pair; of pairs with one of the first n."""
    i, j = np.triu_indices(len(true), 1)
    i, j = (i, j) if n is None else (i[i < n], j[i < n])
    p, t = np.sign(predicted[i] - predicted[j]), np.sign(true[i] - true[j])
    untied = np.sqrt(float((p != 0).sum()) * float((t != 0).sum()))
    return float((p * t).sum() / untied) if untied else 0.0


@given(pairs_of_lists)
def test_tau_is_tau_b_of_the_definition(rows: list[tuple[float, float]]) -> None:
    predicted, true = _columns(rows)
    assert kendall_tau(predicted, true) == pytest.approx(_tau_b(predicted, true), abs=1e-12)


@given(pairs_of_lists, st.integers(0, 6))
def test_tau_of_the_first_is_tau_b_over_the_pairs_that_hold_one_of_them(
    rows: list[tuple[float, float]], n: int
) -> None:
    predicted, true = _columns(rows)
    assert kendall_tau_of_first(predicted, true, min(n, len(rows))) == pytest.approx(
        _tau_b(predicted, true, n), abs=1e-12
    )
    assert kendall_tau_of_first(predicted, true, len(rows)) == pytest.approx(
        kendall_tau(predicted, true), abs=1e-12
    )


@given(pairs_of_lists)
def test_spearman_is_the_correlation_of_mean_ranks(rows: list[tuple[float, float]]) -> None:
    predicted, true = _columns(rows)
    if np.ptp(predicted) and np.ptp(true):
        ranks = scipy.stats.rankdata(predicted), scipy.stats.rankdata(true)
        assert spearman(predicted, true) == pytest.approx(float(np.corrcoef(*ranks)[0, 1]))
    else:
        assert spearman(predicted, true) == 0


def test_both_equal_scipy_on_many_values() -> None:
    rng = np.random.default_rng(0)
    predicted, true = rng.normal(size=500), rng.integers(0, 50, 500).astype(float)
    assert kendall_tau(predicted, true) == pytest.approx(
        scipy.stats.kendalltau(predicted, true).statistic
    )
    assert spearman(predicted, true) == pytest.approx(
        scipy.stats.spearmanr(predicted, true).statistic
    )


@given(pairs_of_lists, st.integers(1, 6))
def test_precision_with_ties_is_the_mean_over_all_orders(
    rows: list[tuple[float, float]], k: int
) -> None:
    predicted, true = _columns(rows)
    k = min(k, len(rows))
    percent = 100 * (k + 0.5) / len(rows)
    if percent <= 100:
        expected = oracles.precision_at(predicted.tolist(), true.tolist(), k)
        assert precision_at(predicted, true, percent) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("n", "percent", "k"), [(7250, 1, 72), (7772, 5, 388), (199, 1, 1), (50, 1, 1)]
)
def test_precision_takes_the_whole_part_of_the_percentage_but_one_at_least(
    n: int, percent: float, k: int
) -> None:
    true = np.arange(float(n))
    predicted = true.copy()
    predicted[-1] = -1.0  # the very best is predicted worst, all others move up
    assert precision_at(predicted, true, percent) == pytest.approx((k - 1) / k)


def test_perfect_reversed_and_constant_predictions() -> None:
    true = np.arange(200.0)
    for metric in (kendall_tau, spearman):
        assert metric(true, true) == pytest.approx(1)
        assert metric(-true, true) == pytest.approx(-1)
        assert metric(np.zeros(200), true) == 0
        assert metric(true, np.zeros(200)) == 0
    assert precision_at(true, true, 5) == 1
    assert precision_at(-true, true, 5) == 0
    assert precision_at(np.zeros(200), true, 5) == pytest.approx(0.05)  # what guessing gets


def test_rmse_is_in_the_unit_of_the_label() -> None:
    assert rmse(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 7.0])) == pytest.approx(
        np.sqrt(16 / 3)
    )


@pytest.mark.parametrize("metric", METRICS)
def test_values_that_are_not_finite_are_refused_by_row(metric: Callable[..., float]) -> None:
    good = np.arange(5.0)
    for bad in (np.nan, np.inf):
        broken = good.copy()
        broken[3] = bad
        with pytest.raises(DataError, match="prediction of row 3 is"):
            metric(broken, good)
        with pytest.raises(DataError, match="true value of row 3 is"):
            metric(good, broken)


@pytest.mark.parametrize("metric", METRICS)
def test_lengths_that_differ_and_no_rows_are_refused(metric: Callable[..., float]) -> None:
    with pytest.raises(DataError, match="3 predictions for 2 true values"):
        metric(np.zeros(3), np.zeros(2))
    with pytest.raises(DataError, match="at least"):
        metric(np.zeros(0), np.zeros(0))
