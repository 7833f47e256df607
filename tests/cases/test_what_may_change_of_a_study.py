"""Another `--parallel` at the second start was refused, and a changed space only by two hashes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nasflow.errors import ConfigError
from nasflow.graphs.architecture import Architecture
from nasflow.search import Known, Problem, SearchConfig, Study
from nasflow.spaces.custom import CustomSpace
from search_spaces import CHAIN


def n_of_b(architecture: Architecture) -> float:
    return float(architecture.ops.count("b"))


KNOWN = Known(functions={"b": n_of_b})


def test_how_many_trainings_run_at_once_may_change(tmp_path: Path) -> None:
    for window in (2, 4, None, 1):
        study = Study(tmp_path / "a", Problem(CHAIN), "random", window=window)
        trials = study.ask(5)
        assert len(trials) == (window or 5)
        for trial in trials:
            study.tell(trial, 1.0)


def test_all_that_differs_is_said_in_the_words_it_was_written_in(tmp_path: Path) -> None:
    lines = {"ops": ["a", "b"], "n_nodes": 4, "edges": "chain"}
    Study(tmp_path / "a", Problem(CustomSpace(lines)), SearchConfig("random", seed=1))
    more = {**lines, "ops": ["a", "b", "c"], "features": {"c": {"w": [1, 2]}}}
    with pytest.raises(ConfigError) as error:
        Study(
            tmp_path / "a",
            Problem(CustomSpace(more), maximise=False),
            SearchConfig("random", seed=2),
        )
    for words in (
        "line of the space, ops: ['a', 'b'] there, ['a', 'b', 'c'] asked for",
        "line of the space, features: nothing there, {'c': {'w': [1, 2]}} asked for",
        "maximise: True there, False asked for (it was begun without --minimise)",
        "option seed: 1 there, 2 asked for",
        "parallel and window may change",
    ):
        assert words in str(error.value)
    assert "fingerprint" not in str(error.value)


def test_of_another_strategy_the_options_are_not_compared(tmp_path: Path) -> None:
    less = Problem(CHAIN, maximise=False)
    Study(tmp_path / "a", less, SearchConfig("evolution", population=5, seed=3))
    with pytest.raises(ConfigError) as error:
        Study(tmp_path / "a", Problem(CHAIN), SearchConfig("random"))
    said = str(error.value)
    assert "option strategy: 'evolution' there, 'random' asked for" in said
    assert "maximise: False there, True asked for (it was begun with --minimise)" in said
    # options that the other has not are no differences of the user's making
    assert "population" not in said
    assert said.count("option ") == 1


def test_the_same_space_in_other_words_is_the_same(tmp_path: Path) -> None:
    lines = {"ops": ["a", "b"], "n_nodes": 2, "edges": "chain"}
    Study(tmp_path / "a", Problem(CustomSpace(lines)), "random")
    same = {"edges": [[0, 1], [1, 2], [2, 3]], "fixed_edges": True, "ops": ["a", "b"], "n_nodes": 2}
    Study(tmp_path / "a", Problem(CustomSpace(same)), "random")


def test_the_direction_of_the_second_objective_is_said(tmp_path: Path) -> None:
    less = Problem(CHAIN, second="b", known=KNOWN)
    more = Problem(CHAIN, second="b", known=KNOWN, second_maximise=True)
    assert (less.second_maximise, more.second_maximise) == (False, True)
    assert more.front([1.0, 1.0], [0.0, 3.0]).tolist() == [False, True]
    assert less.front([1.0, 1.0], [0.0, 3.0]).tolist() == [True, False]
    rng = np.random.default_rng(0)
    utilities = np.stack([more.utility([1.0, 1.0], [0.0, 3.0], rng) for _ in range(20)])
    assert utilities[:, 1].sum() > utilities[:, 0].sum()
    Study(tmp_path / "a", less, "random")
    with pytest.raises(ConfigError, match="second_maximise: False there, True asked for"):
        Study(tmp_path / "a", more, "random")
    Study(tmp_path / "b", more, "random")
    Study(tmp_path / "b", more, "random")
    with pytest.raises(ConfigError, match="which is not given"):
        Problem(CHAIN, second_maximise=True)
