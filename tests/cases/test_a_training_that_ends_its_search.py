"""A training that took its search down with it began anew at every start, for ever."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from nasflow.search import Problem, SearchConfig, Study
from nasflow.search.store import Store
from nasflow.search.study import MAX_INTERRUPTIONS
from nasflow.search.study_record import StudyRecord
from search_spaces import CHAIN

# one operation ends the whole process group, as a batch system does that sees too much memory used
TRAINER = """
import os, signal, time

def train(architecture):
    if "bomb" in architecture.ops:
        time.sleep(0.3)
        os.killpg(0, signal.SIGKILL)
    time.sleep(1.0)
    return 1.0
"""


def searched(*words: str) -> int:
    command = [sys.executable, "-m", "nasflow", "search", "space.yaml", "--train", "mine.py:train"]
    process = subprocess.Popen(
        [*command, "--strategy", "random", "--budget", "3", "--parallel", "3", *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return process.wait(120)


@pytest.mark.slow
def test_it_fails_alone_and_the_others_have_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("space.yaml").write_text('{"ops": ["a", "b", "bomb"], "n_nodes": 1, "edges": "chain"}')
    Path("mine.py").write_text(TRAINER)
    for _ in range(MAX_INTERRUPTIONS):
        assert searched() == -signal.SIGKILL
    assert searched() == 0
    trials = Store("study.db").trials()
    by_op = {trial.architecture.ops[1]: trial for trial in trials}
    assert by_op["a"].value == by_op["b"].value == 1.0
    bomb = by_op["bomb"]
    assert bomb.reason == "its search died with it 4 times (out of memory, a signal)"
    # it may be tried again, and has all its starts then
    assert StudyRecord("study.db").retry() == 1
    again = Store("study.db").trials()[bomb.number]
    assert (again.state, again.starts, again.interruptions) == ("planned", 0, 0)


def of_a_dead_search(study: Study, *, begun: bool) -> None:
    """Make a trial that of a process that is gone."""
    (trial,) = study.ask(begin=begun)
    with study.store.transaction() as rows:
        rows.execute(
            "UPDATE trials SET owner = 'nowhere 1 1', heartbeat = 0 WHERE number = ?",
            (trial.number,),
        )


def study_in(folder: Path) -> Study:
    return Study(folder / "a.db", Problem(CHAIN), SearchConfig(strategy="random", n_initial=4))


def test_what_had_not_begun_has_no_part_in_the_end(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    for _ in range(2 * MAX_INTERRUPTIONS):
        of_a_dead_search(study, begun=False)
        study.recover(uncount=True)
    (trial,) = study.trials()
    assert (trial.state, trial.interruptions, trial.is_suspect) == ("planned", 0, False)
    for n in range(1, MAX_INTERRUPTIONS):
        of_a_dead_search(study, begun=True)
        study.recover(uncount=True)
        (trial,) = study.trials()
        assert (trial.state, trial.starts, trial.interruptions) == ("planned", 0, n)
        # once may be anything
        assert trial.is_suspect == (n > 1)
    of_a_dead_search(study, begun=True)
    study.recover(uncount=True)
    (trial,) = study.trials()
    assert (trial.state, trial.is_suspect) == ("failed", False)


def test_a_file_of_before_this_was_counted_is_gone_on_with(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    for trial in study.ask(2):
        study.tell(trial, 1.0)
    study.store.close()
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("ALTER TABLE trials DROP COLUMN interruptions")
    connection.close()
    again = study_in(tmp_path)
    assert [(trial.value, trial.interruptions) for trial in again.trials()] == [(1.0, 0)] * 2
    assert again.ask()
