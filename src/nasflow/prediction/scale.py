"""`rising_line`: from scores, of which only the order is trained, to the unit of the labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def rising_line(score: FloatArray, label: FloatArray) -> tuple[float, float]:
    """Intercept and slope of the least-squares line; it always rises, so that it keeps the order.

    Labels of any scale, 1e300 too: they are measured in units of the largest.

    Example:
        >>> rising_line(np.array([0.0, 1.0]), np.array([16.0, 32.0]))
        (16.0, 16.0)
    """
    # labels of 1e300 have no square; a power of two changes the exponent alone, and no digit
    unit = float(np.exp2(np.frexp(np.abs(label).max())[1] - 1))
    label = label / unit
    centred = score - score.mean()
    spread = float(centred @ centred)
    slope = float(centred @ (label - label.mean())) / spread if spread > 0 else 0.0
    smallest = 1e-6 * float(label.std()) / max(float(score.std()), 1e-12)
    slope = max(slope, smallest)
    return float(label.mean() - slope * score.mean()) * unit, slope * unit
