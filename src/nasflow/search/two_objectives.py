"""How much more of two objectives a training is expected to bring, where the second is known.

The area between the Pareto front and a point that is worse than all results, and what it grows by
where an element joins the front: the expected hypervolume improvement (Emmerich, Giannakoglou and
Naujoks 2006, "Single- and multiobjective evolutionary optimization assisted by Gaussian random
field metamodels"). With the second objective known it is a sum of expected improvements of the
first: over each strip between two results of the front, of what is above the better one. An element
that a faster one is known to beat has nothing to add, however two objectives are weighted.

The first objective counts as its normal score, which is what the process learns: of accuracies the
best lie close together, and on their own scale the last per cent is a sliver beside the area that
fast and hopeless elements dominate.
"""

from __future__ import annotations

import numpy as np
import scipy.special

from nasflow.search.known import FloatArray

_MARGIN = 0.1  # how far beyond the worst result the area begins, in spreads of the results


def expected_improvement(mean: FloatArray, deviation: FloatArray, best: float) -> FloatArray:
    """(N,): how much above `best` the results are expected to be, counting those below as 0."""
    s = np.maximum(deviation, 1e-12)  # what was trained has none left, and z divides by it
    z = (mean - best) / s
    improvement: FloatArray = s * (
        z * scipy.special.ndtr(z) + np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    )
    return improvement


def expected_growth(
    mean: FloatArray, deviation: FloatArray, second: FloatArray, results: FloatArray
) -> FloatArray:
    """(N,): how much the area under the front is expected to grow by each element.

    Args:
        mean, deviation: (N,) what is expected of the normal score of the first objective.
        second: (N,) the second objective; more is better.
        results: (n, 2) normal score of the first objective, and the second, of what was trained or
            is being trained, n at least 2.
    """
    scores, seconds = results.T  # (n,), (n,)
    growth = np.zeros(len(mean))
    bottom = _below(seconds)
    # strip by strip of the second objective, from the worst result to the best
    for top in np.unique(seconds).tolist():
        best = float(scores[seconds >= top].max())
        width = np.clip(second, bottom, top) - bottom  # (N,)
        growth += width * expected_improvement(mean, deviation, best)
        bottom = top
    # better in the second objective than all results
    beyond = np.maximum(second - bottom, 0.0)
    return growth + beyond * expected_improvement(mean, deviation, _below(scores))


def _below(values: FloatArray) -> float:
    """Where the area begins: somewhat below all values."""
    spread = float(np.ptp(values))
    return float(values.min()) - _MARGIN * (spread if spread > 0 else 1.0)
