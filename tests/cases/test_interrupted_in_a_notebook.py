"""After Ctrl-C in a training, the cell run again got nothing to train, without a word, for ever."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from nasflow.search import Problem, Study
from nasflow.search.study_file import StudyWarning
from search_spaces import CHAIN


def test_a_cell_that_is_run_again_says_what_blocks_and_how_to_give_it_back(tmp_path: Path) -> None:
    study = Study(tmp_path / "a", Problem(CHAIN), "random", window=1)
    (trial,) = study.ask()
    seen = []
    # each time anew: what was shown once is filtered where the text is the same
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("default")
        for _ in range(2):
            assert study.ask() == []
    seen = [str(warning.message) for warning in shown]
    assert all("trials 0;" in text and "study.give_back()" in text for text in seen)
    assert seen
    study.give_back()
    (again,) = study.ask()
    assert again.number == trial.number


def test_the_budget_is_no_reason_for_silence_either(tmp_path: Path) -> None:
    study = Study(tmp_path / "a", Problem(CHAIN), "random")
    study.ask(2, limit=2)
    with pytest.warns(StudyWarning, match="trials 0, 1"):
        assert study.ask(1, limit=2) == []


def test_a_study_that_is_done_warns_of_nothing(tmp_path: Path) -> None:
    study = Study(tmp_path / "a", Problem(CHAIN), "random")
    for trial in study.ask(2, limit=2):
        study.tell(trial, 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert study.ask(1, limit=2) == []
