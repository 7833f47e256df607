"""A file's name with a line feed made two lines of one error, and a terminal of few letters, a full
disk and a reader that has gone ended in tracebacks or in a second line.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nasflow.cli import main

ROW = '{"ops": ["in", "out"], "edges": [[0, 1]], "accuracy": 1}\n'


def failure(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["data", "info", "missing\nlines.jsonl"],
        ["data", "info", "\n"],
        ["fit", "two\nlines.jsonl", "--metric", "nothing"],
        ["fit", "two\nlines.jsonl", "--metric", "line\x1b[31m\rfeed"],
        ["data", "import", "csv", "two\nlines.jsonl"],
        ["predict", "--model", "two\nlines.jsonl", "--archs=own.jsonl"],
        ["report", "a\u2028b"],
        ["\t"],
        ["\n", "info"],
        ["fit", "x\udcff"],
    ],
)
def test_an_error_is_one_line_whatever_it_quotes(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("two\nlines.jsonl").write_text(ROW * 2)
    line = failure(capsys, *words)
    assert line.startswith("nasflow: ")
    assert line.endswith("\n")
    assert line[:-1].isprintable()


def test_a_name_stands_in_it_as_it_could_be_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert r"two\nlines.jsonl does not exist" in failure(capsys, "fit", "two\nlines.jsonl")


def _run(*words: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "nasflow", *words]
    return subprocess.run(command, stderr=subprocess.PIPE, check=False, **options)  # type: ignore[call-overload,no-any-return]


def test_letters_that_the_terminal_lacks_are_written_as_escapes(tmp_path: Path) -> None:
    (tmp_path / "naïve.jsonl").write_text(ROW * 2)
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    run = _run(
        "data",
        "info",
        "naïve.jsonl",
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
    )
    assert (run.returncode, run.stderr) == (0, b"")
    assert rb"na\xefve.jsonl" in run.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_behind_standard_output_is_one_line() -> None:
    with open("/dev/full", "wb") as full:
        run = _run("data", "list", stdout=full)
    assert run.returncode == 2
    assert run.stderr.count(b"\n") == 1
    assert b"No space left" in run.stderr


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        run = _run("data", "list", stdout=closed)
    assert (run.returncode, run.stderr) == (0, b"")
