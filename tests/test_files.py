from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nasflow.errors import DataError, MissingDataError
from nasflow.files import atomic_write, load_npz, save_npz, sha256, write_json, write_text


def test_a_full_disk_leaves_the_old_content_and_no_debris(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    code = (f"import os, signal; from nasflow.files import atomic_write\n"
            f"with atomic_write({str(path)!r}) as f:\n"
            f"    f.write(b'half of the new'); f.flush(); os.kill(os.getpid(), signal.SIGKILL)")
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
