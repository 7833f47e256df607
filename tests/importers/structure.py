"""The importers of models asked for operations and edges alone, which most tests are about."""

from __future__ import annotations

from functools import partial

from nasflow import importers

from_onnx = partial(importers.from_onnx, numbers=False)
from_torch = partial(importers.from_torch, numbers=False)
