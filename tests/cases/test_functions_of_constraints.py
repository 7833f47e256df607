"""A constraint's function that raised, or returned text, ended a search with its traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nasflow.errors import ConfigError
from nasflow.search import Constraint, Known, Problem, Study
from search_spaces import CHAIN


def problem(function: Callable[[Any], Any]) -> Problem:
    known = Known(functions={"cost": function})
    return Problem(CHAIN, constraints=(Constraint.parse("cost < 1"),), known=known)


def raising(_: Any) -> float:
    raise KeyError("conv")


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (raising, "quantity 'cost' raised KeyError: 'conv' of the architecture"),
        (lambda _: "many", "quantity 'cost' is 'many', no number, of the architecture"),
        (lambda _: None, "quantity 'cost' is None, no number"),
        (lambda _: np.zeros(3), "no number"),
    ],
)
def test_what_a_function_does_wrong_is_said_in_a_line(
    tmp_path: Path, function: Callable[[Any], Any], words: str
) -> None:
    study = Study(tmp_path / "a", problem(function), "random")
    with pytest.raises(ConfigError, match=words):
        study.ask()


@pytest.mark.parametrize(
    "value", [0, 0.5, False, np.float32(0.5), np.array(0.5), torch.tensor(0.5)]
)
def test_numbers_of_any_kind_are_taken(tmp_path: Path, value: Any) -> None:
    assert Study(tmp_path / "a", problem(lambda _: value), "random").ask()


@pytest.mark.parametrize("value", [float("nan"), np.nan, 10**400])
def test_what_is_not_known_or_too_much_meets_no_bound(tmp_path: Path, value: Any) -> None:
    assert Study(tmp_path / "a", problem(lambda _: value), "random").ask() == []
