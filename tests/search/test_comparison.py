"""Tables that compare simulated searches, on curves small enough to compute by hand."""

from __future__ import annotations

import numpy as np
import scipy.stats

from nasflow.search.comparison import at_steps, gains_table, steps_at_or_above


def test_means_and_deviations_at_the_steps() -> None:
    assert at_steps(np.array([[1.0, 2.0, 4.0], [3.0, 2.0, 8.0]]), [1, 3]) == [
        "2.000 (1.000)",
        "6.000 (2.000)",
    ]


def test_gains_have_students_interval_and_are_counted() -> None:
    gains = np.array([[0.5, 0.0], [1.5, -0.25], [0.1, 0.0]])
    low, high = scipy.stats.t.interval(0.95, 2, gains[:, 0].mean(), scipy.stats.sem(gains[:, 0]))
    header, first, second = gains_table("a", "b", gains, [1, 2])
    assert header == ["trainings", "a above b", "95 % interval", "ahead", "behind"]
    assert first == ["1", "+0.700", f"{low:+.3f} to {high:+.3f}", "3", "0"]
    assert second[3:] == ["0", "1"]


def test_steps_count_from_the_fortieth_training_on() -> None:
    gains = np.full((2, 50), -1.0)
    gains[:, 39:45] = 0.0
    gains[:, 45] = 1.0
    assert steps_at_or_above(gains) == (7, 11)
