"""Options as files of format version 1 have them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from nasflow.encoders.registry import EncoderConfig
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import LONG_PRETRAINING, FitConfig, PretrainConfig
from nasflow.prediction import version_1

# of the default options, as version 1 took them
DIGESTS: list[tuple[Any, Callable[[Any], dict[str, Any]], str]] = [
    (SurrogateConfig(), version_1.surrogate_to_v1, "be667b9f14fb509a"),
    (EncoderConfig(), version_1.encoder_to_v1, "a4f8670905768fcf"),
    (LONG_PRETRAINING, version_1.pretrain_to_v1, "64582e93e64c92f9"),
    (FitConfig(), version_1.fit_to_v1, "70391721c9aa20f9"),
]


@pytest.mark.parametrize(("options", "identity", "digest"), DIGESTS)
def test_identities_are_those_that_were_taken(
    options: Any, identity: Callable[[Any], dict[str, Any]], digest: str
) -> None:
    text = json.dumps([type(options).__name__, identity(options)], sort_keys=True)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == digest


def test_the_options_of_all_become_those_of_one() -> None:
    stored = {"name": "gin", "width": 8, "n_layers": 1, "dropout": 0.0, "n_heads": 3}
    assert version_1.encoder_from_v1(stored) == EncoderConfig("gin", 8, 1, 0.0)
    with_heads = EncoderConfig("transformer", width=9, n_layers=1, dropout=0.0, n_heads=3)
    assert version_1.encoder_from_v1(stored | {"name": "transformer", "width": 9}) == with_heads
    assert version_1.encoder_from_v1(stored | {"name": "mlp", "max_nodes": 4}).to_dict() == {
        "name": "mlp",
        "width": 8,
        "n_layers": 1,
        "dropout": 0.0,
        "max_nodes": 4,
    }


def test_options_of_tasks_go_to_the_tasks_that_are_named() -> None:
    stored = {"pretext": "flow+graphcl", "temperature": 0.5, "mask_share": 0.9, "epochs": 3}
    expected = PretrainConfig(
        pretext="flow+graphcl",
        epochs=3,
        task_options={"graphcl": {"view_share": 0.2, "temperature": 0.5}},
    )
    assert version_1.pretrain_from_v1(stored) == expected
    again = version_1.pretrain_to_v1(expected)
    assert (again["temperature"], again["mask_share"], again["epochs"]) == (0.5, 0.15, 3)


def test_options_that_came_later_mean_their_absence() -> None:
    assert version_1.fit_from_v1({"epochs": 2}) == FitConfig(epochs=2)
    assert version_1.surrogate_from_v1({"k": 3}) == SurrogateConfig(k=3)
