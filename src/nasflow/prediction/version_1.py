"""Options as files of format version 1 have them: checkpoints, studies, journals of results.

There the options of all encoders were one class, and so were those of all tasks, whatever they
named; what told one set of options from another left out the options that had been added later,
where they had the value that their absence means. What files of that version hold is read by the
functions `..._from_v1`; results that were kept are found by the identities that `..._to_v1` give.
Nothing else in the package knows of that version's options.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from nasflow.encoders.registry import EncoderConfig
from nasflow.options.base import Options
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import FitConfig, PretrainConfig

# added after the first results were kept, with the value that their absence means
_LATER: dict[str, dict[str, Any]] = {
    "surrogate": {"rescale": 0.0, "activation": "relu", "op_activations": {}},
    "encoder": {"max_nodes": None},
    "fit": {"average": 1, "epoch_pairs": "validation"},
    "protocol": {"pretrain_on": "all", "pretrain_share": 1.0, "test_metric": None},
}
# of an encoder that has no heads
_NO_HEADS = {"n_heads": 8, "attention_dropout": 0.1}
# which task an option is of, and its default
_TASK_OPTIONS: dict[str, dict[str, Any]] = {
    "proxy": {"proxy_heads": "each", "margin": 0.1, "pairs_per_graph": 32},
    "graphcl": {"view_share": 0.2, "temperature": 0.2},
    "gmae": {"mask_share": 0.15},
    "arch2vec": {"kl_weight": 0.004},
}


def surrogate_from_v1(data: Mapping[str, Any]) -> SurrogateConfig:
    """The options of a surrogate; ConfigError for an option that there is not."""
    return SurrogateConfig.from_dict({**_LATER["surrogate"], **data})


def fit_from_v1(data: Mapping[str, Any]) -> FitConfig:
    """The options of fine-tuning; ConfigError for an option that there is not."""
    return FitConfig.from_dict({**_LATER["fit"], **data})


def encoder_from_v1(data: Mapping[str, Any]) -> EncoderConfig:
    """The options of an encoder: of those of all encoders its own."""
    options = {**_LATER["encoder"], **data}
    config = EncoderConfig.class_of(str(options.get("name")))
    of_encoder = {field.name for field in dataclasses.fields(config)}
    # every file has the options of heads, of encoders without any too
    for name in (*_NO_HEADS, "max_nodes"):
        if name not in of_encoder:
            options.pop(name, None)
    return config.from_dict(options)


def pretrain_from_v1(data: Mapping[str, Any]) -> PretrainConfig:
    """The options of pre-training: of those of all tasks the ones of the tasks that are named."""
    options = dict(data)
    tasks = str(options.get("pretext", "flow")).split("+")
    task_options = {}
    # those of tasks that are not named did nothing, and are let go
    for task, defaults in _TASK_OPTIONS.items():
        values = {name: options.pop(name, default) for name, default in defaults.items()}
        if task in tasks:
            task_options[task] = values
    return PretrainConfig.from_dict({**options, "task_options": task_options})


def surrogate_to_v1(config: SurrogateConfig) -> dict[str, Any]:
    """What told a surrogate's options from others."""
    return without_later("surrogate", config)


def fit_to_v1(config: FitConfig) -> dict[str, Any]:
    """What told the options of fine-tuning from others."""
    return without_later("fit", config)


def encoder_to_v1(config: EncoderConfig) -> dict[str, Any]:
    """What told an encoder's options from others."""
    return {**_NO_HEADS, **without_later("encoder", config)}


def pretrain_to_v1(config: PretrainConfig) -> dict[str, Any]:
    """What told the options of pre-training from others."""
    options = config.identity()
    task_options = options.pop("task_options")
    for task, defaults in _TASK_OPTIONS.items():
        options |= defaults | task_options.get(task, {})
    return options


def without_later(stage: str, config: Options) -> dict[str, Any]:
    """The options less those that came later and have the value that their absence means."""
    later = _LATER[stage]
    identity = config.identity()
    return {
        name: value for name, value in identity.items() if name not in later or value != later[name]
    }
