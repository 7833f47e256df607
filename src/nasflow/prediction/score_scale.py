"""From labels to scores, which members of a blend learn, and back.

`ScoreScale`: normal scores of ranks, whatever the unit. `CurvedScale`: a smooth curve, for labels
that nearly have a normal distribution along it: ranks of few labels are coarse, and a sum of costs
is one in its own unit, or in a logarithm of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy.special

from nasflow.statistics.ranks import FloatArray, normal_scores

_LARGEST = np.finfo(np.float64).max
_SPAN = 3.0  # the largest label is so many times the least: of accuracies it is not


class Scale(Protocol):
    """Labels as scores, and back."""

    scores: FloatArray
    """(n,) of the labels that it was made of."""

    def labels(self, scores: FloatArray, /) -> FloatArray:
        """What stands at these scores, in the labels' unit."""

    def scores_of(self, labels: FloatArray, /) -> FloatArray:
        """(m,): at which scores finite labels stand; of a curve from zero they are positive."""


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

    def scores_of(self, labels: FloatArray) -> FloatArray:
        """(m,): at which scores these labels stand; all equal labels have one score."""
        values = labels / self._unit
        inside = np.clip(values, self._labels[0], self._labels[-1])
        away = (values - inside) / self._slope if self._slope else np.zeros(len(values))
        found: FloatArray = np.interp(inside, self._labels, self._scores) + away
        return found


@dataclass(frozen=True)
class Curve:
    """A smooth curve from labels to scores, which have mean 0 and variance 1.

    `from_zero` is that of Box and Cox ("An analysis of transformations", JRSS B 26, 1964), for
    positive labels: what counts is by which factor one is larger. The other is that of Yeo and
    Johnson ("A new family of power transformations", Biometrika 87, 2000) around the mean label.
    """

    power: float
    """1 is a straight line; 0 is a logarithm, of the other curve above the mean alone."""
    from_zero: bool = False

    def scale(self, labels: FloatArray) -> CurvedScale:
        """The scale of some labels."""
        return CurvedScale(labels, self)

    def __call__(self, values: FloatArray) -> FloatArray:
        """(n,): logarithms and powers of numbers."""
        if self.from_zero:
            return np.asarray(scipy.special.boxcox(values, self.power), np.float64)
        # steeper or flatter to either side of 0
        up = scipy.special.boxcox1p(np.maximum(values, 0.0), self.power)
        down = scipy.special.boxcox1p(np.maximum(-values, 0.0), 2 - self.power)
        return np.asarray(up - down, np.float64)

    def inverse(self, curved: FloatArray) -> FloatArray:
        """(n,): the numbers that are curved so."""
        if self.from_zero:
            return np.asarray(scipy.special.inv_boxcox(curved, self.power), np.float64)
        up = scipy.special.inv_boxcox1p(np.maximum(curved, 0.0), self.power)
        down = scipy.special.inv_boxcox1p(np.maximum(-curved, 0.0), 2 - self.power)
        return np.where(curved < 0, -down, up)

    def slope(self, value: float) -> float:
        """The derivative of the curve."""
        if self.from_zero:
            return float(value ** (self.power - 1))
        away = self.power - 1 if value >= 0 else 1 - self.power
        return float((1 + abs(value)) ** away)


class CurvedScale:
    """Labels along a curve, and straight on beyond the last ones: no prediction runs away.

    No two scores become the same label, and below the smallest of positive labels of a curve from
    zero these stay positive.

    Args:
        labels: (n,) finite and not all equal; positive for a curve from zero.
        curve: which one.

    Example:
        >>> scale = CurvedScale(np.array([1.0, 2.0, 4.0]), Curve(1.0))
        >>> scale.labels(scale.scores).round(9).tolist()
        [1.0, 2.0, 4.0]
    """

    def __init__(self, labels: FloatArray, curve: Curve) -> None:
        # near 0 the inverse divides one rounding error by another
        self._curve = curve = Curve(round(curve.power, 6), curve.from_zero)
        # a power of two, which changes no digit: in this unit no square of labels overflows
        self._unit = np.ldexp(1.0, int(np.frexp(np.abs(labels).max())[1]) - 1)
        in_units = labels / self._unit
        self._middle, self._spread = _middle_and_spread(in_units, curve.from_zero)
        values = (in_units - self._middle) / self._spread
        curved = curve(values)
        self._mean, self._deviation = curved.mean(), curved.std()
        scores: FloatArray = (curved - self._mean) / self._deviation
        self.scores = scores
        # where labels end: score and value there, and by how much a value grows with the score
        self._ends = []
        for value, score in ((values.min(), scores.min()), (values.max(), scores.max())):
            self._ends.append((score, value, self._deviation / curve.slope(value)))

    @property
    def from_zero(self) -> bool:
        """Whether labels are positive, and what counts is by which factor one is larger."""
        return self._curve.from_zero

    def labels(self, scores: FloatArray) -> FloatArray:
        """(m,): what stands at these scores, in the labels' unit."""
        (lowest, low, low_slope), (highest, high, high_slope) = self._ends
        inside = np.clip(scores, lowest, highest)
        values = self._curve.inverse(self._mean + self._deviation * inside)
        with np.errstate(over="ignore", invalid="ignore"):
            above = high + (scores - highest) * high_slope
            below = (scores - lowest) * low_slope
            # as a factor, where labels have a zero
            under = low * np.exp(below / low) if self._curve.from_zero else low + below
            values = np.where(scores > highest, above, np.where(scores < lowest, under, values))
            labels = (self._middle + self._spread * values) * self._unit
        # where float64 ends a finite score is its last number; only infinity is infinite
        bounded = np.clip(labels, -_LARGEST, _LARGEST)
        ended: FloatArray = np.where(np.isinf(scores), scores, bounded)
        return ended

    def scores_of(self, labels: FloatArray) -> FloatArray:
        """(m,): at which scores these labels stand."""
        (lowest, low, low_slope), (highest, high, high_slope) = self._ends
        values = (labels / self._unit - self._middle) / self._spread
        inside = self._curve(np.clip(values, low, high))
        scores = (inside - self._mean) / self._deviation
        above = highest + (values - high) / high_slope
        if self.from_zero:
            below = lowest + low * np.log(np.minimum(values, low) / low) / low_slope
        else:
            below = lowest + (values - low) / low_slope
        found: FloatArray = np.where(values > high, above, np.where(values < low, below, scores))
        return found


def may_be_costs(labels: FloatArray) -> bool:
    """Whether labels (n,) are as latencies and energies of graphs of many sizes: far apart, and
    positive.
    """
    return bool(labels.min() > 0 and labels.max() >= _SPAN * labels.min())


def likeliest_curve(labels: FloatArray) -> Curve | None:
    """The curve along which labels (n,) are likeliest to have a normal distribution.

    None where ranks say more than distances. That is where the curve leaves tails that are heavier
    than those of normal scores: a few labels far from all others, such as networks that did not
    train, would be all that a model learns. A curve from zero may have those that chance gives to
    normal labels, since ranks lose by which factor labels differ.
    """
    with np.errstate(over="ignore"):
        in_units = labels / np.ldexp(1.0, int(np.frexp(np.abs(labels).max())[1]) - 1)
    if not np.ptp(in_units) > 0:
        return None
    curves = [_likeliest(in_units, from_zero=False, largest=2.0)]
    # the quotient of two labels must be a number that a curve can bend
    if in_units.min() > 1e-9:
        curves.append(_likeliest(in_units, from_zero=True, largest=1.0))
    _, curve = min(curves, key=lambda found: found[0])
    scores = curve.scale(labels).scores
    if not np.isfinite(scores).all():
        return None
    allowed = _kurtosis(normal_scores(labels))
    if curve.from_zero:
        # the mean of normal labels, and twice its standard error
        allowed = 3 + 2 * np.sqrt(24 / len(labels))
    return curve if _kurtosis(scores) <= allowed else None


def _likeliest(labels: FloatArray, from_zero: bool, largest: float) -> tuple[float, Curve]:
    """The negative logarithm of the likelihood, but for a constant, and the curve of that power."""
    # here: it takes a tenth of a second to import, and is for fitting alone
    from scipy.optimize import minimize_scalar

    middle, spread = _middle_and_spread(labels, from_zero)
    values = (labels - middle) / spread

    def cost(power: float) -> float:
        curve = Curve(power, from_zero)
        slopes = np.log(values) if from_zero else np.sign(values) * np.log1p(np.abs(values))
        return float(np.log(curve(values).std() * spread) - (power - 1) * slopes.mean())

    found = minimize_scalar(cost, bounds=(0.0, largest), method="bounded")
    return float(found.fun), Curve(float(found.x), from_zero)


def _middle_and_spread(labels: FloatArray, from_zero: bool) -> tuple[float, float]:
    """What is taken off labels, and what they are divided by, before they are curved."""
    if from_zero:
        return 0.0, float(np.exp(np.log(labels).mean()))
    return float(labels.mean()), float(labels.std())


def _kurtosis(scores: FloatArray) -> float:
    away = scores - scores.mean()
    return float((away**4).mean() / (away**2).mean() ** 2)
