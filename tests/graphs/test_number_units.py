"""Units of numbers: mean 0 and deviation 1, logarithms where they are wide, missing apart."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.number_units import NumberUnits
from nasflow.graphs.table import ArchTable
from strategies import OPS, numbered


def slow_columns(columns: list[list[float | None]]) -> np.ndarray:
    """Column by column, value by value."""
    shown, missing = [], []
    for column in columns:
        # tables keep float32, and 1 is not quite a decade above the 0.1 of these
        column = [value if value is None else float(np.float32(value)) for value in column]
        there = [value for value in column if value is not None]
        sizes = [abs(value) for value in there if value]
        wide = bool(sizes) and max(sizes) >= 10 * min(sizes)
        curve = (lambda x: math.copysign(math.log1p(abs(x)), x)) if wide else float
        curved = [curve(value) for value in there]
        mean = sum(curved) / len(curved) if curved else 0.0
        deviation = math.sqrt(sum((c - mean) ** 2 for c in curved) / max(len(curved), 1))
        if deviation <= 1e-6:
            deviation = 1.0
        scaled = [0.0 if v is None else (curve(v) - mean) / deviation for v in column]
        shown.append(scaled)
        missing.append([1.0 if value is None else 0.0 for value in column])
    return np.array(shown + missing).T


@given(st.lists(numbered(), min_size=1, max_size=4))
def test_units_are_those_of_a_loop_over_values(graphs: list[Architecture]) -> None:
    table = ArchTable.from_architectures(graphs, OPS)
    units = NumberUnits.of(table)
    columns: list[list[float | None]] = []
    for name in table.attr_names:
        column: list[float | None] = []
        for graph in graphs:
            column += graph.attrs.get(name, [None] * graph.n_nodes)
        columns.append(column)
    seen = units.nodes(table)
    assert seen.shape == (len(table.ops), units.n_node_columns)
    if columns:
        np.testing.assert_allclose(seen, slow_columns(columns), atol=1e-5)
    of_graphs = [[graph.globals.get(name) for graph in graphs] for name in table.global_names]
    if of_graphs:
        np.testing.assert_allclose(units.graphs(table), slow_columns(of_graphs), atol=1e-5)
    again = NumberUnits.from_dict(json.loads(json.dumps(units.to_dict())))
    assert again == units
    assert bool(units) == table.has_numbers


def test_other_tables_are_seen_in_the_same_units() -> None:
    wide = Architecture(("a",) * 4, (), {"width": [1, 10, 100, 1000]}, {"resolution": 32})
    units = NumberUnits.of(ArchTable.from_architectures([wide]))
    none = Architecture(("a", "a"), (), {"width": [None, 1e30]})
    seen = units.nodes(ArchTable.from_architectures([none]))
    # what is far outside is cut off, and what is not there is not 0
    assert seen.tolist() == [[0, 1], [10, 0]]
    assert units.graphs(ArchTable.from_architectures([none])).tolist() == [[0, 1]]
    other = Architecture(("a",), (), {"kernel": [3]})
    with pytest.raises(GraphError, match=r"unknown attrs 'kernel'; legal: width .*without_numbers"):
        units.nodes(ArchTable.from_architectures([other]))
