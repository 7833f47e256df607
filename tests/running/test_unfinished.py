"""A long text file: after a kill at any moment, writing goes on where all was safe."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pytest

from nasflow.errors import ConfigError, DataError
from nasflow.running import unfinished
from nasflow.running.unfinished import UnfinishedFile

WRITER = """
import sys
from nasflow.running import unfinished
unfinished._SECONDS_BETWEEN_SAVES = 0
with unfinished.UnfinishedFile(sys.argv[1], {"of": 1}) as file:
    for n in range(file.state.get("n", 0), 2000):
        file.add(f"{n}\\n", {"n": n + 1})
        print(n, flush=True)
    file.finish()
"""


def test_a_file_that_is_finished_is_there_and_nothing_else(tmp_path: Path) -> None:
    with UnfinishedFile(tmp_path / "deep" / "out.csv", {}) as file:
        assert file.state == {}
        file.add("a\n", {"n": 1})
        file.add("é\n", {"n": 2})
        file.finish()
    assert (tmp_path / "deep" / "out.csv").read_text() == "a\né\n"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out.csv"]


def test_a_writer_that_is_killed_again_and_again_writes_every_line_once(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    for _ in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(out)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        for _ in range(40):
            writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        assert not out.exists()
    subprocess.run([sys.executable, "-c", WRITER, str(out)], check=True, stdout=subprocess.DEVNULL)
    assert out.read_text().split() == [str(n) for n in range(2000)]


def stopped(out: Path, error: BaseException) -> dict[str, int]:
    """Write a line and stop with an error; returns the state at the start."""
    with contextlib.suppress(type(error)), UnfinishedFile(out, {"of": 1}) as file:
        before = file.state
        file.add("a\n", {"n": 1})
        raise error
    return before


def test_an_interruption_keeps_all_and_another_key_begins_anew(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert stopped(out, KeyboardInterrupt()) == {}
    assert stopped(out, OSError("disk full")) == {"n": 1}
    with UnfinishedFile(out, {"of": 2}) as file:
        assert file.state == {}
        file.add("b\n", {"n": 1})
        file.finish()
    assert out.read_text() == "b\n"


def test_an_error_in_the_input_leaves_nothing(tmp_path: Path) -> None:
    stopped(tmp_path / "out.csv", DataError("line 3 is malformed"))
    assert list(tmp_path.iterdir()) == []


def test_damaged_notes_begin_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unfinished, "_SECONDS_BETWEEN_SAVES", -1)
    out = tmp_path / "out.csv"
    for text in ("", "[]", '{"key": {}, "bytes": 10, "state": {"n": 5}}', "\0"):
        (tmp_path / "out.csv.partial").write_text("old")
        (tmp_path / "out.csv.partial.json").write_text(text)
        with UnfinishedFile(out, {}) as file:
            assert file.state == {}
            file.add("new", {})
            file.finish()
        assert out.read_text() == "new"


def test_two_writers_of_one_file_do_not_mix(tmp_path: Path) -> None:
    with UnfinishedFile(tmp_path / "out.csv", {}) as file:
        started = time.monotonic()
        with pytest.raises(ConfigError, match="being written by another process"):
            UnfinishedFile(tmp_path / "out.csv", {}).__enter__()
        assert time.monotonic() - started < 5
        file.add("a", {})
        file.finish()
    assert (tmp_path / "out.csv").read_text() == "a"


def test_a_file_that_was_finished_between_opening_and_locking_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = UnfinishedFile(tmp_path / "out.csv", {}).__enter__()
    first.add("a\n", {})
    lock = unfinished.try_exclusive

    def too_late(file: IO[bytes]) -> contextlib.AbstractContextManager[bool]:
        first.finish()
        first.__exit__(None)
        return lock(file)

    monkeypatch.setattr(unfinished, "try_exclusive", too_late)
    with pytest.raises(ConfigError, match="being written"):
        UnfinishedFile(tmp_path / "out.csv", {}).__enter__()
    assert (tmp_path / "out.csv").read_text() == "a\n"
