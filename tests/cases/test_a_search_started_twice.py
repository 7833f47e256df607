"""A second start of a search said "0 trainings", or failed for its other `--parallel`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nasflow.cli import main
from nasflow.search import Problem, Study
from nasflow.search.runner import _at_rest
from nasflow.search.strategies.registry import SearchConfig
from nasflow.spaces.custom import CustomSpace

TRAINER = """
import os, time

def train(architecture):
    time.sleep(0.5)
    with open("log", "a") as log:
        print(os.getppid(), file=log)
    return len(architecture.ops)
"""
SPACE = '{"ops": ["conv", "pool", "attn"], "n_nodes": 3, "edges": "chain"}'
WORDS = ["search", "space.yaml", "--train", "mine.py:train", "--strategy", "random"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("space.yaml").write_text(SPACE)
    Path("mine.py").write_text(TRAINER)


def test_both_train_and_both_end_well() -> None:
    words = [sys.executable, "-m", "nasflow", *WORDS, "--budget", "24"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    both = [
        subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(2)
    ]
    for process in both:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0, out.decode()
        assert b"24 results" in out
    parents = Path("log").read_text().split()
    assert len(parents) == 24
    assert len(set(parents)) == 2


def test_another_parallel_at_the_second_start(capsys: pytest.CaptureFixture[str]) -> None:
    main([*WORDS, "--budget", "1", "--parallel", "2"])
    main([*WORDS, "--budget", "2"])
    assert "2 results" in capsys.readouterr().out


def test_the_window_may_change_too(capsys: pytest.CaptureFixture[str]) -> None:
    problem = Problem(CustomSpace.from_file("space.yaml"))
    Study("study.db", problem, SearchConfig(strategy="random"), window=2)
    main([*WORDS, "--budget", "1"])
    main([*WORDS, "--budget", "2", "--window", "3"])
    assert "2 results" in capsys.readouterr().out


def test_a_search_is_at_rest_if_nothing_changed_while_it_asked() -> None:
    problem = Problem(CustomSpace.from_file("space.yaml"))
    study = Study("study.db", problem, SearchConfig(strategy="random"))
    assert _at_rest([], study.trials())
    (trial,) = study.ask()
    under_way = study.trials()
    assert not _at_rest([], under_way)
    study.tell(trial.architecture, 1.0)
    # it ended between the two looks: there may be room for a proposal now
    assert not _at_rest(under_way, study.trials())
    assert _at_rest(study.trials(), study.trials())
