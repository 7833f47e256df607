"""The variance of a number measured for all draws, splits and seeds, taken apart by these."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class VarianceParts:
    """Standard deviations of what each source adds; 0 where it adds none."""

    draw: float
    seed: float
    split: float
    rest: float


def variance_parts(cube: FloatArray) -> VarianceParts:
    """The parts of the variance of an array (draws, splits, seeds), by mean squares.

    Random effects without interactions: with x = mean + draw + split + seed + rest the expected
    mean square of a factor is the rest's variance plus that of the factor times the number of
    values at each of its levels. An axis with one level has no part.
    """
    mean = cube.mean()
    residual = cube - mean
    squares, degrees = [], []
    for axis in range(3):
        others = tuple(i for i in range(3) if i != axis)
        effect = cube.mean(axis=others, keepdims=True) - mean
        # what the three effects leave is the rest
        residual = residual - effect
        degrees.append(cube.shape[axis] - 1)
        squares.append(float((effect**2).sum()) * cube.size / cube.shape[axis])
    n_free = cube.size - 1 - sum(degrees)
    rest = float((residual**2).sum()) / n_free if n_free > 0 else 0.0
    variances = []
    for axis, n_levels in enumerate(cube.shape):
        variance = 0.0
        if degrees[axis]:
            # below 0 by chance where a factor adds little
            beyond_rest = squares[axis] / degrees[axis] - rest
            variance = max(0.0, beyond_rest * n_levels / cube.size)
        variances.append(variance)
    draw, split, seed = np.sqrt(variances).tolist()
    return VarianceParts(draw, seed, split, float(np.sqrt(rest)))
