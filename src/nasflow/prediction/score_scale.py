"""From labels to scores, which members of a blend learn, and back.

`ScoreScale`: normal scores of ranks, whatever the unit. `PowerScale`: a smooth curve, for labels
that nearly have a normal distribution along it: ranks of few labels are coarse, and a sum of costs
is one in its own unit, or in a logarithm of it.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import scipy.optimize
import scipy.special

from nasflow.statistics.ranks import FloatArray, normal_scores

_LARGEST = np.finfo(np.float64).max


class Scale(Protocol):
    """Labels as scores, and back."""

    scores: FloatArray
    """(n,) of the labels that it was made of."""

    def labels(self, scores: FloatArray, /) -> FloatArray:
        """What stands at these scores, in the labels' unit."""


class ScoreScale:
    """An increasing curve through labels and their scores.

    Between two labels it is a straight line; beyond the last ones it goes on with the mean slope,
    so that no two scores become the same label, and infinity stays infinity.

    Args:
        labels: (n,) finite; their scores are `scores`.

    Example:
        >>> scale = ScoreScale(np.array([90.0, 80.0, 94.0]))
        >>> scale.labels(scale.scores).tolist()
        [90.0, 80.0, 94.0]
    """

    def __init__(self, labels: FloatArray) -> None:
        self.scores = normal_scores(labels)
        self._scores, first = np.unique(self.scores, return_index=True)
        # a power of two, which changes no digit: in this unit no difference of labels overflows
        self._unit = np.ldexp(1.0, int(np.frexp(np.abs(labels).max())[1]) - 1)
        self._labels = labels[first] / self._unit
        reach = self._scores[-1] - self._scores[0]
        self._slope = (self._labels[-1] - self._labels[0]) / reach if reach else 0.0

    def labels(self, scores: FloatArray) -> FloatArray:
        """(m,): what stands at these scores, in the labels' unit."""
        inside = np.clip(scores, self._scores[0], self._scores[-1])
        beyond = scores - inside
        with np.errstate(over="ignore", invalid="ignore"):
            away = np.where(beyond == 0, 0.0, beyond * self._slope)
            labels = (np.interp(inside, self._scores, self._labels) + away) * self._unit
        # where float64 ends a finite score is its last number; only infinity is infinite
        bounded = np.clip(labels, -_LARGEST, _LARGEST)
        ended: FloatArray = np.where(np.isinf(scores), scores, bounded)
        return ended


class PowerScale:
    """The curve of Yeo and Johnson ("A new family of power transformations", Biometrika 87, 2000).

    Beyond the labels it goes on as it is: no two scores become the same label.

    Args:
        labels: (n,) finite and not all equal.
        power: of the curve, 0 to 2: 1 is a straight line, 0 a logarithm above the middle.

    Example:
        >>> scale = PowerScale(np.array([1.0, 2.0, 4.0]), 1.0)
        >>> scale.labels(scale.scores).round(9).tolist()
        [1.0, 2.0, 4.0]
    """

    def __init__(self, labels: FloatArray, power: float) -> None:
        # near 0 the inverse divides one rounding error by another
        self._power = power = round(power, 6)
        # a power of two, which changes no digit: in this unit no square of labels overflows
        self._unit = np.ldexp(1.0, int(np.frexp(np.abs(labels).max())[1]) - 1)
        in_units = labels / self._unit
        self._middle, self._spread = in_units.mean(), in_units.std()
        curved = _curve((in_units - self._middle) / self._spread, power)
        self._mean, self._deviation = curved.mean(), curved.std()
        scores: FloatArray = (curved - self._mean) / self._deviation
        self.scores = scores

    def labels(self, scores: FloatArray) -> FloatArray:
        """(m,): what stands at these scores, in the labels' unit."""
        curved = self._mean + self._deviation * scores
        up = scipy.special.inv_boxcox1p(np.maximum(curved, 0.0), self._power)
        down = scipy.special.inv_boxcox1p(np.maximum(-curved, 0.0), 2 - self._power)
        with np.errstate(over="ignore"):
            labels = (self._middle + self._spread * np.where(curved < 0, -down, up)) * self._unit
        # where float64 ends a finite score is its last number; only infinity is infinite
        bounded = np.clip(labels, -_LARGEST, _LARGEST)
        ended: FloatArray = np.where(np.isinf(scores), scores, bounded)
        return ended


def likeliest_power(labels: FloatArray) -> float | None:
    """The power of a `PowerScale` of labels (n,); None where ranks say more than their distances.

    That is where the curve leaves tails that are heavier than those of normal scores: a few labels
    far from all others, such as networks that did not train, would be all that a model learns.
    """
    straight = PowerScale(labels, 1.0).scores if np.ptp(labels) > 0 else np.zeros(1)
    if not np.isfinite(straight).all() or straight.std() == 0:
        return None

    def cost(power: float) -> float:
        """The negative logarithm of the likelihood of a normal distribution, but for a constant."""
        slope = (power - 1) * (np.sign(straight) * np.log1p(np.abs(straight))).mean()
        return float(np.log(_curve(straight, power).std()) - slope)

    found = scipy.optimize.minimize_scalar(cost, bounds=(0.0, 2.0), method="bounded")
    power = float(found.x)
    curved = PowerScale(labels, power).scores
    return power if _kurtosis(curved) <= _kurtosis(normal_scores(labels)) else None


def _curve(values: FloatArray, power: float) -> FloatArray:
    """(n,): logarithms and powers, steeper or flatter to either side of 0."""
    up = scipy.special.boxcox1p(np.maximum(values, 0.0), power)
    down = scipy.special.boxcox1p(np.maximum(-values, 0.0), 2 - power)
    curved: FloatArray = np.asarray(up - down, np.float64)
    return curved


def _kurtosis(scores: FloatArray) -> float:
    away = scores - scores.mean()
    return float((away**4).mean() / (away**2).mean() ** 2)
