"""The encoders by name. A new encoder is one line here; its module is imported only when asked for."""

from __future__ import annotations

from nasflow.config import EncoderConfig
from nasflow.encoders.base import Encoder
from nasflow.registries import look_up

_ENCODERS = {
    "flowerformer": "nasflow.encoders.flowerformer:FlowerFormer",
    "gin": "nasflow.encoders.gin:GIN",
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
    encoder = look_up("encoder", config.name, _ENCODERS)(n_ops, config)
    assert isinstance(encoder, Encoder)
    return encoder
