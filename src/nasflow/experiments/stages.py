"""`Stages`: the options of all stages in one value, changed by dotted names.

    {"encoder.width": 256, "task.gmae.mask_share": 0.5, "proxy": "jacov", "ratio": 0.05}

is what such a mapping looks like, with the names that `nasflow evaluate` has: the stage before the
dot, `task` and its name for the options of one pretext task, the protocol's options without any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from nasflow.encoders.registry import EncoderConfig, with_name
from nasflow.errors import unknown_option
from nasflow.options.base import Options
from nasflow.options.protocol import ProtocolConfig
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import LONG_PRETRAINING, FitConfig, PretrainConfig
from nasflow.pretext.registry import task_config


@dataclass(frozen=True)
class Stages:
    """What a grid of runs is made with."""

    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    surrogate: SurrogateConfig = field(default_factory=SurrogateConfig)
    pretrain: PretrainConfig = LONG_PRETRAINING
    fit: FitConfig = field(default_factory=FitConfig)
    protocol: ProtocolConfig = field(default_factory=ProtocolConfig)

    def changed(self, options: Mapping[str, Any]) -> Stages:
        """These options with those of a mapping of dotted names in their place.

        Raises:
            ConfigError: a name that is no option (the message names the nearest), or an illegal
            value.
        """
        # by stage, then by option
        changes: dict[str, dict[str, Any]] = {}
        task_options = {task: dict(values) for task, values in self.pretrain.task_options.items()}
        for name, value in options.items():
            stage, _, option = name.partition(".")
            if name.startswith("task."):
                task, option = _task_option(name)
                task_options.setdefault(task, {})[option] = value
            elif name == "proxy":
                # a text, as on the command line
                proxies = tuple(value.split(",")) if value else ()
                changes.setdefault("pretrain", {})["proxies"] = proxies
            elif option:
                changes.setdefault(stage, {})[option] = value
            else:
                changes.setdefault("protocol", {})[name] = value
        if task_options != self.pretrain.task_options:
            changes.setdefault("pretrain", {})["task_options"] = task_options
        stages: dict[str, Any] = {}
        for stage, values in changes.items():
            # all at once: one alone may be illegal beside what the others were before
            stages[stage] = self._stage(stage, values)
        return replace(self, **stages)

    def _stage(self, stage: str, changes: Mapping[str, Any]) -> Options:
        """The options of a stage with some of them changed."""
        before = getattr(self, stage, None)
        if before is not None and stage == "encoder" and "name" in changes:
            # the encoder first: it decides which other options are legal
            before = with_name(before, changes["name"])
        legal = [] if before is None else [field.name for field in fields(before)]
        values = dict(changes)
        for option, value in changes.items():
            if option not in legal:
                name = option if stage == "protocol" else f"{stage}.{option}"
                raise unknown_option("nasflow evaluate", name, self._options(stage, legal))
            if isinstance(getattr(before, option), float) and isinstance(value, int):
                values[option] = float(value)  # YAML's 1 is to be the same option as 1.0
        assert isinstance(before, Options)  # otherwise no option was legal
        return replace(before, **values)

    def to_dict(self) -> dict[str, Any]:
        """All options as JSON values, stage by stage."""
        return {stage.name: getattr(self, stage.name).to_dict() for stage in fields(self)}

    def _options(self, stage: str, legal: Sequence[str]) -> list[str]:
        """The dotted names that are legal, those of one stage being `legal`."""
        names: list[str] = []
        for each in fields(self):
            options = [option.name for option in fields(getattr(self, each.name))]
            # of the changed encoder, which may have others than the one before
            if each.name == stage:
                options = list(legal)
            prefix = "" if each.name == "protocol" else f"{each.name}."
            names += [prefix + option for option in options]
        return names


def _task_option(name: str) -> tuple[str, str]:
    """Task and option of a name such as `task.gmae.mask_share`; a task's own may hold dots."""
    task, _, option = name.removeprefix("task.").rpartition(".")
    config = task_config(task) if task else None
    legal = [] if config is None else [field.name for field in fields(config)]
    if option not in legal:
        raise unknown_option("nasflow evaluate", name, [f"task.{task}.{other}" for other in legal])
    return task, option
