"""Tables that compare simulated searches: curves of the best so far, paired gains."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.stats

from nasflow.search.known import FloatArray

STEPS = (20, 40, 60, 80, 100, 150)
"""Numbers of trainings that tables show."""
FROM = 40
"""Trainings from which on pairs are compared at every step."""


def at_steps(curves: FloatArray, steps: Sequence[int]) -> list[str]:
    """Mean (standard deviation) over trials after each of some numbers of trainings.

    Args:
        curves: (trials, trainings).
        steps: the numbers of trainings.
    """
    cells = []
    for step in steps:
        best = curves[:, step - 1]  # (trials,)
        cells.append(f"{best.mean():.3f} ({best.std():.3f})")
    return cells


def gains_table(one: str, other: str, gains: FloatArray, steps: Sequence[int]) -> list[list[str]]:
    """Rows, the first the header: how much `one` is above `other`, with 95 % intervals.

    The intervals are Student's t.

    Args:
        one, other: what they are called.
        gains: (trials, trainings), at least two trials: differences of curves from the same starts.
        steps: the numbers of trainings to show.
    """
    n = len(gains)
    quantile = scipy.stats.t.ppf(0.975, n - 1)
    half_widths = quantile * gains.std(axis=0, ddof=1) / np.sqrt(n)  # (trainings,)
    rows = [["trainings", f"{one} above {other}", "95 % interval", "ahead", "behind"]]
    for step in steps:
        gain = gains[:, step - 1]  # (trials,)
        mean, half_width = gain.mean(), half_widths[step - 1]
        n_ahead, n_behind = int((gain > 0).sum()), int((gain < 0).sum())
        rows.append(
            [
                str(step),
                f"{mean:+.3f}",
                f"{mean - half_width:+.3f} to {mean + half_width:+.3f}",
                str(n_ahead),
                str(n_behind),
            ]
        )
    return rows


def steps_at_or_above(gains: FloatArray, first: int = FROM) -> tuple[int, int]:
    """From `first` trainings on: at how many steps the mean gain is 0 or more, and of how many."""
    mean = gains.mean(axis=0)[first - 1 :]
    # equal curves differ by rounding: that counts as 0
    return int((mean >= -1e-9).sum()), len(mean)
