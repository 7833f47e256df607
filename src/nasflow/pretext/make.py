"""From options to the tasks of a pre-training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torch import nn

from nasflow.errors import unknown_name
from nasflow.options.training import PretrainConfig
from nasflow.pretext.base import Pretext, PretextSetting
from nasflow.pretext.registry import PRETEXTS, pretext_names, task_config


def make_pretexts(setting: PretextSetting) -> dict[str, Pretext]:
    """The tasks that `setting.config.pretext` names, their decoders drawn from torch's generator.

    Raises:
        UnknownNameError: a task that is not registered; the message lists the names.
        ConfigError: an option that a task does not have, or an illegal value.
    """
    config = setting.config
    for name in (*config.weights, *config.task_options):
        if name not in PRETEXTS:
            kind = "weights" if name in config.weights else "task_options"
            raise unknown_name(f"pretext task among the {kind}", name, pretext_names())
    tasks = {}
    for name in config.tasks:
        options = config.task_options.get(name, {})
        tasks[name] = PRETEXTS.find(name)(replace(setting, options=options))
    return tasks


def with_tasks(config: PretrainConfig, tasks: Sequence[str | type[Pretext]]) -> PretrainConfig:
    """The options with other tasks in the place of theirs: names, or classes.

    Raises:
        ConfigError: a class that is no task; a task named twice.
    """
    names = [task if isinstance(task, str) else PRETEXTS.name_of(task) for task in tasks]
    return replace(config, pretext="+".join(names) or "none")


def completed(config: PretrainConfig) -> PretrainConfig:
    """The options with all those of the tasks that are named, given or not, and of no others.

    Raises:
        UnknownNameError: a task that there is not.
        ConfigError: an option that it does not have.
    """
    task_options = {}
    for name in config.tasks:
        options = task_config(name)
        if options is not None:
            given = config.task_options.get(name, {})
            task_options[name] = options.from_dict(given).to_dict()
    return replace(config, task_options=task_options)


def as_module(tasks: dict[str, Pretext]) -> nn.ModuleDict:
    """The tasks as one module; torch takes no dot in a name, so it becomes an underscore."""
    return nn.ModuleDict({name.replace(".", "_"): task for name, task in tasks.items()})
