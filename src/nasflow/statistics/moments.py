"""`Moments`: mean and variance of columns that come in parts. Arrays in, arrays out.

Parts are merged as Chan, Golub and LeVeque have it ("Updating formulae and a pairwise algorithm for
computing sample variances", 1979): in their order, so that who computed a part does not matter. The
result is that of the whole column to the rounding of float64, and not to the bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Moments:
    """Of d columns, without what is missing.

    Example:
        >>> parts = [Moments.of(np.array([[1.0], [2.0]])), Moments.of(np.array([[6.0]]))]
        >>> whole = parts[0].with_others(parts[1])
        >>> whole.mean.tolist(), whole.deviation.round(3).tolist()
        ([3.0], [2.16])
    """

    n: FloatArray
    """(d,): how many numbers."""
    mean: FloatArray
    """(d,): 0 where there are none."""
    squares: FloatArray
    """(d,): the sum of squared distances from the mean."""
    largest: FloatArray
    """(d,): the largest size; 0 where there are none."""

    @classmethod
    def of(cls, values: npt.NDArray[np.floating[Any]]) -> Self:
        """Of the columns of (n, d); NaN is missing."""
        wide = values.astype(np.float64)
        there = ~np.isnan(wide)
        n = there.sum(axis=0).astype(np.float64)
        filled = np.where(there, wide, 0.0)
        mean = filled.sum(axis=0) / np.maximum(n, 1)
        away = np.where(there, wide - mean, 0.0)
        return cls(n, mean, np.square(away).sum(axis=0), np.abs(filled).max(axis=0, initial=0.0))

    @classmethod
    def nothing(cls, n_columns: int) -> Self:
        """Of no numbers."""
        return cls.of(np.zeros((0, n_columns)))

    def with_others(self, others: Self) -> Self:
        """Of these numbers and others."""
        n = self.n + others.n
        share = others.n / np.maximum(n, 1)
        apart = others.mean - self.mean
        squares = self.squares + others.squares + np.square(apart) * self.n * share
        largest = np.maximum(self.largest, others.largest)
        return type(self)(n, self.mean + apart * share, squares, largest)

    def at(self, columns: Sequence[int]) -> Self:
        """Of other columns, each named by its place among these, -1 for one of no numbers."""
        # behind the last one stands one of no numbers: what -1 takes
        arrays = [np.append(array, 0.0)[list(columns)] for array in vars(self).values()]
        return type(self)(*arrays)

    @property
    def deviation(self) -> FloatArray:
        """(d,): the standard deviation, over n."""
        deviation: FloatArray = np.sqrt(self.squares / np.maximum(self.n, 1))
        return deviation

    def standardised(self, values: npt.NDArray[np.floating[Any]]) -> FloatArray:
        """(n, d): values in deviations from the mean; 0 in a column that varies by rounding."""
        constant = self.deviation <= 1e-6 * self.largest
        spread = np.where(constant, 1.0, self.deviation)
        standard: FloatArray = np.where(constant, 0.0, (values - self.mean) / spread)
        return standard

    def state(self) -> dict[str, list[float]]:
        """What `from_state` reads, as JSON; every digit of the numbers."""
        return {name: array.tolist() for name, array in vars(self).items()}

    @classmethod
    def from_state(cls, state: Mapping[str, Sequence[float]]) -> Self:
        """What `state` wrote."""
        return cls(**{name: np.array(values, np.float64) for name, values in state.items()})
