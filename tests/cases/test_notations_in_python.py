"""A predictor with a space takes the space's notation as Python has it, not as text alone."""

from __future__ import annotations

import json

import pytest

from nasflow import load_space
from nasflow.errors import ConfigError, GraphError
from nasflow.prediction.inputs import as_table
from nasflow.search.known import Constraint


def test_a_dictionary_or_an_index_is_a_notation() -> None:
    nb101, nb201 = load_space("nb101"), load_space("nb201")
    cell = {
        "module_adjacency": [[0, 1, 0], [0, 0, 1], [0, 0, 0]],
        "module_operations": ["input", "conv3x3-bn-relu", "output"],
    }
    (first,) = as_table([cell], nb101)
    (second,) = as_table([json.dumps(cell)], nb101)
    assert first == second
    assert len(as_table([7, 12], nb201)) == 2


def test_a_key_twice_is_refused() -> None:
    text = '{"ops": ["input", "output"], "edges": [[0, 1]], "edges": []}'
    with pytest.raises((GraphError, ValueError), match="'edges' stands twice"):
        as_table([text])


def test_a_bound_is_a_number_as_files_write_it() -> None:
    assert Constraint.parse("params < 1e6").bound == 1e6
    with pytest.raises(ConfigError, match="no condition"):
        Constraint.parse("params < 1_000")
