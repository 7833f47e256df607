"""The page on search from each pre-training: what it says of curves made by hand."""

from __future__ import annotations

import numpy as np

from nasflow_paper.reproductions.search import _agreement


def test_steps_with_the_same_best_are_counted_after_the_shared_start_and_over_shared_trials() -> (
    None
):
    start = np.zeros(20)
    none = {0: np.append(start, [1.0, 2.0, 3.0]), 1: np.append(start, [1.0, 1.0, 1.0])}
    fgp = {
        0: np.append(start, [1.0, 2.5, 3.0]),
        1: np.append(start, [1.0, 1.0, 2.0]),
        7: np.append(start, [9.0] * 3),
    }
    (words,) = _agreement({"none": none, "FGP": fgp})
    assert "equally good from all 2 at 4 of 6 steps of 2 trials" in str(words)


def test_nothing_is_said_of_one_pre_training_or_of_no_shared_trial() -> None:
    one = {0: np.zeros(23)}
    assert (
        _agreement({"FGP": one})
        == []
        == _agreement({"FGP": one, "none": {1: np.zeros(23)}})
        == _agreement({})
    )
