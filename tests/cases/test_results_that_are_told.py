"""Telling 10**400, a tensor or a trial's number ended in foreign errors; a wrong result stayed."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nasflow.errors import DataError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.search import Problem, Study
from nasflow.spaces.custom import CustomSpace
from nasflow.spaces.nb201 import NB201
from search_spaces import CHAIN

ALL = CHAIN.enumerate()


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path / "a", Problem(CHAIN), "random")


@pytest.mark.parametrize(
    "value",
    [
        torch.tensor(0.5),
        torch.tensor([0.5], requires_grad=True),
        np.float16(0.5),
        np.array(0.5),
        np.array([[0.5]]),
        Decimal("0.5"),
    ],
)
def test_a_number_in_any_clothes_is_told(study: Study, value: Any) -> None:
    study.tell(ALL[0], value)
    assert study.best().value == 0.5


@pytest.mark.parametrize(
    "value",
    [
        10**400,
        -(10**400),
        True,
        np.True_,
        torch.tensor(True),
        torch.tensor([0.5, 0.5]),
        np.zeros(0),
        np.array(["0.5"]),
        torch.tensor(float("nan")),
        "0.5",
        1j,
        [0.5],
    ],
)
def test_what_is_no_number_is_refused_in_one_line(study: Study, value: Any) -> None:
    with pytest.raises(DataError, match="is no finite number") as error:
        study.tell(ALL[0], value)
    assert len(str(error.value)) < 300
    assert study.trials() == []


def test_whose_result_it_is_may_be_said_by_trial_number_or_notation(study: Study) -> None:
    first, second, _ = study.ask(3)
    study.tell(first, 1.0)
    study.tell(second.number, 2.0)
    study.tell(np.int64(2), 3.0)
    assert [trial.value for trial in study.trials()] == [1.0, 2.0, 3.0]
    other = next(a for a in ALL if study.find(a) is None)
    study.tell(CHAIN.format(other), 4.0)
    assert study.best().architecture == other


@pytest.mark.parametrize("told", [7, -1, 10**400, 0.5, float("nan")])
def test_a_number_of_no_trial_is_refused(study: Study, told: Any) -> None:
    with pytest.raises(DataError, match="there is no trial"):
        study.tell(told, 1.0)
    study.ask(2)
    with pytest.raises(DataError, match="the study has trials 0 to 1"):
        study.tell(told, 1.0)


@pytest.mark.parametrize("told", [None, True, b"a", ["a"], {"ops": []}])
def test_what_is_no_architecture_is_refused_by_its_own_name(study: Study, told: Any) -> None:
    with pytest.raises(DataError, match="is no architecture; legal: an Architecture, a trial"):
        study.tell(told, 1.0)
    with pytest.raises(GraphError):
        study.tell("a > b > c", 1.0)


def test_an_architecture_of_another_space_is_refused(study: Study) -> None:
    strange = Architecture(("input", "a", "x", "b", "c", "output"), ALL[0].edges)
    for wrong in (strange, NB201().enumerate()[0]):
        for tell in (lambda a: study.tell(a, 99.0), lambda a: study.tell_failed(a, "no memory")):
            with pytest.raises(GraphError, match="no element of the space custom") as error:
                tell(wrong)
    assert "it has no place in this study" in str(error.value)
    assert study.trials() == []
    study.tell(ALL[0], 1.0)
    assert study.ask()


def test_a_network_of_many_equal_branches_is_told_at_once(tmp_path: Path) -> None:
    k = 80
    ops = ["input", *["conv"] * k, "output"]
    edges = [(0, v) for v in range(1, k + 1)] + [(v, k + 1) for v in range(1, k + 1)]
    space = CustomSpace({"ops": ["conv", "pool"], "n_nodes": k})
    router = Architecture(tuple(ops), tuple(edges))
    study = Study(tmp_path / "a", Problem(space), "random")
    started = time.monotonic()
    study.tell(router, 1.0)
    study.tell(router, 1.0)
    assert time.monotonic() - started < 1
    (trial,) = Study(tmp_path / "a", Problem(space), "random").trials()
    # read from the file, and not made again
    assert trial.architecture.__dict__["canonical_id"] == router.canonical_id


# -- taken back -----------------------------------------------------------------------------------


def test_a_result_is_corrected_and_the_wrong_one_kept(study: Study) -> None:
    study.tell(ALL[0], 8.1e13)
    study.tell(ALL[1], 0.9)
    with pytest.raises(DataError, match=r"study\.correct\(0, value\) or study\.forget\(0\)"):
        study.tell(ALL[0], 0.81)
    study.correct(0, 0.81)
    assert study.best().architecture == ALL[1]
    study.correct(ALL[0], np.float64(0.82))
    trial = study.trials()[0]
    assert (trial.state, trial.value) == ("done", 0.82)
    assert trial.former == ("81000000000000.0", "0.81")
    study.tell_failed(ALL[2], "no memory")
    study.correct(2, 0.5)
    assert study.trials()[2].former == ("failed: no memory",)


def test_a_result_that_is_forgotten_counts_for_nothing_and_may_come_again(tmp_path: Path) -> None:
    study = Study(tmp_path / "a", Problem(CHAIN), "evolution", window=1)
    for _ in range(81):
        (trial,) = study.ask(limit=81)
        study.tell(trial, float(trial.number))
    assert study.ask(1) == []
    study.forget(80)
    study.forget(80)  # again is no error
    study = Study(tmp_path / "a", Problem(CHAIN), "evolution", window=1)
    assert study.best().value == 79.0
    assert study.find(trial.architecture) is None
    assert [t.number for t in study.front()] == [79]
    forgotten = study.trials()[80]
    assert (forgotten.state, forgotten.value, forgotten.former) == ("forgotten", None, ("80.0",))
    # the only one that is left, within the same budget
    (again,) = study.ask(1, limit=81)
    assert (again.number, again.canonical_id) == (81, forgotten.canonical_id)
    study.tell(again, 1.0)
    assert study.best().value == 79.0
    with pytest.raises(DataError, match="is forgotten: there is no result of it"):
        study.correct(80, 3.0)


def test_only_a_result_can_be_taken_back(study: Study) -> None:
    (trial,) = study.ask()
    for take_back in (study.forget, lambda told: study.correct(told, 1.0)):
        with pytest.raises(DataError, match="trial 0 is asked: there is no result of it"):
            take_back(trial)
        with pytest.raises(DataError, match="there is no trial 7"):
            take_back(7)
        with pytest.raises(DataError, match="nothing was told of this architecture"):
            take_back(next(a for a in ALL if a != trial.architecture))
