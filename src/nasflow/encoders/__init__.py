"""Graph networks that embed architectures."""

from nasflow.encoders.base import Encoder, NodeEncoder
from nasflow.encoders.registry import encoder_names, make_encoder, with_max_nodes

__all__ = ["Encoder", "NodeEncoder", "encoder_names", "make_encoder", "with_max_nodes"]
