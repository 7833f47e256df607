"""The splits of the protocol: sizes, order, disjointness."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasflow.errors import ConfigError
from nasflow.statistics.splits import half_split


@pytest.mark.parametrize(
    ("n", "n_half", "n_train", "n_test"),
    [
        (14580, 7290, 72, 7250),
        (15625, 7813, 78, 7772),
        (11221, 5611, 56, 5570),
        (26206, 13103, 131, 13063),
    ],
    ids=["nb101", "nb201", "nb301", "nbgraph"],
)
@pytest.mark.parametrize("seed", [21, 2021, 202121])
def test_sizes_are_those_of_the_paper(
    n: int, n_half: int, n_train: int, n_test: int, seed: int
) -> None:
    split = half_split(n, seed, 0.01, 40, file_order=True)
    assert [
        len(rows) for rows in (split.training_half, split.train, split.validation, split.test)
    ] == [n_half, n_train, 40, n_test]


def test_seed_21_takes_the_rows_in_file_order_where_that_is_published() -> None:
    split = half_split(15625, 21, 0.01, 40, file_order=True)
    assert split.train.tolist() == list(range(78))
    assert split.validation.tolist() == list(range(7813, 7853))
    assert split.test.tolist() == list(range(7853, 15625))


@pytest.mark.parametrize(("seed", "file_order"), [(21, False), (2021, True), (2021, False)])
def test_every_other_split_is_numpys_legacy_permutation(seed: int, file_order: bool) -> None:
    split = half_split(1000, seed, 0.1, 10, file_order=file_order)
    np.random.seed(seed)
    order = np.random.permutation(1000)
    assert split.train.tolist() == order[:50].tolist()
    assert split.training_half.tolist() == order[:500].tolist()
    assert split.validation.tolist() == order[500:510].tolist()
    assert split.test.tolist() == order[510:].tolist()


def test_the_caller_s_random_state_is_left_alone() -> None:
    np.random.seed(5)
    expected = np.random.random()
    np.random.seed(5)
    half_split(1000, 2021, 0.1, 10, file_order=False)
    assert np.random.random() == expected


@given(st.integers(50, 400), st.integers(0, 2**32 - 1), st.floats(0.1, 1), st.integers(0, 20))
def test_no_row_has_two_roles_and_none_is_lost(
    n: int, seed: int, ratio: float, n_validation: int
) -> None:
    split = half_split(n, seed, ratio, n_validation, file_order=False)
    assert sorted([*split.training_half, *split.validation, *split.test]) == list(range(n))
    assert set(split.train) <= set(split.training_half)
    assert len(split.train) == int(ratio * ((n + 1) // 2))


@pytest.mark.parametrize(
    ("n", "ratio", "n_validation"), [(100, 0.01, 10), (100, 1.0, 49), (3, 1.0, 0)]
)
def test_a_split_that_leaves_nothing_to_train_or_test_on_is_refused(
    n: int, ratio: float, n_validation: int
) -> None:
    with pytest.raises(
        ConfigError, match=rf"{n} rows with ratio {ratio:g} and {n_validation} validation rows"
    ):
        half_split(n, 21, ratio, n_validation, file_order=False)


@given(st.integers(60, 200), st.integers(0, 9), st.integers(2, 30), st.integers(0, 9))
def test_groups_stay_on_one_side_of_each_cut(
    n: int, seed: int, n_groups: int, n_validation: int
) -> None:
    groups = np.random.default_rng(seed).integers(n_groups * 3, size=n)
    try:
        split = half_split(n, seed, 0.5, n_validation, file_order=False, groups=groups)
    except ConfigError:
        return
    rows = np.concatenate([split.training_half, split.validation, split.test])
    assert sorted(rows) == list(range(n))
    parts = [set(groups[part]) for part in (split.training_half, split.validation, split.test)]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]
    assert len(split.training_half) >= (n + 1) // 2
    assert len(split.train) == int(0.5 * ((n + 1) // 2))


def test_groups_of_one_change_nothing() -> None:
    plain = half_split(500, 2021, 0.1, 40, file_order=False)
    grouped = half_split(500, 2021, 0.1, 40, file_order=False, groups=np.arange(500))
    for name in ("train", "validation", "test", "training_half"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(grouped, name))
