"""Search spaces: what an architecture of each looks like, and how to draw, change and list them."""

from nasflow.spaces.base import Space
from nasflow.spaces.registry import load_space, space_names

__all__ = ["Space", "load_space", "space_names"]
