"""The encoders by name. A new encoder is one line here; its module is imported only when asked for."""

from __future__ import annotations

import dataclasses

import numpy as np

from nasflow.config import EncoderConfig
from nasflow.encoders.base import Encoder
from nasflow.registries import look_up
from nasflow.table import ArchTable

_ENCODERS = {
    "dagnn": "nasflow.encoders.dagnn:DAGNN",
    "digcn": "nasflow.encoders.digcn:DiGCN",
    "flowerformer": "nasflow.encoders.flowerformer:FlowerFormer",
    "gin": "nasflow.encoders.gin:GIN",
    "mlp": "nasflow.encoders.mlp:MLP",
    "resgatedgcn": "nasflow.encoders.resgatedgcn:ResGatedGCN",
    "transformer": "nasflow.encoders.transformer:Transformer",
}


def encoder_names() -> list[str]:
    """The registered names."""
    return sorted(_ENCODERS)


def with_max_nodes(config: EncoderConfig, table: ArchTable) -> EncoderConfig:
    """The options with `max_nodes` counted in `table`, where it is not given and the encoder needs it.

    Raises:
        UnknownNameError: `config.name` is not registered; the message lists the names.
    """
    encoder = look_up("encoder", config.name, _ENCODERS)
    if config.max_nodes is None and encoder.has_fixed_size and len(table):
        return dataclasses.replace(config, max_nodes=int(np.diff(table.node_ptr).max()))
    return config


def make_encoder(n_ops: int, config: EncoderConfig) -> Encoder:
    """A new encoder for a vocabulary of `n_ops` operations, its weights drawn from torch's generator.

    Raises:
        UnknownNameError: `config.name` is not registered; the message lists the names.
    """
    encoder = look_up("encoder", config.name, _ENCODERS)(n_ops, config)
    assert isinstance(encoder, Encoder)
    return encoder
