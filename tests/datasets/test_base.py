from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasflow.architecture import Architecture
from nasflow.datasets import Dataset, Metric
from nasflow.errors import DataError, UnknownNameError
from nasflow.table import ArchTable

TABLE = ArchTable.from_architectures([Architecture(("a", "b"), ((0, 1),)), Architecture(("b",), ())])


def dataset(**values: object) -> Dataset:
    columns = {name: np.asarray(value, np.float64) for name, value in values.items()}
    return Dataset("small", TABLE, {n: Metric(n, n, trained=n != "params") for n in columns}, columns)


def test_saving_and_loading_gives_everything_back(tmp_path: Path) -> None:
    data = dataset(accuracy=[1, np.nan], params=[3, 4])
    data.save(tmp_path / "d.npz")
    again = Dataset.load(tmp_path / "d.npz")
    assert again.content_hash() == data.content_hash()
    assert again.metrics == data.metrics


def test_the_content_hash_changes_with_any_value() -> None:
    data = dataset(accuracy=[1, 2])
    assert data.content_hash() != dataset(accuracy=[1, 2.5]).content_hash()
    assert data.content_hash() != dataclasses.replace(data, table=TABLE[[1, 0]]).content_hash()


def test_only_what_needs_no_training_is_a_proxy() -> None:
    data = dataset(accuracy=[1, 2], params=[3, 4])
    assert data.proxy("params").tolist() == [3, 4]
    with pytest.raises(UnknownNameError, match=r"needs no training.*'accuracy'.*legal: params"):
        data.proxy("accuracy")


def test_a_column_of_another_length_is_refused() -> None:
    with pytest.raises(DataError, match="needs 2 values"):
        dataset(accuracy=[1, 2, 3])


def test_a_foreign_npz_is_no_data_set(tmp_path: Path) -> None:
    TABLE.save(tmp_path / "t.npz")
    with pytest.raises(DataError, match="no data set that nasflow wrote"):
        Dataset.load(tmp_path / "t.npz")


@given(st.lists(st.lists(st.floats(allow_nan=True, allow_infinity=False, width=32), min_size=3, max_size=3),
                min_size=2, max_size=2))
def test_repeats_are_averaged_over_those_that_were_measured(repeats: list[list[float]]) -> None:
    expected = [np.mean([x for x in row if x == x]) if any(x == x for x in row) else np.nan for row in repeats]
    np.testing.assert_allclose(dataset(accuracy=repeats).labels("accuracy"), expected, rtol=1e-9, atol=1e-6)


def test_without_a_default_metric_the_legal_ones_are_listed() -> None:
    with pytest.raises(UnknownNameError, match="legal: accuracy, params"):
        dataset(accuracy=[1, 2], params=[3, 4]).labels()
