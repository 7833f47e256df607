"""`Label`: what a predictor predicts: its name, its unit, and which way is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# what a unit says of the values
_BOUNDS = {"%": (0.0, 100.0)}


@dataclass(frozen=True)
class Label:
    """What the numbers are that a predictor was fitted on.

    Example:
        >>> Label("latency", "ms", maximise=False).in_words
        'latency in ms, less is better'
    """

    name: str = "label"
    unit: str = ""
    """Where it is %, predictions stay between 0 and 100."""
    maximise: bool = True
    """Whether more is better."""

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The values that the unit allows; None where it allows any."""
        return _BOUNDS.get(self.unit)

    @property
    def in_words(self) -> str:
        """Name, unit and direction."""
        unit = f" in {self.unit}" if self.unit else ""
        return f"{self.name}{unit}, {'more' if self.maximise else 'less'} is better"

    def within_bounds(self, values: FloatArray, seen: Sequence[float] | None) -> FloatArray:
        """Predictions bent into the bounds of the unit, where labels kept to them (`bent_to`).

        Args:
            values: (N,) predictions.
            seen: the smallest and the largest label that was trained on.
        """
        if self.bounds is None or seen is None:
            return values
        low, high = self.bounds
        smallest, largest = seen
        if smallest < low or largest > high:
            return values  # the unit is not what it says
        return bent_to(values, self.bounds, (smallest, largest))

    def best_first(self, values: FloatArray) -> npt.NDArray[np.int64]:
        """(N,) int64: the rows from the best value on; of equal ones the earlier first."""
        return np.argsort(-values if self.maximise else values, kind="stable")


def bent_to(
    values: FloatArray, bounds: tuple[float, float], inside: tuple[float, float]
) -> FloatArray:
    """The values with those beyond `inside` bent towards the bounds, which they never reach.

    Increasing, so that every ranking stays; between the two numbers of `inside` nothing changes,
    and beyond them there is no kink: high - (high - a) exp(-(x - a) / (high - a)) above a.

    Args:
        values: (N,) predictions.
        bounds: what is legal.
        inside: the smallest and largest value that was seen, within the bounds.

    Example:
        >>> bent_to(np.array([50.0, 99.0, 103.0]), (0.0, 100.0), (10.0, 95.0)).round(2)
        array([50.  , 97.75, 98.99])
    """
    low, high = bounds
    smallest, largest = inside
    bent = values.copy()
    above = values > largest
    below = values < smallest
    # without room between what was seen and the bound there is nothing to tell them apart by
    room_above = max(high - largest, np.finfo(float).tiny)
    room_below = max(smallest - low, np.finfo(float).tiny)
    bent[above] = high - room_above * np.exp(-(values[above] - largest) / room_above)
    bent[below] = low + room_below * np.exp(-(smallest - values[below]) / room_below)
    return bent
