"""How good predictions are: rank correlations, precision at the top, error.

All take NumPy arrays of one length, more is better; for a metric where less is better pass both
negated. `scipy.stats` takes over a second to import, so the functions that need it import it.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from nasflow.errors import DataError

FloatArray = npt.NDArray[np.floating]


def kendall_tau(predicted: FloatArray, true: FloatArray) -> float:
    """Kendall's tau-b in [-1, 1]: concordant minus discordant pairs, corrected for ties.

    0 where either side is constant: such a prediction ranks nothing.

    Raises:
        DataError: fewer than two rows, another number on either side, values that are not finite.

    Example:
        >>> round(kendall_tau(np.array([1, 1, 2, 3]), np.array([1, 2, 2, 3])), 3)
        0.8
    """
    import scipy.stats

    _check(predicted, true, at_least=2)
    tau = scipy.stats.kendalltau(predicted, true).statistic
    return float(np.nan_to_num(tau))


def kendall_tau_of_first(predicted: FloatArray, true: FloatArray, n: int) -> float:
    """Kendall's tau-b over the pairs that hold at least one of the first `n`.

    0 where no such pair is told apart on either side. Equal to `kendall_tau` for n = all. Takes
    O(n x length).

    Example:
        >>> kendall_tau_of_first(np.array([1.0, 3.0, 2.0]), np.array([1.0, 2.0, 3.0]), 1)
        1.0
    """
    _check(predicted, true)
    concordance = n_predicted = n_true = 0.0
    for i in range(n):
        # against the later items alone, so that no pair counts twice
        order_predicted = np.sign(predicted[i] - predicted[i + 1 :])
        order_true = np.sign(true[i] - true[i + 1 :])
        concordance += order_predicted @ order_true
        # a tie is 0: it adds nothing to the concordance, and shortens its side's norm
        n_predicted += np.count_nonzero(order_predicted)
        n_true += np.count_nonzero(order_true)
    untied = math.sqrt(n_predicted * n_true)
    return float(concordance / untied) if untied else 0.0


def spearman(predicted: FloatArray, true: FloatArray) -> float:
    """Spearman's rank correlation, ties given their mean rank; 0 where either side is constant."""
    import scipy.stats

    _check(predicted, true, at_least=2)
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
    """(n,): each item's probability to be among the k largest, ties broken at random."""
    threshold = np.partition(values, -k)[-k]
    above, tied = values > threshold, values == threshold
    # the places that are left are shared out evenly among those that tie for them
    probability: FloatArray = above + tied * ((k - above.sum()) / tied.sum())
    return probability


def _check(predicted: FloatArray, true: FloatArray, at_least: int = 1) -> None:
    if len(predicted) != len(true) or len(true) < at_least:
        raise DataError(
            f"{len(predicted)} predictions for {len(true)} true values; both need the same length, "
            f"at least {at_least}{': one value has no order' if at_least > 1 else ''}"
        )
    for name, values in (("prediction", predicted), ("true value", true)):
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            raise DataError(
                f"{name} of row {int(bad[0])} is {values[bad[0]]}; it needs a finite number"
            )


def crps(quantiles: FloatArray, levels: FloatArray, true: FloatArray) -> float:
    """The mean continuous ranked probability score, in the unit of `true`; less is better.

    Twice the mean pinball loss over the levels (Gneiting and Ranjan, Journal of Business & Economic
    Statistics 29, 2011, equation 12). Of a prediction that is sure it is the absolute error.

    Args:
        quantiles: (n_levels, N) values that the share `levels` lies below.
        levels: (n_levels,) in (0, 1), evenly spread.
        true: (N,).

    Example:
        >>> crps(np.array([[1.0], [1.0], [1.0]]), np.array([0.25, 0.5, 0.75]), np.array([3.0]))
        2.0
    """
    below = true - quantiles  # (n_levels, N)
    share = levels[:, None]
    return float(2 * np.maximum(share * below, (share - 1) * below).mean())
