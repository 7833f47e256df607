"""docs/search.md is run as it stands: the space, the trainer, the command, the loop."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

from nasflow.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "search.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_page_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks: dict[str, list[str]] = {}
    for kind, text in BLOCK.findall(PAGE.read_text()):
        blocks.setdefault(kind, []).append(text)
    Path("space.yaml").write_text(blocks["yaml"][0])
    Path("train.py").write_text(blocks["python"][0])
    command, *others = "".join(blocks["sh"]).splitlines()
    quick = ["--budget", "6", "--n_initial", "4"]
    main([*shlex.split(command)[1:], *quick])
    out = capsys.readouterr().out
    assert "6 results, the best 5:" in out
    written = {path.name for path in Path("study").iterdir()}
    assert written == {"table.txt", "trials.csv", "best.json", "search.png"}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(blocks["python"][1], str(PAGE), "exec"), {})
    assert printed.getvalue() == blocks["text"][0]
    Path("mine.db").unlink()
    # the benchmark's files may not be here; the options must be understood
    for other in others:
        with pytest.raises(SystemExit):
            main([*shlex.split(other)[1:], "--budget", "0"])
        assert "--budget is 0" in capsys.readouterr().err
