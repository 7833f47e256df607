"""The encoders by name. A new encoder is one line here; its module is imported only when asked for."""

from __future__ import annotations

import importlib

from nasflow.config import EncoderConfig
from nasflow.encoders.base import Encoder
from nasflow.errors import unknown_name

_ENCODERS = {
    "resgatedgcn": "nasflow.encoders.resgatedgcn:ResGatedGCN",
}


def encoder_names() -> list[str]:
    """The registered names."""
    return sorted(_ENCODERS)


def make_encoder(n_ops: int, config: EncoderConfig) -> Encoder:
    """A new encoder for a vocabulary of `n_ops` operations, its weights drawn from torch's generator.

    Raises:
        UnknownNameError: `config.name` is not registered; the message lists the names.
    """
    if config.name not in _ENCODERS:
        raise unknown_name("encoder", config.name, encoder_names())
    module, _, attribute = _ENCODERS[config.name].partition(":")
    encoder = getattr(importlib.import_module(module), attribute)(n_ops, config)
    assert isinstance(encoder, Encoder)
    return encoder
