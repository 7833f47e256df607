"""Pictures of few rows and of narrow surrogates are drawn as those of many."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from nasflow.experiments.pictures import intervals_picture, principal_components, surrogate_map


@pytest.mark.parametrize(("n_rows", "width"), [(9, 5), (9, 1), (1, 5), (1, 1), (2, 5)])
def test_there_are_two_components_of_any_rows(n_rows: int, width: int, tmp_path: Path) -> None:
    values = np.random.RandomState(0).randn(n_rows, width)
    projected, share = principal_components(values)
    assert projected.shape == (n_rows, 2)
    assert share.shape == (2,)
    assert share.sum() <= 1 + 1e-12
    path = tmp_path / "map.png"
    surrogate_map(path, values, np.arange(n_rows) * 1.0, "title", "legend")
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("n_rows", [1, 2, 40])
def test_intervals_with_and_without_an_end_are_drawn(n_rows: int, tmp_path: Path) -> None:
    predicted = np.random.RandomState(0).randn(n_rows)
    low, high = predicted - 1, predicted + 1
    low[0], high[0] = -np.inf, np.inf
    path = tmp_path / "intervals.png"
    # a warning is an error here: bars of infinite length would be one
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        intervals_picture(path, predicted, (low, high), predicted + 0.5, "title", "label", False)
    assert path.read_bytes().startswith(b"\x89PNG")
