from __future__ import annotations

import errno
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from nasflow.datasets import Dataset, load_dataset
from nasflow.datasets.locate import cached, find_data_file, find_package_file
from nasflow.errors import ConfigError, MissingDataError, MissingExtraError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable


def small(value: float = 0.0) -> Dataset:
    table = ArchTable.from_architectures([Architecture(("a",), ())])
    return Dataset("small", table, {}, {}, origin={"value": value})


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NASFLOW_CACHE", str(tmp_path / "cache"))
    (tmp_path / "source").write_text("content")
    return tmp_path / "source"


def refuse() -> Dataset:
    raise AssertionError("built again")


def test_the_second_load_is_not_built_again(source: Path) -> None:
    cached("small", 1, [source], small)
    assert cached("small", 1, [source], refuse).origin == {"value": 0.0}


def test_other_content_or_another_version_is_built_again(source: Path) -> None:
    cached("small", 1, [source], small)
    assert cached("small", 2, [source], lambda: small(1.0)).origin["value"] == 1.0
    source.write_text("other content")
    assert cached("small", 1, [source], lambda: small(2.0)).origin["value"] == 2.0


def test_a_damaged_copy_is_built_again(source: Path, tmp_path: Path) -> None:
    cached("small", 1, [source], small)
    (copy,) = (tmp_path / "cache").iterdir()
    copy.write_bytes(copy.read_bytes()[:100])
    assert cached("small", 1, [source], lambda: small(3.0)).origin["value"] == 3.0


def test_a_cache_that_cannot_be_written_is_done_without(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NASFLOW_CACHE", str(source / "below-a-file"))
    assert len(cached("small", 1, [source], small)) == 1


def test_missing_files_name_the_variable_and_the_official_source(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("NASFLOW_DATA", raising=False)
    with pytest.raises(MissingDataError, match=r"NASFLOW_DATA is not set.*from here"):
        find_data_file("x.csv", "from here")
    monkeypatch.setenv("NASFLOW_DATA", str(tmp_path))
    with pytest.raises(MissingDataError, match=r"x.csv does not exist.*from here"):
        find_data_file("x.csv", "from here")
    monkeypatch.setenv("NASFLOW_DATA", str(tmp_path / "none"))
    with pytest.raises(ConfigError, match="is no folder"):
        find_data_file("x.csv", "from here")


def test_a_missing_package_says_what_to_install() -> None:
    with pytest.raises(MissingExtraError, match=r"pip install 'nasflow\[nb201\]'"):
        find_package_file("no_such_package", "x", extra="nb201")


def test_nothing_is_kept_that_numpy_would_unpickle(source: Path, tmp_path: Path) -> None:
    cached("small", 1, [source], small)
    (copy,) = (tmp_path / "cache").iterdir()
    with np.load(copy, allow_pickle=False) as archive:
        assert all(archive[name].dtype != object for name in archive.files)


def test_every_damaged_byte_of_a_copy_is_read_or_built_again(source: Path, tmp_path: Path) -> None:
    cached("small", 1, [source], small)
    (copy,) = (tmp_path / "cache").iterdir()
    whole = copy.read_bytes()
    for position in range(0, len(whole), 7):
        copy.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
        assert cached("small", 1, [source], small).origin == {"value": 0.0}


def test_a_damaged_copy_in_a_read_only_cache_is_no_error(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached("small", 1, [source], small)
    (copy,) = (tmp_path / "cache").iterdir()
    copy.write_bytes(b"damaged")

    def read_only(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    for call in ("unlink", "replace"):
        monkeypatch.setattr(os, call, read_only)
    monkeypatch.setattr(Path, "unlink", read_only)
    monkeypatch.setattr(tempfile, "mkstemp", read_only)
    assert cached("small", 1, [source], lambda: small(4.0)).origin["value"] == 4.0


def test_a_copy_of_the_nbgraph_table_loads_within_a_second() -> None:
    first = load_dataset("nbgraph-cora")
    started = time.process_time()  # not the wall clock: other work of the machine does not count
    again = load_dataset("nbgraph-cora")
    assert time.process_time() - started < 1.0
    assert again.content_hash() == first.content_hash()
