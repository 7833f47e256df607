"""The trials of a study as a table of pandas, which nothing else of the package needs."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pandas as pd
import pytest

from nasflow.errors import MissingExtraError
from nasflow.search import Known, Problem, Study
from nasflow.search.report import COLUMNS, write_trials
from nasflow.search.results import results_of
from search_spaces import CHAIN

ALL = CHAIN.enumerate()


def test_a_row_for_each_trial(tmp_path: Path) -> None:
    study = Study(tmp_path / "a", Problem(CHAIN), "random")
    assert list(study.to_pandas().columns) == list(COLUMNS)
    assert len(study.to_pandas()) == 0
    first, second, third = study.ask(3)
    study.tell(first, 0.5)
    study.tell_failed(second, "no memory")
    other = next(a for a in ALL if study.find(a) is None)
    study.tell(other, 0.7)
    frame = study.to_pandas()
    assert list(frame["state"]) == ["done", "failed", "asked", "done"]
    assert list(frame["origin"])[3] == "told"
    assert frame["value"].dtype == frame["predicted"].dtype == frame["seconds"].dtype == float
    assert frame["value"][3] == 0.7
    assert math.isnan(frame["value"][1])
    assert frame["seconds"][0] >= 0
    assert math.isnan(frame["seconds"][2])
    assert frame["reason"][1] == "no memory"
    assert [CHAIN.parse(text) for text in frame["architecture"]][2:] == [third.architecture, other]
    # what is finished stands in trials.csv with the same numbers
    write_trials(tmp_path / "trials.csv", results_of(study))
    written = pd.read_csv(tmp_path / "trials.csv")
    assert list(written.columns) == list(frame.columns)
    assert list(written["value"].dropna()) == list(frame["value"].dropna())


def test_the_second_objective_has_its_column(tmp_path: Path) -> None:
    known = Known(None, {"nodes": lambda architecture: float(len(architecture.ops))})
    study = Study(tmp_path / "a", Problem(CHAIN, second="nodes", known=known), "random")
    study.tell(ALL[0], 0.5)
    assert list(study.to_pandas()["nodes"]) == [6.0]


def test_without_pandas_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Study(tmp_path / "a", Problem(CHAIN), "random")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match="pip install pandas"):
        study.to_pandas()
