"""`Misses`: how far from predictions labels turned out to be, and what that says of other rows.

A miss is the distance of a labelled row's score from what was predicted without its label, in units
of the deviation that was predicted with it. Intervals that reach as far as most misses hold most
labels, whatever the members think of themselves: cross-conformal prediction (Vovk, Annals of
Mathematics and Artificial Intelligence 74, 2015), for rows that are drawn as the labelled ones.
"""

from __future__ import annotations

import math
from typing import Self

import numpy as np

from nasflow.errors import ConfigError
from nasflow.prediction.members.base import FloatArray, Prediction


class Misses:
    """Calibrated deviations and intervals of scores.

    Args:
        scores: (n,) of labelled rows.
        unseen: what was predicted of each without its label.
    """

    def __init__(self, scores: FloatArray, unseen: Prediction) -> None:
        errors = np.abs(scores - unseen.mean)
        # no row is surer than half of what is missed in the mean: a member's own deviation knows
        # nothing of what its model cannot say
        self.floor = 0.5 * float(np.sqrt((errors**2).mean()))
        self.misses = np.sort(errors / self.deviation(unseen))

    @classmethod
    def restore(cls, misses: FloatArray, floor: float) -> Self:
        """The misses with these values, as they were saved."""
        restored = cls.__new__(cls)
        restored.misses, restored.floor = misses, floor
        return restored

    def deviation(self, predicted: Prediction) -> FloatArray:
        """(N,): the predicted deviation, and never less than errors allow."""
        # errors that are all 0 leave nothing to divide by
        deviation: FloatArray = np.hypot(predicted.deviation, self.floor or 1e-9)
        return deviation

    def between(self, predicted: Prediction, level: float) -> tuple[FloatArray, FloatArray]:
        """(N,) scores below and above, between which a share `level` of scores is expected.

        Raises:
            ConfigError: a level that is not between 0 and 1.
        """
        if not 0 < level < 1:
            raise ConfigError(f"level {level} is illegal; it is a share between 0 and 1")
        place = math.ceil(level * (len(self.misses) + 1))
        # beyond the largest miss that was seen nothing is known
        reach = self.misses[place - 1] if place <= len(self.misses) else np.inf
        away = reach * self.deviation(predicted)
        return predicted.mean - away, predicted.mean + away

    def samples(self, predicted: Prediction, n: int, rng: np.random.Generator) -> FloatArray:
        """(n, N): scores that rows may have, each row for itself.

        A sample misses by what was missed of a labelled row, to either side.
        """
        n_rows = len(predicted.mean)
        # between two misses anything between them; beyond the largest nothing is drawn
        share = rng.random((n, n_rows))
        n_misses = len(self.misses)
        steps = np.arange(n_misses + 1) / n_misses
        away = np.interp(share, steps, np.concatenate([[0.0], self.misses]))
        side = rng.choice([-1.0, 1.0], (n, n_rows))
        drawn: FloatArray = predicted.mean + side * away * self.deviation(predicted)
        return drawn
