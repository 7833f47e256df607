"""Trees as arrays predict the bits of scikit-learn's, whichever way rows go through them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.tree import ExtraTreeRegressor

from nasflow.prediction.members import forest as forest_module
from nasflow.prediction.members import trees
from nasflow.prediction.members.base import Rows
from nasflow.prediction.members.forest import Forest
from nasflow.prediction.members.trees import Trees
from nasflow.spaces.nb201 import NB201

CELLS = NB201().enumerate()


def fitted_and_more() -> tuple[Trees, Rows, Any, Rows]:
    """A fitted member, the rows and scores that it learnt, and other rows."""
    features = np.random.RandomState(0).randn(60, 8)
    known, others = (Rows(CELLS[:n], {"paths": features[-n:]}) for n in (40, 20))
    scores = np.sin(known.blocks["paths"]).sum(axis=1)
    return Trees(seed=3).fit(known, scores), known, scores, others


def grown(n_rows: int, n_features: int, n_trees: int, seed: int, steps: int) -> tuple[Any, Any]:
    """scikit-learn's trees, and the features that they learnt, of which many are equal."""
    random = np.random.RandomState(seed)
    features = np.float32(random.randint(0, steps, (n_rows, n_features)) / 3)
    labels = random.randint(0, 5, n_rows) / 7
    fitted = [
        ExtraTreeRegressor(max_features=0.5, random_state=seed + i).fit(features, labels).tree_
        for i in range(n_trees)
    ]
    return fitted, features


@given(
    st.integers(1, 30), st.integers(1, 6), st.integers(1, 5), st.integers(0, 99), st.integers(1, 9)
)
def test_all_ways_through_a_forest_lead_to_the_same_bits(
    n_rows: int, n_features: int, n_trees: int, seed: int, steps: int
) -> None:
    fitted, known = grown(n_rows, n_features, n_trees, seed, steps)
    forest = Forest.of(fitted)
    # with rows at the very thresholds, and beside them
    limits = np.concatenate([tree.threshold for tree in fitted])[:, None].astype(np.float32)
    near = np.concatenate([np.nextafter(limits, np.float32(side)) for side in (-9, 9)])
    others = np.tile(np.concatenate([limits, near]), n_features)
    rows = np.concatenate([known, others])
    expected = np.stack([tree.predict(rows)[:, 0] for tree in fitted])
    assert forest.predict(rows).tobytes() == expected.tobytes()
    again = Forest.restore(forest.state(), n_features)
    assert again.predict(rows).tobytes() == expected.tobytes()
    compiled = np.stack([tree.predict(rows)[:, 0] for tree in again.grown(n_features)])
    assert compiled.tobytes() == expected.tobytes()


def test_rows_in_parts_are_predicted_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted, rows = grown(50, 3, 4, seed=1, steps=20)
    forest = Forest.of(fitted)
    at_once = forest.predict(rows)
    monkeypatch.setattr(forest_module, "ROWS", 7)
    assert np.array_equal(forest.predict(rows), at_once)
    assert forest.predict(rows[:0]).shape == (4, 0)


def test_a_state_is_small() -> None:
    fitted, _ = grown(100, 4, 10, seed=2, steps=1000)
    state = Forest.of(fitted).state()
    assert {name: array.dtype for name, array in state.items()} == {
        "feature": np.uint8,
        "threshold": np.float32,
        "leaf": np.uint8,
        "value": np.float64,
    }
    assert len(state["value"]) <= 5 + 1  # the labels, and means of rows that nothing tells apart


@pytest.mark.parametrize("part", ["feature", "threshold", "leaf", "value"])
def test_a_state_that_was_damaged_is_refused(part: str) -> None:
    fitted, _ = grown(20, 3, 2, seed=0, steps=9)
    state = Forest.of(fitted).state()
    with pytest.raises((IndexError, ValueError)):
        Forest.restore(state | {part: state[part][:-1]}, 3)
    with pytest.raises(ValueError, match="features that there are not"):
        Forest.restore(state, 2)


def test_many_rows_go_through_compiled_trees_with_the_same_bits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fitted, known, scores, others = fitted_and_more()
    restored = Trees(seed=3).restore(known, scores, fitted.state())
    few = restored.predict(others)
    monkeypatch.setattr(trees, "MANY", 30)
    many = restored.predict(others)
    assert restored._grown
    for one, other, expected in zip(few, many, fitted.predict(others), strict=True):
        assert one.tobytes() == other.tobytes() == expected.tobytes()
    # what was loaded is written again, whichever way it went
    for name, array in fitted.state().items():
        assert np.array_equal(restored.state()[name], array)


def test_files_without_trees_have_them_grown_again() -> None:
    fitted, known, scores, others = fitted_and_more()
    earlier = Trees(seed=3).restore(known, scores, {})
    assert earlier.predict(others).mean.tobytes() == fitted.predict(others).mean.tobytes()
