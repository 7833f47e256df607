"""Ranks of values, and the normal scores that belong to them. Arrays in, arrays out.

Ranks where only an order is known to mean something: accuracies have a long lower tail, proxies
reach 1e61.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.special

FloatArray = npt.NDArray[np.float64]


def mean_ranks(values: npt.ArrayLike) -> FloatArray:
    """(n,) float64: ranks from 1 to n, the mean of their places for ties; values must be finite.

    Example:
        >>> mean_ranks([3.0, 1.0, 3.0]).tolist()
        [2.5, 1.0, 2.5]
    """
    _, place, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean_of_places: FloatArray = last - (counts - 1) / 2
    return mean_of_places[place]


def normal_scores(values: npt.ArrayLike) -> FloatArray:
    """(n,) float64: the standard normal quantiles of the ranks, (rank - 1/2) / n; ties equal.

    Example:
        >>> normal_scores([10.0, 1e300, -5.0]).round(3).tolist()
        [0.0, 0.967, -0.967]
    """
    ranks = mean_ranks(values)
    scores: FloatArray = scipy.special.ndtri((ranks - 0.5) / len(ranks))
    return scores


def ranks_among(values: npt.ArrayLike, reference: npt.ArrayLike) -> FloatArray:
    """(n,) float64: the share of the finite reference values that are smaller, ties counted half.

    1/2, the middle, for a value that is not finite, and for all where the reference has no finite
    value: it speaks neither for nor against.

    Example:
        >>> ranks_among([0.0, 2.0, float("nan"), 9.0], [1.0, 2.0, 2.0, 5.0]).tolist()
        [0.0, 0.5, 0.5, 1.0]
    """
    return ranks_among_sorted(values, sorted_finite(reference))


def sorted_finite(reference: npt.ArrayLike) -> FloatArray:
    """(n,) float64: the finite values, in ascending order."""
    reference = np.asarray(reference, np.float64)
    known: FloatArray = reference[np.isfinite(reference)]
    # in place, since a reference may be most of what is in memory
    known.sort()
    return known


def ranks_among_sorted(values: npt.ArrayLike, known: FloatArray) -> FloatArray:
    """(n,) float64: `ranks_among`, for a reference that `sorted_finite` gave."""
    values = np.asarray(values, np.float64)
    if not len(known):
        return np.full(len(values), 0.5)
    below = np.searchsorted(known, values, side="left")
    up_to = np.searchsorted(known, values, side="right")
    shares: FloatArray = (below + up_to) / (2 * len(known))
    return np.where(np.isfinite(values), shares, 0.5)


def dense_ranks(values: FloatArray) -> npt.NDArray[np.float32]:
    """(n,) float32: ranks from 0 to 1 of the finite values, ties equal; NaN where there is none.

    Example:
        >>> dense_ranks(np.array([1e61, 2.0, np.nan, 2.0])).tolist()
        [1.0, 0.0, nan, 0.0]
    """
    finite = np.isfinite(values)
    _, place = np.unique(values[finite], return_inverse=True)
    result = np.full(len(values), np.nan, np.float32)
    result[finite] = place / max(1, place.max(initial=0))
    return result
