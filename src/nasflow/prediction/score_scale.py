"""`ScoreScale`: from labels to normal scores of their ranks, and back."""

from __future__ import annotations

import numpy as np

from nasflow.statistics.ranks import FloatArray, normal_scores


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
        largest = np.finfo(np.float64).max
        bounded = np.clip(labels, -largest, largest)
        ended: FloatArray = np.where(np.isinf(scores), scores, bounded)
        return ended
