"""The encoders by name, and the options that all of them have.

A new encoder of this package is a file and a line here; one of yours needs neither
(`module:Class`, `file.py:Class`, an entry point of the group `nasflow.encoders`). Nothing here
imports torch: the command line shows names and options before it is needed.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

from nasflow.options.base import DispatchedOptions
from nasflow.running.registry import Registry, imported


def _is_encoder(part: Any) -> bool:
    # the class by its name, for importing it would import torch
    return isinstance(part, type) and issubclass(part, imported("nasflow.encoders.base:Encoder"))


ENCODERS: Registry[type[Any]] = Registry(
    "encoder",
    "nasflow.encoders",
    {
        "dagnn": "nasflow.encoders.dagnn:DAGNN",
        "digcn": "nasflow.encoders.digcn:DiGCN",
        "flowerformer": "nasflow.encoders.flowerformer:FlowerFormer",
        "gin": "nasflow.encoders.gin:GIN",
        "mlp": "nasflow.encoders.mlp:MLP",
        "resgatedgcn": "nasflow.encoders.resgatedgcn:ResGatedGCN",
        "transformer": "nasflow.encoders.transformer:Transformer",
    },
    _is_encoder,
    "a subclass of nasflow.Encoder",
)

# of this package, those that have options of their own: the others need not be imported to tell
_WITH_OPTIONS = ("flowerformer", "mlp", "transformer")


@dataclass(frozen=True)
class EncoderConfig(DispatchedOptions):
    """The graph network that turns an architecture into a vector: the options that all have.

    Called with the name of an encoder that has more, it gives that encoder's options.

    Example:
        >>> EncoderConfig("transformer", width=64, n_heads=4)
        TransformerConfig(name='transformer', width=64, n_layers=3, dropout=0.1, n_heads=4, \
attention_dropout=0.1)
    """

    key: ClassVar[str] = "name"

    name: str = "resgatedgcn"
    """Which encoder: a registered name, or file.py:Class or module:Class of your own."""
    width: int = 128
    """Width of the node states in a layer, and of the embedding (gin: n_layers times as wide)."""
    n_layers: int = 3
    """Number of layers."""
    dropout: float = 0.1
    """Share of the node states dropped after each layer in training."""

    def __post_init__(self) -> None:
        self._size("width")
        self._positive_int("n_layers", high=1000)
        self._number("dropout", 0, 0.99)

    @classmethod
    def class_of(cls, name: str) -> type[EncoderConfig]:
        """The class of an encoder's options; this one where the name is none or has no more."""
        if name not in ENCODERS or (name in ENCODERS.builtin and name not in _WITH_OPTIONS):
            return EncoderConfig
        config: type[EncoderConfig] = ENCODERS.find(name).Config
        return config


def encoder_names() -> list[str]:
    """The registered names."""
    return ENCODERS.names()


def with_name(config: EncoderConfig, name: str) -> EncoderConfig:
    """The options of another encoder, those that all have as they are."""
    shared = {f.name: getattr(config, f.name) for f in dataclasses.fields(EncoderConfig)}
    return EncoderConfig(**{**shared, "name": name})
