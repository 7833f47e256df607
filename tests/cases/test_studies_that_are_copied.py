"""A study's file, copied after a search, was an empty study; another tool's file got our tables."""

from __future__ import annotations

import shutil
import sqlite3
import warnings
from pathlib import Path

import pytest

from nasflow.errors import DataError
from nasflow.search import Problem, Study
from nasflow.search.study_file import StudyWarning
from search_spaces import CHAIN, worth


def study(path: Path) -> Study:
    return Study(path, Problem(CHAIN), "random")


def test_the_main_file_alone_is_whole_soon_after_each_result(tmp_path: Path) -> None:
    one = study(tmp_path / "a")
    for n in range(1, 5):
        (trial,) = one.ask()
        one.tell(trial.architecture, worth(trial.architecture))
        shutil.copy(tmp_path / "a", tmp_path / f"copy{n}")
        assert [t.state for t in study(tmp_path / f"copy{n}").trials()] == ["done"] * n


def test_a_result_that_was_brought_along_is_copied_too(tmp_path: Path) -> None:
    one = study(tmp_path / "a")
    one.tell(CHAIN.enumerate()[3], 1.0)
    shutil.copy(tmp_path / "a", tmp_path / "copy")
    assert study(tmp_path / "copy").best().value == 1.0


def test_a_log_without_its_study_is_not_deleted_without_a_word(tmp_path: Path) -> None:
    log = tmp_path / "a-wal"
    log.write_bytes(b"results" * 100)
    for make_empty in (False, True):
        if make_empty:
            (tmp_path / "a").touch()
        with pytest.raises(DataError, match="put the study back beside its log"):
            study(tmp_path / "a")
    assert log.read_bytes() == b"results" * 100


def test_a_copy_that_lost_its_log_is_said_to_be_empty(tmp_path: Path) -> None:
    """What older versions left where only the main file was copied."""
    with sqlite3.connect(tmp_path / "a") as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    with pytest.warns(StudyWarning, match="results may be in the log"):
        study(tmp_path / "a")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study(tmp_path / "a")
        study(tmp_path / "new")


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
@pytest.mark.parametrize(
    ("table", "words"),
    [("trial_params", "an Optuna storage"), ("mine", "an SQLite file with the tables mine")],
)
def test_a_database_of_another_tool_stays_as_it_is(
    tmp_path: Path, mode: str, table: str, words: str
) -> None:
    path = tmp_path / "study.db"
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute(f"CREATE TABLE {table} (a)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(DataError, match=f"is no study of nasflow .{words}.; it stays as it is"):
        study(path)
    assert path.read_bytes() == before
    assert not (tmp_path / "study.db.lock").exists()


def test_what_is_no_database_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    path.write_text("notes, not a database, and long enough to be looked at by anybody" * 20)
    before = path.read_bytes()
    with pytest.raises(DataError, match="is no study"):
        study(path)
    assert path.read_bytes() == before
