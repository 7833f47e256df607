"""A search ended at 4/30, or at "0 trainings" and exit 0, without a word why."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasflow.cli import main

TRAINER = """
def train(architecture):
    return len(architecture.ops)

def size(architecture):
    return architecture.ops.count("conv")
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("space.yaml").write_text('{"ops": ["conv", "pool"], "n_nodes": 2, "edges": "chain"}')
    Path("mine.py").write_text(TRAINER)


def search(*more: str) -> None:
    words = ["search", "space.yaml", "--train", "mine.py:train", "--strategy", "random"]
    main([*words, "--budget", "30", *more])


def test_a_space_that_is_used_up_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    search()
    out = capsys.readouterr().out
    assert "4 trainings of a budget of 30: the space has 4 elements, all trained" in out


def test_a_budget_that_is_spent_needs_no_word(capsys: pytest.CaptureFixture[str]) -> None:
    search("--budget", "4")
    assert "of a budget" not in capsys.readouterr().out


def test_conditions_that_nothing_meets_are_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        search("--constraints", "mine.py:size > 5")
    assert end.value.code
    message = capsys.readouterr().err
    assert "nothing was trained" in message
    assert "'mine.py:size > 5' rejects 4 of 4" in message
