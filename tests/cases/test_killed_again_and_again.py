"""A batch system that killed a search twice within one training made that training a failure."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nasflow.search.store import Store

TRAINER = """
import time
from pathlib import Path

def train(architecture):
    Path("begun").touch()
    if not Path("soon").exists():
        time.sleep(60)
    return 1.0
"""
WORDS = [sys.executable, "-m", "nasflow", "search", "space.yaml", "--train", "mine.py:train"]


def started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*WORDS, "--strategy", "random", "--budget", "1"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def test_a_training_that_was_killed_with_its_search_begins_anew_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("space.yaml").write_text('{"ops": ["conv", "pool"], "n_nodes": 2, "edges": "chain"}')
    Path("mine.py").write_text(TRAINER)
    for _ in range(3):
        process = started()
        deadline = time.monotonic() + 60
        while not Path("begun").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        Path("begun").unlink()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        (trial,) = Store("study.db").trials()
        assert trial.state == "asked"
    Path("soon").touch()
    assert started().wait(60) == 0
    (trial,) = Store("study.db").trials()
    # as if it had never been begun before
    assert (trial.state, trial.starts) == ("done", 1)
