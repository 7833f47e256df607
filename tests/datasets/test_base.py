from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasflow.datasets import Dataset, Metric
from nasflow.errors import DataError, UnknownNameError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable

TABLE = ArchTable.from_architectures(
    [Architecture(("a", "b"), ((0, 1),)), Architecture(("b",), ())]
)


def dataset(**values: object) -> Dataset:
    columns = {name: np.asarray(value, np.float64) for name, value in values.items()}
    return Dataset(
        "small", TABLE, {n: Metric(n, n, trained=n != "params") for n in columns}, columns
    )


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


def test_equal_repeats_have_the_value_of_one() -> None:
    # three tenths are 0.30000000000000004, of which a third is no tenth
    means = dataset(accuracy=[[0.1, 0.1, 0.1], [0.1, np.nan, np.nan]]).labels("accuracy")
    assert means.tolist() == [0.1, 0.1]


def test_a_table_without_numbers_says_what_was_left_unread() -> None:
    data = dataclasses.replace(dataset(), origin={"left_unread": {"acc": "'0,93'"}})
    with pytest.raises(UnknownNameError, match=r"no metric.*as text: acc \(such as '0,93'\)"):
        data.labels()


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


@given(
    st.lists(
        st.lists(st.floats(allow_nan=True, allow_infinity=False, width=32), min_size=3, max_size=3),
        min_size=2,
        max_size=2,
    )
)
def test_repeats_are_averaged_over_those_that_were_measured(repeats: list[list[float]]) -> None:
    expected = []
    for row in repeats:
        measured = [value for value in row if value == value]
        expected.append(np.mean(measured) if measured else np.nan)
    np.testing.assert_allclose(
        dataset(accuracy=repeats).labels("accuracy"), expected, rtol=1e-9, atol=1e-6
    )


def test_without_a_default_metric_the_legal_ones_are_listed() -> None:
    with pytest.raises(UnknownNameError, match="legal: accuracy, params"):
        dataset(accuracy=[1, 2], params=[3, 4]).labels()


@given(
    st.lists(st.floats(allow_infinity=False), min_size=2, max_size=2),
    st.lists(
        st.lists(st.floats(allow_infinity=False), min_size=3, max_size=3), min_size=2, max_size=2
    ),
)
def test_every_field_comes_back_from_a_file(
    tmp_path_factory: pytest.TempPathFactory, once: list[float], repeats: list[list[float]]
) -> None:
    metrics = {
        "acc / top-1": Metric("acc / top-1", "accuracy, ä", "", maximise=False, trained=False),
        "again": Metric("again", "three trainings"),
    }
    data = Dataset(
        "name",
        TABLE,
        metrics,
        {"acc / top-1": np.array(once), "again": np.array(repeats)},
        default_metric="again",
        space="nb201",
        file_order_is_random=True,
        origin={"files": {"a": "b"}},
    )
    path = tmp_path_factory.mktemp("data") / "d.npz"
    data.save(path)
    loaded = Dataset.load(path)
    for field in dataclasses.fields(Dataset):
        if field.name not in ("table", "values"):
            assert getattr(loaded, field.name) == getattr(data, field.name)
    assert list(loaded.table) == list(TABLE)
    assert loaded.values.keys() == data.values.keys()
    for name, values in data.values.items():
        np.testing.assert_array_equal(loaded.values[name], values)


def test_integers_count_as_the_floats_that_a_file_gives_back(tmp_path: Path) -> None:
    metrics = {"acc": Metric("acc", "accuracy")}
    data = Dataset("small", TABLE, metrics, {"acc": np.array([1, 2])})
    data.save(tmp_path / "d.npz")
    assert data.labels("acc").dtype == np.float64
    assert Dataset.load(tmp_path / "d.npz").content_hash() == data.content_hash()


@pytest.mark.parametrize(
    ("metric", "column", "values", "message"),
    [
        (
            "acc",
            "loss",
            [1, 2],
            "metric 'acc' of small needs 2 values, or as many rows of repeats; seen: none",
        ),
        ("acc", "acc", 1.0, r"seen: shape \(\)"),
        ("acc", "acc", [[[1]], [[2]]], r"seen: shape \(2, 1, 1\)"),
        ("accuracy", "acc", [1, 2], "metric 'accuracy' of small is listed as 'acc'"),
    ],
)
def test_metrics_and_values_must_fit_each_other(
    metric: str, column: str, values: object, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        Dataset("small", TABLE, {"acc": Metric(metric, "")}, {column: np.asarray(values)})


def test_values_without_a_metric_are_refused_since_a_file_would_lose_them() -> None:
    with pytest.raises(DataError, match="'loss', which is none of its metrics: acc"):
        Dataset(
            "small", TABLE, {"acc": Metric("acc", "")}, {"acc": np.zeros(2), "loss": np.zeros(2)}
        )


def test_the_default_metric_is_the_one_that_is_read_unless_told_otherwise() -> None:
    data = dataclasses.replace(dataset(accuracy=[1, 2], params=[3, 4]), default_metric="params")
    assert data.labels().tolist() == [3, 4]
    assert data.labels("accuracy").tolist() == [1, 2]


def test_a_metric_took_a_training_unless_it_says_otherwise() -> None:
    data = Dataset("small", TABLE, {"acc": Metric("acc", "")}, {"acc": np.zeros(2)})
    with pytest.raises(UnknownNameError, match="needs no training"):
        data.proxy("acc")
