"""A search could be ended after some time only from outside, in the middle of its trainings."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from nasflow.cli import main
from nasflow.search.store import Store

TRAINER = """
import time

def slow(architecture):
    time.sleep(0.2 if architecture.ops.count("conv") < 2 else 60)
    return 1.0
"""
WORDS = ["search", "space.yaml", "--train", "mine.py:slow", "--strategy", "random"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("space.yaml").write_text('{"ops": ["conv", "pool"], "n_nodes": 3, "edges": "chain"}')
    Path("mine.py").write_text(TRAINER)


def test_the_search_ends_in_time_with_its_tables(capsys: pytest.CaptureFixture[str]) -> None:
    begun = time.monotonic()
    main([*WORDS, "--budget", "8", "--parallel", "2", "--timeout", "8"])
    assert time.monotonic() - begun < 40
    assert "--timeout 8.0 is over; the same command goes on" in capsys.readouterr().out
    assert Path("study/table.txt").is_file()
    trials = Store("study.db").trials()
    stopped = [trial for trial in trials if trial.state == "planned"]
    assert any(trial.state == "done" for trial in trials)
    # stopped in order: they have all of their starts still
    assert stopped
    assert all(trial.starts == 0 for trial in stopped)


@pytest.mark.parametrize("seconds", ["0", "-1"])
def test_no_time_at_all_is_refused(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([*WORDS, "--timeout", seconds])
    assert "timeout is" in capsys.readouterr().err
