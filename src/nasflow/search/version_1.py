"""The options of a search as format version 1 has them: those of all strategies in one.

See `nasflow.prediction.version_1` for the options inside them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from nasflow.encoders.registry import EncoderConfig
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import LONG_PRETRAINING, FitConfig
from nasflow.prediction import version_1
from nasflow.search.strategies.registry import SearchConfig

# added after the first studies were kept, with the value that their absence means
_LATER: dict[str, Any] = {
    "mutate_again": 0.0,
    "features": ("surrogate", "counts", "one-hot"),
}

# those of all strategies, with their defaults
_ALL: dict[str, Any] = {
    "n_initial": None,
    "population": 30,
    "tournament": 10,
    "n_parents": 20,
    "n_mutations": 20,
    "round_size": 20,
    "n_pool": 1000,
    "proxies": (),
    "pretrain_rows": 10_000,
}


def options_to_v1(config: SearchConfig) -> dict[str, Any]:
    """What told the options of a search from others; results that were kept are found by it."""
    options = {**_ALL, **config.identity()}
    for name, absent in _LATER.items():
        if name in options and options[name] == absent:
            del options[name]
    # a strategy without a stage had that stage's options all the same, as they are by default
    stages: dict[str, tuple[Any, Callable[[Any], dict[str, Any]]]] = {
        "encoder": (EncoderConfig(), version_1.encoder_to_v1),
        "surrogate": (SurrogateConfig(), version_1.surrogate_to_v1),
        "pretrain": (LONG_PRETRAINING, version_1.pretrain_to_v1),
        "fit": (FitConfig(), version_1.fit_to_v1),
    }
    for stage, (default, identity_of) in stages.items():
        options[stage] = identity_of(getattr(config, stage, default))
    return options


def options_from_v1(data: Mapping[str, Any]) -> dict[str, Any]:
    """The options of the strategy that is named, as JSON values; those of others are left out."""
    options = {**_LATER, **data}
    config = SearchConfig.class_of(str(options.get("strategy")))
    names = {field.name for field in dataclasses.fields(config)}
    options = {name: value for name, value in options.items() if name in names}
    readers = {
        "encoder": version_1.encoder_from_v1,
        "surrogate": version_1.surrogate_from_v1,
        "pretrain": version_1.pretrain_from_v1,
        "fit": version_1.fit_from_v1,
    }
    for stage, read in readers.items():
        if stage in options:
            options[stage] = read(options[stage])
    return config.from_dict(options).to_dict()
