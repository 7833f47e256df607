from __future__ import annotations

import pytest

from nasflow.running import progress
from nasflow.running.progress import progress_bar


def test_a_log_gets_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", -1.0)
    with progress_bar("work", 5, done=2) as advance:
        advance("loss 0.5")
    assert capsys.readouterr().err == "work: 3/5 loss 0.5\n"


def test_short_or_hidden_work_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    for show in (True, False):
        with progress_bar("work", 5, show=show) as advance:
            advance("x")
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    # brackets are part of a path or of an operation's name, and no markup
    with progress_bar("runs/[/b]", 2) as advance:
        advance("skip[w=8]")
        advance("skip[/]")
    shown = capsys.readouterr().err
    assert "2/2" in shown
    assert "runs/[/b]" in shown
    assert "skip[/]" in shown
