"""What a run leaves beside the journal: a record comes back as written, a damaged one is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nasflow.errors import DataError, MissingDataError
from nasflow.experiments.records import RunRecord
from nasflow.running.files import save_npz


def record(**changes: np.ndarray) -> RunRecord:
    arrays = {
        "rows": np.array([4, 2, 9], np.int32),
        "predicted": np.array([0.5, 0.25, 1.0], np.float32),
        "truth": np.array([1.0, 2.0, 3.0], np.float32),
        "validation_tau": np.array([0.1, 0.3], np.float32),
    }
    return RunRecord(**{**arrays, **changes})


def test_a_record_comes_back_as_it_was_and_is_the_only_file(tmp_path: Path) -> None:
    record().save(tmp_path, "abc")
    assert [path.relative_to(tmp_path) for path in tmp_path.rglob("*.npz")] == [
        Path("predictions/abc.npz")
    ]
    for name, array in vars(RunRecord.load(tmp_path, "abc")).items():
        np.testing.assert_array_equal(array, vars(record())[name])
        assert array.dtype == vars(record())[name].dtype


def test_a_missing_or_damaged_record_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"abc\.npz does not exist"):
        RunRecord.load(tmp_path, "abc")
    short, gap = np.array([0.5], np.float32), np.array([0.5, np.nan, 1], np.float32)
    for changes, words in (
        ({"predicted": short}, "3 rows, 1 predictions and 3 labels"),
        ({"truth": gap}, "truth is float32 of shape .3,., or not finite"),
        ({"rows": np.zeros((3, 1), np.int32)}, "rows is int32 of shape .3, 1."),
        ({"rows": np.zeros(3, np.float32)}, "rows is float32"),
    ):
        record(**changes).save(tmp_path, "abc")
        with pytest.raises(DataError, match=words):
            RunRecord.load(tmp_path, "abc")
    save_npz(tmp_path / "predictions" / "abc.npz", {"rows": np.arange(3)})
    with pytest.raises(DataError, match="holds rows; a record of a run holds rows, predicted"):
        RunRecord.load(tmp_path, "abc")
