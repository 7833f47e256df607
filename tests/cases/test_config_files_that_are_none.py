"""A file behind --config that is no text, contains itself, or holds nothing ended in a traceback,
or in the words "Unexpected config:".
"""

from __future__ import annotations

from pathlib import Path

import pytest

from command_failures import failure

NINES = "9" * 400


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff\xfe\x00garbage", "byte 0 is no text in UTF-8"),
        (b"a: &a [*a]\n", "Circular reference"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b"", "it holds nothing"),
        (b"# out: x\n", "it holds nothing"),
        (b"- 1\n- 2\n", "it holds a list"),
        (b"just words\n", "it holds a text"),
        (b"3: x\n", "it holds something else"),
        (b"out: x\na: [1, 2\nb: }\n", "line 3: expected ',' or ']'"),
        (b"out: !!python/object/apply:os.getcwd []\n", "line 1: could not determine"),
        (b"out: 2001-99-99\n", "month must be in 1..12"),
    ],
)
@pytest.mark.parametrize("command", ["surrogate", "evaluate", "search"])
def test_it_is_said_what_the_file_holds(
    command: str, content: bytes, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "options.yaml"
    path.write_bytes(content)
    line = failure(capsys, command, "own.jsonl", "--train=x", f"--config={path}")
    assert f"--config {path} holds no options ({reason}" in line
    assert "such as `out: x`" in line


@pytest.mark.parametrize("command", ["surrogate", "evaluate", "search"])
def test_a_key_twice_is_an_error_in_every_command(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "options.yaml"
    path.write_text("out: x\nout: y\n")
    line = failure(capsys, command, "own.jsonl", "--train=x", "--config", str(path))
    assert f"{path}, line 2: the key 'out' stands in line 1 already; keep one" in line


def test_an_option_that_is_none_has_the_nearest_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "options.yaml"
    path.write_text("fit: {epoch: 2}\n")
    line = failure(capsys, "fit", "own.jsonl", "--config", str(path))
    assert "did you mean 'fit.epochs'?" in line


@pytest.mark.parametrize("name", ["", "--"])
@pytest.mark.parametrize("command", ["surrogate", "search"])
def test_no_name_is_no_file(command: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = failure(capsys, command, "own.jsonl", "--train=x", f"--config={name}")
    assert f"--config {name!r} is no file" in line


@pytest.mark.parametrize("words", [[f"--fit.clip={NINES}"], ["--fit.clip", NINES]])
def test_a_number_beyond_all_floats_names_its_option(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    line = failure(capsys, "fit", "own.jsonl", "--fit.lr=0.1", *words)
    assert "--fit.clip cannot be read as it is written (int too large" in line
