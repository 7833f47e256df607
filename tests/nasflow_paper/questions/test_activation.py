"""What surrogates with other activations keep, and what pre-training on them gains."""

from __future__ import annotations

import numpy as np
import pytest

from nasflow_paper.questions import activation
from nasflow_paper.reproductions.measured import MeasuredRuns
from oracles import OPS
from tiny_space import dataset


def test_effective_directions_are_between_one_and_all() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20_000, 3))
    assert activation.effective_directions(x) == pytest.approx(3, abs=0.01)
    assert activation.effective_directions(x[:, [0, 0, 0]]) == pytest.approx(1)
    assert activation.effective_directions(np.zeros((5, 2))) == 0


def test_the_activation_of_each_operation() -> None:
    named = activation.changes("relu for convolutions, else tanh", OPS)
    assert named == {"op_activations": {"input": "tanh", "maxpool3x3": "tanh", "output": "tanh"}}
    assert activation.changes("tanh", OPS) == {"activation": "tanh"}


def test_activations_after_pre_training_are_set_against_relu_on_the_runs_that_both_have() -> None:
    taus = {
        "none": [0.5, 0.5, 0.5],
        "flow, relu": [0.6, 0.61, 0.62],
        "flow, gelu": [0.7, 0.711, 0.719],
        "flow, tanh": [0.5, 0.7, 0.65],
    }
    entries = [
        {
            "space": "nb201",
            "group": "ResGatedGCN",
            "method": method,
            "split": split,
            "seed": 21,
            "tau": tau,
        }
        for method, of in taus.items()
        for split, tau in enumerate(of)
    ]
    measured = MeasuredRuns(list(entries), {}, [], {"nb201": dataset()}, {})
    assert activation.after_pretraining(measured) == [
        "* NAS-Bench-201, after pre-training: gelu gains most on relu, +10.0 points of tau; clear"
        " (interval over splits without 0) are 1 of 2 differences to relu: gelu +10.0."
    ]
    nothing = MeasuredRuns(
        [entry for entry in entries if entry["method"] == "none"], {}, [], {"nb201": dataset()}, {}
    )
    assert activation.after_pretraining(nothing) == []
