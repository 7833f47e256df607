"""The encoders by name. A new one of this package is a file and a line here; one of yours needs
neither.

Nothing here imports torch: the command line shows names and options before it is needed.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from nasflow.graphs.table import ArchTable
from nasflow.options.training import EncoderConfig
from nasflow.running.registry import Registry

if TYPE_CHECKING:
    from nasflow.encoders.base import Encoder


def _is_encoder(part: Any) -> bool:
    from nasflow.encoders.base import Encoder

    return isinstance(part, type) and issubclass(part, Encoder)


ENCODERS: Registry[type[Encoder]] = Registry(
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


def encoder_names() -> list[str]:
    """The registered names."""
    return ENCODERS.names()


def with_max_nodes(config: EncoderConfig, table: ArchTable) -> EncoderConfig:
    """The options with `max_nodes` counted in `table`, where it is not given and the encoder needs
    it.

    Raises:
        UnknownNameError: `config.name` is not registered; the message lists the names.
    """
    encoder = ENCODERS.find(config.name)
    if config.max_nodes is None and encoder.has_fixed_size and len(table):
        return dataclasses.replace(config, max_nodes=int(np.diff(table.node_ptr).max()))
    return config


def make_encoder(n_ops: int, config: EncoderConfig) -> Encoder:
    """A new encoder for a vocabulary of `n_ops` operations, its weights drawn from torch's
    generator.

    Raises:
        UnknownNameError: `config.name` is not registered; the message lists the names.
    """
    return ENCODERS.find(config.name)(n_ops, config)
