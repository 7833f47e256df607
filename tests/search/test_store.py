"""The file of a study while another process holds it: opening waits, and says so where that takes
too long.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from nasflow.errors import DataError
from nasflow.search import database
from nasflow.search.store import Store


def _held(path: Path, how: str) -> sqlite3.Connection:
    """A connection in the middle of a transaction on a file without tables yet."""
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA user_version = 1")
    connection.execute(f"BEGIN {how}")
    return connection


@pytest.mark.parametrize("how", ["IMMEDIATE", "EXCLUSIVE"])
def test_opening_waits_for_another_process_that_writes(tmp_path: Path, how: str) -> None:
    """Two processes that begin one study at the same moment."""
    other = _held(tmp_path / "study.db", how)
    ends = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    ends.start()
    assert Store(tmp_path / "study.db").trials() == []
    ends.join()


@pytest.mark.parametrize("how", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_file_that_stays_locked_is_not_called_foreign(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "WAIT", 0.2)
    other = _held(tmp_path / "study.db", how)
    with pytest.raises(DataError, match=r"locked by another process for 0\.2 s"):
        Store(tmp_path / "study.db")
    other.close()
