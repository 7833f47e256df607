"""A masked array of labels was trained on with the values that it hides; 10**400, a text or complex
number ended a data set in an error of NumPy's, and dates became numbers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasflow.datasets import Dataset, Metric
from nasflow.errors import DataError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable

TABLE = ArchTable.from_architectures([Architecture((op,)) for op in "abc"])


def dataset(values: Any, name: str = "acc") -> Dataset:
    return Dataset("own", TABLE, {name: Metric(name, "")}, {name: values})


@pytest.mark.parametrize("dtype", [float, int])
def test_what_is_masked_was_not_measured(dtype: type, tmp_path: Path) -> None:
    labels = np.ma.masked_array([90, 0, 92], mask=[False, True, False], dtype=dtype)
    data = dataset(labels)
    np.testing.assert_array_equal(data.labels("acc"), [90, np.nan, 92])
    data.save(tmp_path / "own.npz")
    np.testing.assert_array_equal(
        Dataset.load(tmp_path / "own.npz").labels("acc"), [90, np.nan, 92]
    )
    # the caller's own array stays as it was
    assert labels.data.tolist() == [90, 0, 92]


def test_so_are_masked_repeats() -> None:
    repeats = np.ma.masked_greater([[90, 999], [91, 93], [999, 999]], 100)
    np.testing.assert_array_equal(dataset(repeats).labels("acc"), [90, 92, np.nan])


def test_an_array_that_hides_nothing_is_taken_as_it_is() -> None:
    assert dataset(np.ma.masked_array([1, 2, 3])).labels("acc").tolist() == [1, 2, 3]


@pytest.mark.parametrize("value", [10**400, -(10**400), "high", None.__class__, [1], 1j])
def test_what_is_no_number_is_named_with_its_row(value: Any) -> None:
    with pytest.raises(DataError, match=r"metric 'acc' of own is .* in row \d"):
        dataset([90, value, 92])


def test_dates_are_no_numbers() -> None:
    days = np.array(["2024-11-29", "2024-11-30", "2024-12-01"], "datetime64[D]")
    with pytest.raises(DataError, match="metric 'acc' of own"):
        dataset(days)


@pytest.mark.parametrize(
    "number", [np.float16(0.5), np.int8(3), np.float64("nan"), 1e308, -0.0, True]
)
def test_whatever_is_one_is_taken(number: Any) -> None:
    np.testing.assert_array_equal(dataset([90, number, 92]).labels("acc")[1], float(number))


@pytest.mark.parametrize("name", ["", "a\0b", "a\nb", "\ud800", "x" * 1001, "\x7f"])
def test_a_name_that_no_file_could_hold_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="a metric is called"):
        dataset([1, 2, 3], name)


@pytest.mark.parametrize(
    "name", ["<b>acc</b>", "acc / top-1 (ä)", "精度", "x" * 1000, "a.npy", "../a"]
)
def test_any_other_comes_back_from_a_file(name: str, tmp_path: Path) -> None:
    dataset([1, 2, 3], name).save(tmp_path / "own.npz")
    assert Dataset.load(tmp_path / "own.npz").labels(name).tolist() == [1, 2, 3]
