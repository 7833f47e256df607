"""Moments that are merged from parts are those of the whole."""

from __future__ import annotations

import json

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from nasflow.statistics.moments import Moments
from nasflow.surrogate import standardised

VALUES = st.one_of(st.just(float("nan")), st.floats(-1e6, 1e6))


@given(st.lists(st.lists(st.tuples(VALUES, VALUES), max_size=5), max_size=5))
def test_parts_have_the_moments_of_the_whole(parts: list[list[tuple[float, float]]]) -> None:
    arrays = [np.array(part, float).reshape(-1, 2) for part in parts]
    merged = Moments.nothing(2)
    for array in arrays:
        merged = merged.with_others(Moments.of(array))
        merged = Moments.from_state(json.loads(json.dumps(merged.state())))
    whole = np.concatenate([np.zeros((0, 2)), *arrays])
    for j, column in enumerate(whole.T):
        values = column[~np.isnan(column)]
        assert merged.n[j] == len(values)
        assert merged.largest[j] == np.abs(values).max(initial=0)
        if len(values):
            np.testing.assert_allclose(merged.mean[j], values.mean(), rtol=1e-9, atol=1e-9)
            np.testing.assert_allclose(merged.deviation[j], values.std(), rtol=1e-6, atol=1e-6)


def test_columns_are_standardised_as_surrogates_are() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(5, 2, (1000, 4)).astype(np.float32)
    values[:, 1] = 0.1
    values[:, 2] = 1e8 + values[:, 0]
    moments = Moments.nothing(4)
    for start in range(0, 1000, 300):
        moments = moments.with_others(Moments.of(values[start : start + 300]))
    whole = standardised(torch.from_numpy(values)).numpy()
    np.testing.assert_allclose(moments.standardised(values), whole, rtol=1e-6, atol=1e-6)
    assert not whole[:, 1].any()
