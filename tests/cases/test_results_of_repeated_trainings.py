"""A second, noisy value of an architecture could not be told."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from nasflow.errors import DataError
from nasflow.search import Problem, Study
from nasflow.search.strategies.gp_onehot import OneHotProcess
from search_spaces import CHAIN, options, worth

ALL = CHAIN.enumerate()


def test_the_mean_of_repeats_counts_and_all_values_are_kept(tmp_path: Path) -> None:
    study = Study(tmp_path / "a", Problem(CHAIN), "random")
    study.tell(ALL[0], 1.0, repeat=True)
    study.tell(ALL[1], 1.2)
    with pytest.raises(DataError, match="repeat=True"):
        study.tell(ALL[0], 2.0)
    study.tell(ALL[0], 2.0, repeat=True)
    study.tell(0, 3.0, repeat=True)
    trial = Study(tmp_path / "a", Problem(CHAIN), "random").best()
    assert (trial.value, trial.repeats, trial.spread) == (2.0, (1.0, 2.0, 3.0), 1.0)
    assert study.trials()[1].spread is None
    study.correct(0, 0.5)
    assert study.trials()[0].repeats == ()


def test_a_failure_is_no_result_to_repeat(tmp_path: Path) -> None:
    study = Study(tmp_path / "a", Problem(CHAIN), "random")
    study.tell_failed(ALL[0], "no memory")
    with pytest.raises(DataError, match="is failed already"):
        study.tell(ALL[0], 2.0, repeat=True)


@pytest.mark.parametrize("maximise", [True, False])
def test_a_model_learns_the_noise_from_the_spread(tmp_path: Path, maximise: bool) -> None:
    rng = np.random.default_rng(0)
    noises = []
    for name, noise in (("quiet", 0.0), ("noisy", 4.0)):
        problem = Problem(CHAIN, maximise=maximise)
        strategy = OneHotProcess(options("gp-onehot", n_initial=4))
        study = Study(tmp_path / name, problem, strategy)
        for row in range(0, 60, 4):
            for _ in range(3):
                value = worth(ALL[row]) + noise * float(rng.normal())
                study.tell(ALL[row], value, repeat=True)
        study.ask()
        assert strategy._belief is not None
        assert strategy._belief._fit is not None
        noises.append(strategy._belief._fit.process.noise)
    assert noises[1] > 10 * noises[0]


@pytest.mark.parametrize("strategy", ["evolution", "local-search", "npenas", "fgp", "blend"])
def test_every_strategy_goes_on_with_repeats(tmp_path: Path, strategy: str) -> None:
    study = Study(tmp_path / "a", Problem(CHAIN), options(strategy, n_initial=4))
    for row in range(8):
        study.tell(ALL[10 * row], worth(ALL[10 * row]))
        study.tell(ALL[10 * row], worth(ALL[10 * row]) + 0.1, repeat=True)
    assert study.ask()


def test_the_file_has_every_value(tmp_path: Path) -> None:
    study = Study(tmp_path / "a", Problem(CHAIN), "random")
    for value in (1.0, 2.0):
        study.tell(ALL[0], value, repeat=True)
    ((text,),) = sqlite3.connect(tmp_path / "a").execute("SELECT repeats FROM trials").fetchall()
    assert json.loads(text) == [1.0, 2.0]
