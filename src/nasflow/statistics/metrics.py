"""How good predictions are: rank correlations, precision at the top, error.

All take NumPy arrays of one length, more is better; for a metric where less is better pass both
negated.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import scipy.stats

from nasflow.errors import DataError

FloatArray = npt.NDArray[np.floating]


def kendall_tau(predicted: FloatArray, true: FloatArray) -> float:
    """Kendall's tau-b, the share of concordant minus discordant pairs, corrected for ties; in [-1,
    1].

    0 where either side is constant: such a prediction ranks nothing.

    Example:
        >>> round(kendall_tau(np.array([1, 1, 2, 3]), np.array([1, 2, 2, 3])), 3)
        0.8
    """
    _check(predicted, true)
    tau = scipy.stats.kendalltau(predicted, true).statistic
    return float(np.nan_to_num(tau))


def kendall_tau_of_first(predicted: FloatArray, true: FloatArray, n: int) -> float:
    """Kendall's tau-b over the pairs that hold at least one of the first `n`; pairs of two others
    do not count.

    0 where no such pair is told apart on either side. Equal to `kendall_tau` for n = all. Takes O(n
    x length).

    Example:
        >>> kendall_tau_of_first(np.array([1.0, 3.0, 2.0]), np.array([1.0, 2.0, 3.0]), 1)
        1.0
    """
    _check(predicted, true)
    concordance = n_predicted = n_true = 0.0
    for i in range(n):
        one, other = np.sign(predicted[i] - predicted[i + 1 :]), np.sign(true[i] - true[i + 1 :])
        concordance += one @ other
        n_predicted += np.count_nonzero(one)
        n_true += np.count_nonzero(other)
    untied = math.sqrt(n_predicted * n_true)
    return float(concordance / untied) if untied else 0.0


def spearman(predicted: FloatArray, true: FloatArray) -> float:
    """Spearman's rank correlation, ties given their mean rank; 0 where either side is constant."""
    _check(predicted, true)
    if np.ptp(predicted) == 0 or np.ptp(true) == 0:
        return 0.0
    return float(scipy.stats.spearmanr(predicted, true).statistic)


def precision_at(predicted: FloatArray, true: FloatArray, percent: float) -> float:
    """Share of the truly best `percent` % that are among the predicted best `percent` %; in [0, 1].

    k = int(percent % of n), at least 1. Where ties straddle place k, the mean over all orders of
    the tied.
    """
    _check(predicted, true)
    k = max(1, int(len(true) * percent / 100))
    return float((_in_top(predicted, k) * _in_top(true, k)).sum() / k)


def rmse(predicted: FloatArray, true: FloatArray) -> float:
    """Root of the mean squared error, in the label's unit."""
    _check(predicted, true)
    return float(np.sqrt(np.mean((predicted - true) ** 2)))


def _in_top(values: FloatArray, k: int) -> FloatArray:
    """(n,): the probability that each item is among the k largest when ties are broken at
    random.
    """
    threshold = np.partition(values, -k)[-k]
    above, tied = values > threshold, values == threshold
    probability: FloatArray = above + tied * ((k - above.sum()) / tied.sum())
    return probability


def _check(predicted: FloatArray, true: FloatArray) -> None:
    if len(predicted) != len(true) or not len(true):
        raise DataError(
            f"{len(predicted)} predictions for {len(true)} true values; both need the same length, "
            "at least 1"
        )
    for name, values in (("prediction", predicted), ("true value", true)):
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            raise DataError(
                f"{name} of row {int(bad[0])} is {values[bad[0]]}; it needs a finite number"
            )
