from __future__ import annotations

import inspect

import pytest

from nasflow import errors
from nasflow.errors import NasflowError, nearest, unknown_name, unknown_option

KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, NasflowError)
]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not NasflowError])
def test_every_error_also_is_a_built_in_one(kind: type[NasflowError]) -> None:
    built_in = {base for base in kind.__mro__ if base.__module__ == "builtins"}
    assert built_in > set(Exception.__mro__)


def test_an_unknown_name_comes_with_the_nearest_and_all_legal_ones() -> None:
    error = unknown_name("colour", "gren", ["red", "green"])
    assert str(error) == "unknown colour 'gren' (did you mean 'green'?); legal: red, green"
    assert str(unknown_name("colour", "x", ["red"])) == "unknown colour 'x'; legal: red"
    assert isinstance(error, LookupError)


def test_an_unknown_option_names_its_owner() -> None:
    error = unknown_option("fit", "epoch", ["epochs", "lr"])
    assert str(error) == "unknown fit option 'epoch' (did you mean 'epochs'?); legal: epochs, lr"
    assert isinstance(error, ValueError)


def test_a_common_long_name_leads_to_its_short_one_where_that_is_legal() -> None:
    assert nearest("lerning_rate", ["lr", "epochs"]) == "lr"
    assert nearest("lerning_rate", ["epochs"]) is None
