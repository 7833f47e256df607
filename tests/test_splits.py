from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasflow.errors import ConfigError
from nasflow.splits import half_split


@pytest.mark.parametrize(("n", "half", "labels", "test"), [
    (14580, 7290, 72, 7250), (15625, 7813, 78, 7772), (11221, 5611, 56, 5570), (26206, 13103, 131, 13063),
])
def test_sizes_are_those_of_the_paper(n: int, half: int, labels: int, test: int) -> None:
    split = half_split(n, 21, 0.01, 40, file_order=True)
    assert (len(split.training_half), len(split.train), len(split.validation), len(split.test)) == (
        half, labels, 40, test)


def test_seed_21_is_the_file_order_only_where_that_is_random() -> None:
    assert half_split(1000, 21, 0.1, 40, file_order=True).train.tolist() == list(range(50))
    permuted = half_split(1000, 21, 0.1, 40, file_order=False).train
    assert permuted.tolist() == np.random.RandomState(21).permutation(1000)[:50].tolist()


def test_other_seeds_permute_as_the_legacy_generator_does() -> None:
    np.random.seed(2021)
    expected = np.random.permutation(1000)
    split = half_split(1000, 2021, 0.1, 40, file_order=True)
    np.testing.assert_array_equal(np.concatenate([split.training_half, split.validation, split.test]), expected)


@given(st.integers(100, 400), st.integers(0, 99), st.floats(0.1, 1.0), st.integers(0, 20))
def test_no_row_has_two_roles(n: int, seed: int, ratio: float, n_validation: int) -> None:
    split = half_split(n, seed, ratio, n_validation, file_order=False)
    rows = np.concatenate([split.training_half, split.validation, split.test])
    assert sorted(rows) == list(range(n))
    assert set(split.train) <= set(split.training_half)


def test_too_few_rows_say_what_would_be_left() -> None:
    with pytest.raises(ConfigError, match="leave 1 to train on and 10 to test on"):
        half_split(100, 21, 0.02, 40, file_order=True)
