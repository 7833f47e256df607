"""nasflow: predict how good a neural network will be from its graph, after a few dozen trained
examples.

The public names; each is imported when first used, so that `import nasflow` and the command line
start at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasflow.datasets import Dataset, load_dataset, open_dataset
    from nasflow.encoders import Encoder, make_encoder
    from nasflow.errors import NasflowError
    from nasflow.graphs.architecture import Architecture
    from nasflow.graphs.batch import GraphBatch
    from nasflow.graphs.table import ArchTable
    from nasflow.options.protocol import ProtocolConfig
    from nasflow.options.search import SearchConfig
    from nasflow.options.surrogate import SurrogateConfig
    from nasflow.options.training import EncoderConfig, FitConfig, PretrainConfig
    from nasflow.prediction.predictor import Predictor
    from nasflow.spaces import Space, load_space
    from nasflow.surrogate import FlowSurrogate

_HOME = {
    "Architecture": "graphs.architecture",
    "ArchTable": "graphs.table",
    "Dataset": "datasets",
    "Encoder": "encoders",
    "EncoderConfig": "options.training",
    "FitConfig": "options.training",
    "FlowSurrogate": "surrogate",
    "GraphBatch": "graphs.batch",
    "NasflowError": "errors",
    "Predictor": "prediction.predictor",
    "PretrainConfig": "options.training",
    "ProtocolConfig": "options.protocol",
    "SearchConfig": "options.search",
    "Space": "spaces",
    "SurrogateConfig": "options.surrogate",
    "load_dataset": "datasets",
    "load_space": "spaces",
    "make_encoder": "encoders",
    "open_dataset": "datasets",
}

__all__ = [
    "ArchTable",
    "Architecture",
    "Dataset",
    "Encoder",
    "EncoderConfig",
    "FitConfig",
    "FlowSurrogate",
    "GraphBatch",
    "NasflowError",
    "Predictor",
    "PretrainConfig",
    "ProtocolConfig",
    "SearchConfig",
    "Space",
    "SurrogateConfig",
    "load_dataset",
    "load_space",
    "make_encoder",
    "open_dataset",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'nasflow' has no attribute {name!r}")
    return getattr(importlib.import_module(f"nasflow.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
