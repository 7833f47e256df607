"""`Stages`: the options of all stages in one value, changed by the dotted names that `nasflow
evaluate` has.

    {"encoder.width": 256, "proxy": "jacov", "ratio": 0.05}

is what such a mapping looks like: the stage before the dot, the protocol's options without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from nasflow.errors import unknown_option
from nasflow.options.protocol import ProtocolConfig
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import EncoderConfig, FitConfig, PretrainConfig


@dataclass(frozen=True)
class Stages:
    """What a grid of runs is made with."""

    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    surrogate: SurrogateConfig = field(default_factory=SurrogateConfig)
    pretrain: PretrainConfig = field(default_factory=PretrainConfig)
    fit: FitConfig = field(default_factory=FitConfig)
    protocol: ProtocolConfig = field(default_factory=ProtocolConfig)

    def changed(self, options: Mapping[str, Any]) -> Stages:
        """These options with those of a mapping of dotted names in their place.

        Raises:
            ConfigError: a name that is no option (the message names the nearest), or an illegal
            value.
        """
        changes: dict[str, dict[str, Any]] = {}
        for name, value in options.items():
            stage, dot, option = name.rpartition(".")
            if name == "proxy":
                stage, option = "pretrain", "proxies"
                value = tuple(value.split(",")) if value else ()
            elif not dot:
                stage = "protocol"
            legal = self._options()
            if f"{stage}.{option}" not in legal:
                raise unknown_option(
                    "nasflow evaluate", name, [n.removeprefix("protocol.") for n in legal]
                )
            if isinstance(getattr(getattr(self, stage), option), float) and isinstance(value, int):
                value = float(value)  # YAML's 1 is to be the same option as 1.0
            changes.setdefault(stage, {})[option] = value
        return replace(
            self, **{stage: replace(getattr(self, stage), **new) for stage, new in changes.items()}
        )

    def to_dict(self) -> dict[str, Any]:
        """All options as JSON values, stage by stage."""
        return {stage.name: getattr(self, stage.name).to_dict() for stage in fields(self)}

    def _options(self) -> list[str]:
        return [
            f"{stage.name}.{option.name}"
            for stage in fields(self)
            for option in fields(getattr(self, stage.name))
        ]
