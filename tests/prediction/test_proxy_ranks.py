"""Ranks of proxies as inputs: against a count, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nasflow.errors import ConfigError
from nasflow.prediction.proxy_ranks import ProxyRanks, take, without_value

REFERENCE = {"a": np.array([3.0, np.nan, 1e61, 3.0, -np.inf, -5.0, 0.0]), "b": np.arange(7.0)}


def _counted(value: float, reference: np.ndarray) -> float:
    """The share below plus half the share equal, from -1 to 1; 0 where there is no value."""
    if not np.isfinite(value):
        return 0.0
    known = [r for r in reference if np.isfinite(r)]
    return 2 * sum(1.0 if r < value else 0.5 if r == value else 0.0 for r in known) / len(known) - 1


def test_inputs_are_the_ranks_among_the_finite_values_of_the_reference() -> None:
    new = {
        "b": np.array([3.0, -1.0, 2.5, 99.0, 6.0]),
        "a": np.array([3.0, -5.0, np.nan, 1e200, np.inf]),
    }
    ranks = ProxyRanks.of(["b", "a"], REFERENCE)
    expected = np.stack(
        [[_counted(value, REFERENCE[name]) for value in new[name]] for name in ("b", "a")], axis=1
    )
    inputs = ranks.inputs(new, 5)
    assert inputs.dtype == torch.float32
    np.testing.assert_allclose(inputs.numpy(), expected, atol=1e-6)
    assert ranks.names == ("b", "a")
    assert inputs.abs().max() <= 1


def test_values_that_are_not_finite_are_the_middle_and_told() -> None:
    assert (
        ProxyRanks.of(["a"], REFERENCE).inputs({"a": [np.nan, np.inf, -np.inf]}, 3).tolist()
        == [[0.0]] * 3
    )
    assert (
        without_value(["a", "b"], REFERENCE)
        == "2 of 7 rows have no value of a: they count as in the middle"
    )
    assert without_value(["b"], REFERENCE) == ""
    assert without_value([], {}) == ""


def test_no_columns_are_no_inputs() -> None:
    assert ProxyRanks.of([], {}).inputs({}, 4).shape == (4, 0)


def test_columns_are_taken_at_rows() -> None:
    taken = take({"a": [1.0, 2.0, 3.0]}, np.array([2, 0]))
    np.testing.assert_array_equal(taken["a"], [3.0, 1.0])


def test_a_column_that_is_missing_or_of_another_length_or_tells_nothing_is_named() -> None:
    ranks = ProxyRanks.of(["a"], REFERENCE)
    with pytest.raises(
        ConfigError, match=r"proxy 'a' is among the inputs, but its column is not given; given: b"
    ):
        ranks.inputs({"b": [1.0]}, 1)
    with pytest.raises(ConfigError, match="given: none"):
        ProxyRanks.of(["a"], {})
    with pytest.raises(ConfigError, match=r"'a' has shape \(2,\); 3 architectures need \(3,\)"):
        ranks.inputs({"a": [1.0, 2.0]}, 3)
    for column in ([2.0, 2.0], [np.nan, 2.0], [np.nan, np.nan], []):
        with pytest.raises(ConfigError, match="'a' has no two different finite values"):
            ProxyRanks.of(["a"], {"a": column})
