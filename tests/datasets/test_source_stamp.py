"""A source is another one once any of its files is."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasflow.datasets.source_stamp import SourceStamp
from nasflow.errors import DataError


@pytest.mark.parametrize("changed", ["archs.jsonl", "proxies.npz"])
def test_of_a_table_with_columns_of_another_file_both_count(tmp_path: Path, changed: str) -> None:
    for name in ("archs.jsonl", "proxies.npz"):
        (tmp_path / name).write_text("a")
    source = f"{tmp_path / 'archs.jsonl'}+{tmp_path / 'proxies.npz'}"
    stamp = SourceStamp.of(source)
    stamp.check()
    (tmp_path / changed).write_text("ab")
    assert SourceStamp.of(source) != stamp
    with pytest.raises(DataError, match="was changed or replaced"):
        stamp.check()


def test_a_plus_may_be_part_of_a_name(tmp_path: Path) -> None:
    path = tmp_path / "a+b.jsonl"
    path.write_text("a")
    assert SourceStamp.of(str(path)).files == [[1, path.stat().st_mtime_ns]]
    assert SourceStamp.of("nb201").files == [None]
