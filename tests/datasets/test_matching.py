from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nasflow.datasets.matching import matching_rows, picked

numbers = st.integers(0, 12)


@given(st.sets(numbers), st.lists(numbers))
def test_columns_are_joined_as_a_dictionary_would(ids: set[int], wanted: list[int]) -> None:
    values = np.arange(len(ids)) + 0.5
    by_id = dict(zip(sorted(ids), values.tolist(), strict=True))
    rows = matching_rows(np.array(sorted(ids), np.uint64), np.array(wanted, np.uint64))
    expected = [by_id.get(key, np.nan) for key in wanted]
    np.testing.assert_array_equal(picked(values, rows), expected)


def test_ids_of_text_are_matched_too() -> None:
    rows = matching_rows(np.array(["a", "ab", "b"]), np.array(["b", "", "ab", "z"]))
    assert rows.tolist() == [2, -1, 1, -1]
