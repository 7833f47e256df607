from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from nasflow.datasets.pickle_machine import StandIn
from nasflow.datasets.pickles import load_pickle
from nasflow.errors import DataError, UnsafeFileError


class Attack:
    """What a hostile file holds: a call that unpickling would make."""

    def __init__(self, flag: Path) -> None:
        self.flag = flag

    def __reduce__(self) -> tuple[object, ...]:
        import os

        return os.system, (f"touch {self.flag}",)


def test_a_pickle_that_calls_os_system_is_refused_by_name_and_not_executed(tmp_path: Path) -> None:
    """A benchmark file is a program once it is unpickled."""
    (tmp_path / "evil.pt").write_bytes(pickle.dumps({"perf": Attack(tmp_path / "flag")}))
    with pytest.raises(UnsafeFileError, match=r"posix.system.*nothing was executed"):
        load_pickle(tmp_path / "evil.pt")
    assert not (tmp_path / "flag").exists()


@pytest.mark.parametrize(
    "value", [np.zeros(3), np.datetime64("2020"), np.dtype(object), print, slice(1)]
)
def test_anything_but_plain_numbers_is_refused(tmp_path: Path, value: object) -> None:
    (tmp_path / "x").write_bytes(pickle.dumps(value))
    with pytest.raises((UnsafeFileError, DataError)):
        load_pickle(tmp_path / "x")


def test_numbers_and_named_stand_ins_are_admitted(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(pickle.dumps({"a": [np.float64(1.5), 2], "b": "Attack"}))
    assert load_pickle(tmp_path / "x") == {"a": [1.5, 2], "b": "Attack"}
    (tmp_path / "y").write_bytes(b"cfoo.bar\nBaz\n)\x81}X\x01\x00\x00\x00aK\x07sb.")
    loaded = load_pickle(tmp_path / "y", {("foo.bar", "Baz")})
    assert isinstance(loaded, StandIn)
    assert vars(loaded) == {"a": 7}


def test_a_truncated_pickle_is_a_data_error(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(pickle.dumps({"a": 1})[:-3])
    with pytest.raises(DataError, match="no readable pickle"):
        load_pickle(tmp_path / "x")
