from __future__ import annotations

import dataclasses

import pytest

from nasflow.config import EncoderConfig, FitConfig, Options, PretrainConfig, ProtocolConfig, SurrogateConfig
from nasflow.errors import ConfigError

STAGES = [SurrogateConfig, EncoderConfig, PretrainConfig, FitConfig, ProtocolConfig]


@pytest.mark.parametrize("stage", STAGES)
def test_a_dictionary_gives_the_options_back(stage: type[Options]) -> None:
    assert stage.from_dict(stage().to_dict()) == stage()


@pytest.mark.parametrize("stage", STAGES)
def test_any_change_changes_the_digest(stage: type[Options]) -> None:
    for name, value in (("seed", 5), ("width", 7), ("ratio", 0.5)):
        if hasattr(stage(), name):
            changed = dataclasses.replace(stage(), **{name: value})  # type: ignore[type-var]
            assert changed.digest() != stage().digest()


@pytest.mark.parametrize(("stage", "options", "message"), [
    (SurrogateConfig, {"k": 0}, "k is 0; legal: a whole number of at least 1"),
    (SurrogateConfig, {"k": 2.0}, "k is 2.0"),
    (SurrogateConfig, {"k": True}, "k is True"),
    (SurrogateConfig, {"sigma": 0}, "sigma is 0; legal: a number above 0"),
    (SurrogateConfig, {"sigma": float("nan")}, "sigma is nan"),
    (SurrogateConfig, {"alpha": 1.5}, "alpha is 1.5; legal: a number from 0 to 1"),
    (SurrogateConfig, {"pooling": "median"}, "pooling is 'median'; legal: sum, mean, max"),
    (SurrogateConfig, {"rounds": 2, "directions": "forward"}, "rounds is 2; legal: 1 where directions"),
    (SurrogateConfig, {"seed": -1}, "seed is -1"),
    (EncoderConfig, {"dropout": 1.0}, "dropout is 1.0"),
    (PretrainConfig, {"decoder_layers": 4}, "legal: 1, 2 or 3"),
    (PretrainConfig, {"pretext": "flow+proxy"}, "at least one column name"),
    (PretrainConfig, {"pretext": "flow+flow"}, "each task once"),
    (PretrainConfig, {"weights": [1.0, 2.0]}, "one weight for each of flow"),
    (PretrainConfig, {"weights": [0.0]}, "weights above 0"),
    (FitConfig, {"batch_size": 1}, "a ranking loss compares pairs"),
    (ProtocolConfig, {"ratio": 0}, "ratio is 0"),
    (ProtocolConfig, {"seeds": [1, 1]}, "different whole numbers"),
    (ProtocolConfig, {"n_validation": -1}, "n_validation is -1"),
])
def test_an_illegal_value_is_refused_with_what_is_legal(stage: type[Options], options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        stage.from_dict(options)
