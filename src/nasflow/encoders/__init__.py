"""Graph networks that embed architectures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasflow.running.exports import exports

if TYPE_CHECKING:
    from nasflow.encoders.base import Encoder as Encoder
    from nasflow.encoders.base import NodeEncoder as NodeEncoder
    from nasflow.encoders.make import make_encoder as make_encoder
    from nasflow.encoders.registry import ENCODERS as ENCODERS
    from nasflow.encoders.registry import EncoderConfig as EncoderConfig
    from nasflow.encoders.registry import encoder_names as encoder_names

# on use: names and options are there before torch is
__getattr__, __dir__, __all__ = exports(
    __name__,
    base=["Encoder", "NodeEncoder"],
    make=["make_encoder"],
    registry=["ENCODERS", "EncoderConfig", "encoder_names"],
)
