from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasflow.running.numbers import number_in


@given(st.floats(allow_nan=False))
def test_what_python_writes_is_read_back(value: float) -> None:
    assert number_in(repr(value)) == value
    assert number_in(f"  {value:.17g}\r\n") == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0),
        ("+1.", 1.0),
        (".5", 0.5),
        ("007", 7.0),
        ("-0.0", -0.0),
        ("1E+3", 1000.0),
        ("1e400", math.inf),
        ("-Infinity", -math.inf),
        ("INF", math.inf),
    ],
)
def test_numbers(text: str, value: float) -> None:
    number = number_in(text)
    assert number == value
    assert number is not None
    assert math.copysign(1, number) == math.copysign(1, value)


def test_nan_is_told_from_no_number() -> None:
    number = number_in("NaN")
    assert number is not None
    assert math.isnan(number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1_000",
        "8_1",
        "20241129_101500",
        "٣",
        "９０",
        "1,5",
        "1 000",
        "93.5 %",
        "0x10",
        "1e",
        "e5",
        ".",
        "+",
        "--1",
        "1.2.3",
        "nano",
        "inf.",
        "1\x00",
        "1\u00a0",
        "\ud800",
        "1j",
        "true",
    ],
)
def test_what_is_no_number(text: str) -> None:
    assert number_in(text) is None


def test_a_million_characters_take_no_time() -> None:
    assert number_in("1" * 1_000_000 + "x") is None
    assert number_in("1" * 1_000_000) == math.inf
