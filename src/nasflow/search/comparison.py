"""Tables that compare simulated searches: curves of the best so far, and paired gains from the same
starts.
"""

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
    """Mean (standard deviation) over trials of curves (trials, trainings), after each of some
    numbers of trainings.
    """
    return [f"{curves[:, s - 1].mean():.3f} ({curves[:, s - 1].std():.3f})" for s in steps]


def gains_table(one: str, other: str, gains: FloatArray, steps: Sequence[int]) -> list[list[str]]:
    """Rows, the first the header: by how much `one` is above `other`, with 95 % intervals of
    Student's t.

    Args:
        one, other: what they are called.
        gains: (trials, trainings), at least two trials: differences of curves from the same starts.
        steps: the numbers of trainings to show.
    """
    half = (
        scipy.stats.t.ppf(0.975, len(gains) - 1) * gains.std(axis=0, ddof=1) / np.sqrt(len(gains))
    )
    rows = [["trainings", f"{one} above {other}", "95 % interval", "ahead", "behind"]]
    for s in steps:
        g, h = gains[:, s - 1], half[s - 1]
        rows.append(
            [
                str(s),
                f"{g.mean():+.3f}",
                f"{g.mean() - h:+.3f} to {g.mean() + h:+.3f}",
                str(int((g > 0).sum())),
                str(int((g < 0).sum())),
            ]
        )
    return rows


def steps_at_or_above(gains: FloatArray) -> tuple[int, int]:
    """From `FROM` trainings on: at how many steps the mean gain is 0 or more, and of how many."""
    mean = gains.mean(axis=0)[FROM - 1 :]
    return int((mean >= -1e-9).sum()), len(mean)
