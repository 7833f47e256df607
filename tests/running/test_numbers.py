from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasflow.running.numbers import number_in, number_of


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


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, 1.0),
        (2.5, 2.5),
        (np.float16(0.5), 0.5),
        (np.int8(3), 3.0),
        (np.float64(0.25), 0.25),
        (Decimal("1.5"), 1.5),
        (10**400, math.inf),
        (-(10**400), -math.inf),
        (Decimal("1e400"), math.inf),
    ],
)
def test_numbers_of_every_library(value: object, number: float) -> None:
    assert number_of(value) == number
    assert type(number_of(value)) is float


@pytest.mark.parametrize("value", [True, np.bool_(True), "1", b"1", None, [1], 1j, np.array([1])])
def test_what_is_no_number_of_any_library(value: object) -> None:
    assert number_of(value) is None
