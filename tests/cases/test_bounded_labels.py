"""Accuracies in %: predictions of up to 103.26 were given."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasflow import EncoderConfig, FitConfig, Predictor
from nasflow.prediction.label import Label, bent_to
from small import labels, table

TABLE = table(60)
HIGH = 99.9 - np.exp(-labels(TABLE) / 4)  # crowded below 100, a long tail downwards


def test_predictions_of_per_cents_stay_between_0_and_100_in_the_same_order() -> None:
    free = Predictor(model="fgp", encoder=EncoderConfig(width=8), fit=FitConfig(epochs=40, lr=5e-3))
    free.fit(TABLE[:30], HIGH[:30])
    unbounded = free.predict(TABLE)
    assert unbounded.max() > 100
    bounded = Predictor(
        model="fgp", encoder=EncoderConfig(width=8), fit=FitConfig(epochs=40, lr=5e-3)
    )
    bounded.fit(TABLE[:30], HIGH[:30], label=Label("accuracy", "%"))
    predicted = bounded.predict(TABLE)
    assert 0 <= predicted.min() <= predicted.max() <= 100
    assert np.argsort(predicted).tolist() == np.argsort(unbounded).tolist()
    inside = (unbounded >= HIGH[:30].min()) & (unbounded <= HIGH[:30].max())
    assert np.array_equal(predicted[inside], unbounded[inside])


def test_a_blend_keeps_predictions_and_intervals_inside_and_in_the_same_order() -> None:
    free = Predictor().fit(TABLE[:30], HIGH[:30])
    bounded = Predictor().fit(TABLE[:30], HIGH[:30], label=Label("accuracy", "%"))
    predicted = bounded.predict(TABLE)
    assert np.argsort(predicted).tolist() == np.argsort(free.predict(TABLE)).tolist()
    low, high = bounded.interval(TABLE, 0.8)
    assert free.interval(TABLE, 0.8)[1].max() > 100
    assert 0 <= low.min() <= high.max() <= 100
    assert (low <= predicted).all()
    assert (predicted <= high).all()


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20), st.floats(0, 40), st.floats(60, 100)
)
def test_bending_keeps_the_order_and_the_bounds(
    values: list[float], smallest: float, largest: float
) -> None:
    order = np.sort(np.array(values))
    bent = bent_to(order, (0.0, 100.0), (smallest, largest))
    assert (np.diff(bent) >= 0).all()
    assert ((bent >= 0) & (bent <= 100)).all()
    assert np.isfinite(bent).all()


def test_labels_outside_the_bounds_of_their_unit_are_left_alone() -> None:
    predictor = Predictor(model="fgp", encoder=EncoderConfig(width=8), fit=FitConfig(epochs=2))
    predictor.fit(TABLE, HIGH + 50, label=Label("gain", "%"))
    assert predictor.predict(TABLE).max() > 100


def test_a_unit_says_its_bounds() -> None:
    assert Label("accuracy", "%").bounds == (0.0, 100.0)
    assert Label("latency", "ms").bounds is None
    assert Label().in_words == "label, more is better"
    assert Label("e", "", maximise=False).best_first(np.array([2.0, 1.0, 1.0])).tolist() == [
        1,
        2,
        0,
    ]


@pytest.mark.parametrize("edge", [0.0, 100.0])
def test_a_label_at_the_bound_itself_leaves_no_room(edge: float) -> None:
    bent = bent_to(np.array([-5.0, 50.0, 105.0]), (0.0, 100.0), (0.0, 100.0))
    assert bent.tolist() == [0.0, 50.0, 100.0]
    assert edge in bent
