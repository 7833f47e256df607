"""Graph networks that embed architectures."""

from nasflow.encoders.base import Encoder
from nasflow.encoders.registry import encoder_names, make_encoder

__all__ = ["Encoder", "encoder_names", "make_encoder"]
