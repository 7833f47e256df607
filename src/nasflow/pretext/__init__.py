"""Tasks that train an encoder without labels."""

from nasflow.pretext.base import Pretext, Step
from nasflow.pretext.registry import make_pretexts, pretext_names

__all__ = ["Pretext", "Step", "make_pretexts", "pretext_names"]
