"""The spaces and surrogates that the questions are asked on.

The spaces are those of the reproductions, and one more whose topology never changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nasflow.experiments.settings import SETTINGS, Setting
from nasflow.options.surrogate import SurrogateConfig

SPACES: Mapping[str, Setting] = {
    **SETTINGS,
    "nasbench-macro": Setting(
        "nasbench-macro",
        "nasbench-macro",
        "NAS-Bench-Macro",
        "test_acc_mean",
        "CIFAR-10 test accuracy, mean of three runs; the paper does not use this space",
    ),
}

CURE: Mapping[str, Any] = {"sigma": 0.1, "rescale": 0.5, "activation": "gelu"}
"""Options that keep surrogates of deep graphs bounded: what the question `magnitude` found."""


def published_and_cured(config: SurrogateConfig) -> dict[str, SurrogateConfig]:
    """A space's surrogate as published and with the cure, by what tables call them."""
    cured = SurrogateConfig.from_dict({**config.to_dict(), **CURE})
    return {"as published": config, "rescale 1/2, gelu": cured}
