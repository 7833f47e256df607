"""`skip[width=8]` and `skip[width=16]` were two operations: of 30 trainings 10 were of twins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasflow.errors import ConfigError
from nasflow.search import Problem, Study
from nasflow.spaces.custom import CustomSpace


def space(features: Any, ops: tuple[str, ...] = ("conv", "pool", "skip")) -> CustomSpace:
    return CustomSpace({"ops": list(ops), "n_nodes": 3, "edges": "chain", "features": features})


def test_features_belong_to_the_operations_that_have_them() -> None:
    own = space({"conv": {"width": [8, 16]}, "pool": {"stride": [1, 2]}})
    assert own.choices == (
        "conv[width=8]",
        "conv[width=16]",
        "pool[stride=1]",
        "pool[stride=2]",
        "skip",
    )
    both = space({"width": [8, 16], "conv": {"kernel": [3, 5]}})
    assert "conv[width=8,kernel=5]" in both.choices
    assert "pool[width=16]" in both.choices
    assert "skip" in both.choices


def test_a_step_and_its_reverse_are_both_one_choice() -> None:
    one = space({"width": [8, 16], "conv": {"kernel": [3, 5]}})
    assert one.alternatives("conv[width=8,kernel=3]") == [
        "pool[width=8]",
        "skip",
        "conv[width=16,kernel=3]",
        "conv[width=8,kernel=5]",
    ]
    for op in one.choices:
        for other in one.alternatives(op):
            assert op in one.alternatives(other)


@pytest.mark.parametrize("features", [{"width": [8, 16]}, {"conv": {"width": [8, 16]}}])
def test_an_identity_has_no_features_and_no_twin_is_trained_twice(
    tmp_path: Path, features: Any
) -> None:
    one = space(features, ("conv", "none", "skip"))
    assert one.choices == ("conv[width=8]", "conv[width=16]", "none", "skip")
    study = Study(tmp_path / "a", Problem(one), "evolution")
    networks = set()
    for trial in study.ask(30):
        study.tell(trial, 1.0)
        # as they compute: skips are passed through
        ops = [op for op in trial.architecture.ops if op != "skip"]
        networks.add(tuple(ops) if "none" not in ops else ())
    assert len(networks) == len(study.trials())


def test_a_space_with_features_of_all_operations_is_as_before() -> None:
    one = space({"w": [1, 2], "k": [3, 5]}, ("a", "b"))
    assert one.choices[:3] == ("a[w=1,k=3]", "a[w=1,k=5]", "a[w=2,k=3]")
    assert one.alternatives("a[w=1,k=3]") == ["b[w=1,k=3]", "a[w=2,k=3]", "a[w=1,k=5]"]
    assert one.sample(np.random.default_rng(0)).ops[0] == "input"


@pytest.mark.parametrize(
    ("features", "words"),
    [
        ({"mlp": {"width": [1]}}, "names the operation 'mlp', which is not among ops; legal: conv"),
        ({"skip": {"width": [1]}}, "gives 'skip' features"),
        ({"width": [1], "conv": {"width": [2]}}, "give it once"),
        ({"conv": {"width": []}}, "a list of different numbers"),
        ({"conv": {"width": {"a": [1]}}}, "a list of different numbers"),
    ],
)
def test_what_is_not_legal_is_said(features: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        space(features)
