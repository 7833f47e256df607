from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from nasflow.datasets.csv_table import architectures, numbers, read_csv
from nasflow.errors import DataError
from nasflow.spaces.nbgraph import NBGraph


def test_named_columns_come_back_plain_or_gzipped(tmp_path: Path) -> None:
    text = "arch,acc,more\nx,1.5,0\ny,,0\n"
    (tmp_path / "t.csv").write_text(text)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(text.encode()))
    for name in ("t.csv", "t.csv.gz"):
        columns = read_csv(tmp_path / name, ["arch", "acc"])
        assert columns["arch"] == ["x", "y"]
        np.testing.assert_array_equal(
            numbers(tmp_path / name, "acc", columns["acc"]), [1.5, np.nan]
        )


def test_errors_name_column_row_and_value(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("arch,acc\nx,1\ny,2,3\n")
    with pytest.raises(DataError, match="no column 'loss'; it has: arch, acc"):
        read_csv(path, ["loss"])
    with pytest.raises(DataError, match="row 1: 3 values"):
        read_csv(path, ["arch"])
    with pytest.raises(DataError, match="row 0: acc is 'high'"):
        numbers(path, "acc", ["high"])


def test_a_truncated_archive_is_a_data_error(tmp_path: Path) -> None:
    whole = gzip.compress(b"arch,acc\n" + b"x,1\n" * 1000)
    (tmp_path / "t.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="no readable CSV"):
        read_csv(tmp_path / "t.csv.gz", ["arch"])


@pytest.mark.parametrize("text", ["nan", "inf", "-Infinity"])
def test_a_value_that_is_not_finite_is_refused_as_in_jsonl(tmp_path: Path, text: str) -> None:
    with pytest.raises(
        DataError, match=f"row 1: acc is '{text}'; it needs a finite number or nothing"
    ):
        numbers(tmp_path / "t.csv", "acc", ["1", text])


def test_a_notation_the_space_refuses_is_named_with_its_row(tmp_path: Path) -> None:
    good = NBGraph().format(NBGraph().parse("0"))
    with pytest.raises(DataError, match=r"t\.csv row 1: .*'9,9' .*no link pattern; legal: 0,0,0,0"):
        architectures(tmp_path / "t.csv", [good, "9,9|gat"], NBGraph().parse)


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("\ufeffarch,acc\nx,1\n".encode())
    assert read_csv(tmp_path / "t.csv", ["arch"]) == {"arch": ["x"]}
