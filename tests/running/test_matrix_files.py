"""Matrices as files, block by block: what other programs read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nasflow.errors import ConfigError, DataError
from nasflow.running import matrix_files
from nasflow.running.matrix_files import Matrix, RawRows, check_ending, write_matrix

VALUES = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)


def matrix(values: np.ndarray, n: int = 7) -> Matrix:
    blocks = (values[start : start + n] for start in range(0, len(values), n))
    return Matrix("x", ("a", "b,c", "d"), True, values.shape, values.dtype, blocks)


@pytest.mark.parametrize("n_rows", [50, 1, 0])
def test_an_npz_has_the_bytes_that_numpy_writes(tmp_path: Path, n_rows: int) -> None:
    values = VALUES[:n_rows]
    write_matrix(tmp_path / "x.npz", matrix(values))
    np.savez_compressed(tmp_path / "n.npz", x=values, names=np.array(["a", "b,c", "d"]))
    assert (tmp_path / "x.npz").read_bytes() == (tmp_path / "n.npz").read_bytes()
    write_matrix(tmp_path / "x.npy", matrix(values))
    np.save(tmp_path / "n.npy", values)
    assert (tmp_path / "x.npy").read_bytes() == (tmp_path / "n.npy").read_bytes()


def test_tables_have_a_column_for_each_name(tmp_path: Path) -> None:
    for ending, read in (("csv", pd.read_csv), ("parquet", pd.read_parquet)):
        write_matrix(tmp_path / f"x.{ending}", matrix(VALUES))
        frame = read(tmp_path / f"x.{ending}")
        assert list(frame.columns) == ["a", "b,c", "d"]
        np.testing.assert_allclose(frame.to_numpy(), VALUES, rtol=1e-8)


def test_rows_of_a_file_come_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix_files, "_BLOCK", 100)
    (tmp_path / "raw").write_bytes(VALUES.tobytes())
    raw = RawRows(tmp_path / "raw", 50, 3, VALUES.dtype)
    blocks = list(raw.blocks())
    assert [len(block) for block in blocks] == [8] * 6 + [2]
    np.testing.assert_array_equal(np.concatenate(blocks), VALUES)
    np.testing.assert_array_equal(raw.column(1), VALUES[:, 1])
    with pytest.raises(DataError, match="too early"):
        list(RawRows(tmp_path / "raw", 51, 3, VALUES.dtype).blocks())


def test_other_endings_are_refused() -> None:
    with pytest.raises(ConfigError, match="legal endings: .csv, .npy, .npz, .parquet"):
        check_ending("x.h5")
