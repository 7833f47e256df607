"""nasflow: predict how good a neural network will be from its graph, after a few dozen trained examples.

The public names; each is imported when first used, so that `import nasflow` and the command line start at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasflow.architecture import Architecture
    from nasflow.batch import GraphBatch
    from nasflow.config import (
        EncoderConfig,
        FitConfig,
        PretrainConfig,
        ProtocolConfig,
        SearchConfig,
        SurrogateConfig,
    )
    from nasflow.datasets import Dataset, load_dataset, open_dataset
    from nasflow.encoders import Encoder, make_encoder
    from nasflow.errors import NasflowError
    from nasflow.predictor import Predictor
    from nasflow.spaces import Space, load_space
    from nasflow.surrogate import FlowSurrogate
    from nasflow.table import ArchTable

_HOME = {
    "Architecture": "architecture",
    "ArchTable": "table",
    "Dataset": "datasets",
    "Encoder": "encoders",
    "EncoderConfig": "config",
    "FitConfig": "config",
    "FlowSurrogate": "surrogate",
    "GraphBatch": "batch",
    "NasflowError": "errors",
    "Predictor": "predictor",
    "PretrainConfig": "config",
    "ProtocolConfig": "config",
    "SearchConfig": "config",
    "Space": "spaces",
    "SurrogateConfig": "config",
    "load_dataset": "datasets",
    "load_space": "spaces",
    "make_encoder": "encoders",
    "open_dataset": "datasets",
}

__all__ = [
    "ArchTable", "Architecture", "Dataset", "Encoder", "EncoderConfig", "FitConfig", "FlowSurrogate", "GraphBatch",
    "NasflowError", "Predictor", "PretrainConfig", "ProtocolConfig", "SearchConfig", "Space", "SurrogateConfig",
    "load_dataset", "load_space", "make_encoder", "open_dataset",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'nasflow' has no attribute {name!r}")
    return getattr(importlib.import_module(f"nasflow.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
