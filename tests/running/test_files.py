from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasflow.errors import ConfigError, DataError, MissingDataError
from nasflow.running.files import (
    atomic_write,
    check_writable,
    load_npz,
    save_npz,
    sha256,
    write_json,
    write_text,
)


def test_a_full_disk_leaves_the_old_content_and_no_debris(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "result.txt"
    write_text(path, "old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_kill_in_the_middle_of_a_write_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "result.txt"
    write_text(path, "old")
    code = (
        f"import os, signal; from nasflow.running.files import atomic_write\n"
        f"with atomic_write({str(path)!r}) as f:\n"
        f"    f.write(b'half of the new'); f.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert path.read_text() == "old"


def test_the_name_appears_only_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    with atomic_write(path) as file:
        file.write(b"x")
        assert not path.exists()
    assert path.read_bytes() == b"x"


def test_arrays_come_back_and_pickles_are_refused(tmp_path: Path) -> None:
    save_npz(tmp_path / "a.npz", {"x": np.arange(3)})
    assert load_npz(tmp_path / "a.npz")["x"].tolist() == [0, 1, 2]
    np.savez(tmp_path / "p.npz", x=np.array([object()]))
    with pytest.raises(DataError, match="no readable"):
        load_npz(tmp_path / "p.npz")
    with pytest.raises(MissingDataError, match="is a folder"):
        load_npz(tmp_path)


def test_json_refuses_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", {"tau": float("nan")})
    assert not (tmp_path / "x.json").exists()


def test_the_hash_is_that_of_the_content(tmp_path: Path) -> None:
    write_text(tmp_path / "x", "abc")
    assert sha256(tmp_path / "x").startswith("ba7816bf8f01cfea")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("npz") / "a.npz"
    save_npz(path, {"x": np.arange(50), "text": np.array(["a", "b"])})
    return path.read_bytes()


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_archive_is_a_data_error_or_readable(
    whole: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(
        whole[: data.draw(st.integers(0, len(whole)))] if data.draw(st.booleans()) else whole
    )
    for _ in range(data.draw(st.integers(1, 3)) if content else 0):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("npz") / "a.npz"
    path.write_bytes(bytes(content))
    with contextlib.suppress(DataError):  # any other error fails the test
        load_npz(path)


def test_every_byte_of_an_archive_may_be_wrong(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    refused = 0
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
        try:
            load_npz(path)
        except DataError:
            refused += 1
    assert refused > len(whole) / 2


def test_an_interrupted_write_leaves_the_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "result.txt"
    write_text(path, "old")

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_written_file_can_be_read_by_others_as_the_umask_allows(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        write_text(tmp_path / "x", "x")
    finally:
        os.umask(old)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640


def test_a_write_that_runs_out_of_room_leaves_the_old_content_and_no_debris(tmp_path: Path) -> None:
    path = tmp_path / "table.npz"
    save_npz(path, {"x": np.arange(3)})
    # a limit on the size of files stops the write itself, as a full disk does
    code = (
        f"import resource, numpy as np; from nasflow.running.files import save_npz\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        f"save_npz({str(path)!r}, {{'x': np.random.default_rng(0).random(100_000)}})"
    )
    ended = subprocess.run(
        [sys.executable, "-B", "-c", code], check=False, capture_output=True, text=True
    )
    assert "OSError: [Errno 27] File too large" in ended.stderr
    assert load_npz(path)["x"].tolist() == [0, 1, 2]
    assert list(tmp_path.iterdir()) == [path]


def test_a_kill_at_any_moment_leaves_one_whole_version(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    versions = {letter * 200_000 for letter in "ab"}
    code = (
        f"import itertools; from nasflow.running.files import write_text\n"
        f"for letter in itertools.cycle('ab'):\n"
        f"    write_text({str(path)!r}, letter * 200_000)\n"
        f"    print(flush=True)"
    )
    for delay in (0.0, 0.0007, 0.0019, 0.0031):
        writer = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        with writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(delay)
            writer.kill()
        assert path.read_text() in versions


def half_then_fail(path: Path) -> None:
    with atomic_write(path) as file:
        file.write(b"new")
        raise ZeroDivisionError


def test_a_block_that_fails_keeps_the_old_content_and_its_own_error(tmp_path: Path) -> None:
    path = tmp_path / "result.txt"
    write_text(path, "old")
    with pytest.raises(ZeroDivisionError):
        half_then_fail(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_read_is_not_written_over(tmp_path: Path) -> None:
    table, columns, link = (tmp_path / name for name in ("t.csv", "p.npz", "link"))
    for path in (table, columns):
        path.write_text("a")
    link.symlink_to(table)
    source = f"{table}+{columns}"
    for out in (table, columns, link):
        with pytest.raises(ConfigError, match="is what is read"):
            check_writable(out, source, None)
    check_writable(tmp_path / "other.csv", source, "nb201")
