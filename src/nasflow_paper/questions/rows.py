"""Which rows of a table a question looks at: all of them, or for a first look a random part."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]

ALL_ROWS = 10**9
"""More than any table has."""


def some_rows(rows: IntArray, n_rows: int) -> IntArray:
    """`n_rows` of `rows` (n,), drawn with a fixed seed, in order; all where there are fewer."""
    return np.sort(np.random.default_rng(0).permutation(rows)[:n_rows])


def labelled_rows(labels: npt.NDArray[np.float64], n_rows: int) -> IntArray:
    """`n_rows` of the rows whose label is finite, drawn with a fixed seed, in order."""
    return some_rows(np.flatnonzero(np.isfinite(labels)), n_rows)
