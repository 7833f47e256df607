"""How much more of two objectives a training is expected to bring, where the second is known.

The area between the Pareto front and a point that is worse than all results, and what it grows by
where an element joins the front: the expected hypervolume improvement (Emmerich, Giannakoglou and
Naujoks 2006, "Single- and multiobjective evolutionary optimization assisted by Gaussian random
field metamodels"). With one of the objectives known it is an integral over the other alone. An
element that is fast and known to be no better than a faster one has nothing to add, however it is
weighted, and none is trained for being fast alone.
"""

from __future__ import annotations

import numpy as np

from nasflow.search.known import FloatArray
from nasflow.statistics.ranks import normal_scores

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(24)
_MARGIN = 0.1  # how far beyond the worst result the area begins, in spreads of the results


def expected_growth(
    mean: FloatArray, deviation: FloatArray, second: FloatArray, results: FloatArray
) -> FloatArray:
    """(N,): how much the area under the front is expected to grow by each element.

    Gauss-Hermite quadrature over the first objective.

    Args:
        mean, deviation: (N,) what is expected of the normal score of the first objective.
        second: (N,) the second objective; more is better.
        results: (n, 2) both objectives of what was trained, n at least 2; more is better.
    """
    scores = mean + deviation * _NODES[:, None]  # (n_quadrature, N)
    first = values_of_scores(scores, results[:, 0])
    growth: FloatArray = _WEIGHTS @ _growth(first, second, results) / np.sqrt(2 * np.pi)
    return growth


def _growth(first: FloatArray, second: FloatArray, results: FloatArray) -> FloatArray:
    """(k, N): what the area grows by, for k values of the first objective of N elements."""
    spread = np.ptp(results, axis=0)
    corner = results.min(axis=0) - _MARGIN * np.where(spread > 0, spread, 1.0)
    growth = np.zeros_like(first)
    bottom = corner[1]
    # strip by strip of the second objective, from the worst: what is above its best first objective
    for top in np.unique(results[:, 1]).tolist():
        height = results[results[:, 1] >= top, 0].max()
        width = np.clip(second, bottom, top) - bottom  # (N,)
        growth += np.maximum(first - height, 0.0) * width
        bottom = top
    growth += np.maximum(first - corner[0], 0.0) * np.maximum(second - bottom, 0.0)
    return growth


def on_scale(mean: float, deviation: float, values: FloatArray) -> tuple[float, float]:
    """A score's mean and standard deviation on the scale of the values that `normal_scores` ranked.

    Between the values in straight lines; beyond the best, on the line through the best and the
    upper quartile.
    """
    at = np.array([mean, mean - deviation, mean + deviation])
    middle, low, high = values_of_scores(at, values).tolist()
    return middle, (high - low) / 2


def values_of_scores(scores: FloatArray, values: FloatArray) -> FloatArray:
    """Scores, of any shape, on the scale of the values that `normal_scores` ranked."""
    score, value = np.sort(normal_scores(values)), np.sort(values)
    # of two or three values the quartile would be the best itself: it takes two for a line
    quartile = min(3 * len(value) // 4, len(value) - 2)
    slope = 0.0
    if score[-1] > score[quartile]:
        slope = (value[-1] - value[quartile]) / (score[-1] - score[quartile])
    beyond = slope * np.maximum(0.0, scores - score[-1])
    on_lines: FloatArray = np.interp(scores, score, value) + beyond
    return on_lines
