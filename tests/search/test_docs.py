"""docs/search.md is run as it stands: the space, the trainer, the command, the loop."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path
from typing import Any

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


@pytest.mark.slow
def test_the_search_of_sizes_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    blocks: dict[str, list[str]] = {}
    for kind, text in BLOCK.findall(PAGE.read_text()):
        blocks.setdefault(kind, []).append(text)
    Path("sizes.yaml").write_text(blocks["yaml"][1])
    Path("costs.py").write_text(blocks["python"][2])
    printed = io.StringIO()
    names: dict[str, Any] = {}
    with contextlib.redirect_stdout(printed):
        exec(compile(blocks["python"][3], str(PAGE), "exec"), names)
    # which elements is another machine's affair: sums may differ there in the last bit
    rows, shown = (text.splitlines() for text in (printed.getvalue(), blocks["text"][1]))
    assert len(rows) >= len(shown) - 2
    for lines in (rows, shown):
        accuracies = [float(line.split()[0]) for line in lines]
        assert accuracies == sorted(accuracies)
        for line in lines:
            element = names["space"].parse(line.split(maxsplit=2)[2])
            assert names["params"](element) <= 50_000
            assert f"{names['accuracy'](element):.1f} {names['madds'](element):.1e}" in line
