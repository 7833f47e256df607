from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

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
    with pytest.raises(UnknownNameError, match="needs no training.*'accuracy'.*legal: params"):
        data.proxy("accuracy")


def test_a_column_of_another_length_is_refused() -> None:
    with pytest.raises(DataError, match="needs 2 values"):
        dataset(accuracy=[1, 2, 3])


def test_a_foreign_npz_is_no_data_set(tmp_path: Path) -> None:
    TABLE.save(tmp_path / "t.npz")
    with pytest.raises(DataError, match="no data set that nasflow wrote"):
        Dataset.load(tmp_path / "t.npz")
