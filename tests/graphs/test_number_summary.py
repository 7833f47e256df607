"""Units of numbers, merged from parts of a table."""

from __future__ import annotations

import json

import numpy as np
import pytest

from nasflow.graphs.number_summary import NumberSummary
from nasflow.graphs.number_units import Unit

NAN = float("nan")
COLUMNS = {
    "decades": [1, 1000, NAN, 3, 0, 20],
    "near": [5, 6, 7, NAN, 5, 6],
    "equal": [3, 3, 3, 3, 3, 3],
    "none": [NAN] * 6,
    "zeros": [0, 0, NAN, 0, 0, 0],
    "signs": [-1, 200, -30, 4, NAN, 0],
}


@pytest.mark.parametrize("cut", [0, 1, 3, 6])
def test_units_of_two_parts_are_those_of_the_whole(cut: int) -> None:
    names = tuple(COLUMNS)
    columns = np.array(list(COLUMNS.values()), np.float32).T
    parts = [NumberSummary.of(names, columns[:cut]), NumberSummary.of(names, columns[cut:])]
    merged = parts[0].with_others(parts[1])
    merged = NumberSummary.from_state(json.loads(json.dumps(merged.state(), allow_nan=False)))
    for unit, name in zip(merged.units(), names, strict=True):
        whole = Unit.of(name, np.array(COLUMNS[name], np.float32))
        assert (unit.name, unit.logarithmic) == (name, whole.logarithmic)
        assert unit.mean == pytest.approx(whole.mean, abs=1e-12)
        assert unit.deviation == pytest.approx(whole.deviation)


def test_parts_may_have_different_numbers() -> None:
    width = np.array([[1.0], [3.0]], np.float32)
    heads = np.array([[2.0], [2.5]], np.float32)
    merged = NumberSummary.of(["width"], width).with_others(NumberSummary.of(["heads"], heads))
    assert merged.units() == (Unit.of("heads", heads[:, 0]), Unit.of("width", width[:, 0]))
    # names of one file that are the same stay in its order
    both = NumberSummary.of(["b", "a"], np.ones((1, 2), np.float32))
    assert both.with_others(both).names == ("b", "a")
