"""`nasflow demo` runs the grid that its text names, and draws the intervals of the default."""

from __future__ import annotations

import re
from argparse import Namespace
from pathlib import Path

import pytest

from nasflow.commands import demo


@pytest.mark.slow
def test_the_demo_shows_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[list[str]] = []
    # its grid takes minutes, and is what the tests of evaluate are about
    monkeypatch.setattr("nasflow.commands.command_line.run_words", asked.append)
    out = str(tmp_path / "demo")
    demo.run(Namespace(out=out, jobs=2))
    told = capsys.readouterr().out
    (words,) = asked
    methods = words[words.index("--methods") + 1].split(",")
    for method in methods:
        assert re.search(rf"^    {method}  ", told, re.MULTILINE)
    assert (tmp_path / "demo" / "intervals.png").read_bytes().startswith(b"\x89PNG")
    # of 13,063 networks: nine of ten, more or less
    (share,) = re.findall(r"([\d.]+) % lie inside", told)
    assert 85 <= float(share) <= 95
