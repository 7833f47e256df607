from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasflow.running.json_text import RepeatedKeyError, strict_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(VALUES)
def test_what_the_standard_library_writes_is_read_back(value: object) -> None:
    assert strict_json(json.dumps(value)) == value


@pytest.mark.parametrize("text", ['{"a": 1, "a": 1}', '[{"b": {"a": 1, "c": 2, "a": 3}}]'])
def test_a_key_may_stand_once_at_any_depth(text: str) -> None:
    with pytest.raises(RepeatedKeyError, match="'a' stands twice"):
        strict_json(text)


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "1" * 5_000, b"\xff"])
def test_what_is_no_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError, match="."):
        strict_json(text)
