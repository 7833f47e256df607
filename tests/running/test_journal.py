from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from nasflow.errors import DataError
from nasflow.running.journal import Journal


def test_entries_come_back_by_key_the_later_one_winning(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "deep" / "runs.jsonl")
    assert journal.entries() == {}
    for value in (1, 2):
        journal.append({"key": "a", "value": value})
    journal.append({"key": "b"})
    assert journal.entries() == {"a": {"key": "a", "value": 2}, "b": {"key": "b"}}


def test_a_line_torn_by_a_kill_is_left_out_and_then_cut_off(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "runs.jsonl")
    journal.append({"key": "a"})
    whole = journal.path.read_bytes()
    for torn in (b"{", b'{"key": "b"', b'{"key": "b"}'):
        journal.path.write_bytes(whole + torn)
        assert set(journal.entries()) == {"a"}
        journal.append({"key": "c"})
        assert set(journal.entries()) == {"a", "c"}


def test_a_whole_line_that_is_no_entry_is_named(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "runs.jsonl")
    journal.path.write_text('{"key": "a"}\nnonsense\n')
    with pytest.raises(DataError, match="line 2 is no journal entry: b'nonsense'"):
        journal.entries()


def test_nan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        Journal(tmp_path / "runs.jsonl").append({"key": "a", "tau": float("nan")})


def _append_many(path: Path, name: str) -> None:
    for i in range(50):
        Journal(path).append({"key": f"{name}{i}"})


def test_processes_that_append_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    workers = [
        multiprocessing.get_context("fork").Process(target=_append_many, args=(path, name))
        for name in "ab"
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(Journal(path).entries()) == 100
