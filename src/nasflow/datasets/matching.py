"""Joining columns of two tables by the ids of their rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.datasets.base import FloatArray

NOT_THERE = -1


def matching_rows(ids: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """(n_wanted,) int64: for each wanted id its row among `ids`, `NOT_THERE` where it has none.

    Args:
        ids: (n_rows,) sorted, all different.
        wanted: (n_wanted,) in any order; they may repeat.

    Example:
        >>> matching_rows(np.array([3, 5, 8]), np.array([8, 4, 3])).tolist()
        [2, -1, 0]
    """
    if not len(ids):
        return np.full(len(wanted), NOT_THERE)
    # an id beyond the last would be one row too far; it is compared with the last, and differs
    rows = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return np.where(ids[rows] == wanted, rows, NOT_THERE)


def picked(values: FloatArray, rows: npt.NDArray[np.int64]) -> FloatArray:
    """(n_wanted,) float64: the values of these rows, NaN where a row is `NOT_THERE`."""
    chosen = np.full(len(rows), np.nan)
    is_there = rows != NOT_THERE
    chosen[is_there] = values[rows[is_there]]
    return chosen
