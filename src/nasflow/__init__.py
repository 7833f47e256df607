"""nasflow: predict how good a neural network will be from its graph, after a few dozen trained
examples.

The public names; each is imported when first used, so that `import nasflow` and the command line
start at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasflow.running.exports import exports

if TYPE_CHECKING:
    from nasflow.datasets.base import Dataset as Dataset
    from nasflow.datasets.registry import load_dataset as load_dataset
    from nasflow.datasets.registry import open_dataset as open_dataset
    from nasflow.encoders.base import Encoder as Encoder
    from nasflow.encoders.make import make_encoder as make_encoder
    from nasflow.encoders.registry import EncoderConfig as EncoderConfig
    from nasflow.errors import NasflowError as NasflowError
    from nasflow.experiments.evaluate import evaluate as evaluate
    from nasflow.features.make import to_features as to_features
    from nasflow.graphs.architecture import Architecture as Architecture
    from nasflow.graphs.batch import GraphBatch as GraphBatch
    from nasflow.graphs.table import ArchTable as ArchTable
    from nasflow.options.protocol import ProtocolConfig as ProtocolConfig
    from nasflow.options.surrogate import SurrogateConfig as SurrogateConfig
    from nasflow.options.training import FitConfig as FitConfig
    from nasflow.options.training import PretrainConfig as PretrainConfig
    from nasflow.prediction.blend import Blend as Blend
    from nasflow.prediction.choice import choose as choose
    from nasflow.prediction.gp import GaussianProcess as GaussianProcess
    from nasflow.prediction.predictor import Predictor as Predictor
    from nasflow.pretext.base import Pretext as Pretext
    from nasflow.search.problem import Problem as Problem
    from nasflow.search.strategies.base import Strategy as Strategy
    from nasflow.search.strategies.registry import SearchConfig as SearchConfig
    from nasflow.search.study import Study as Study
    from nasflow.spaces.base import Space as Space
    from nasflow.spaces.registry import load_space as load_space
    from nasflow.statistics.metrics import kendall_tau as kendall_tau
    from nasflow.surrogate import FlowSurrogate as FlowSurrogate

__getattr__, __dir__, __all__ = exports(
    __name__,
    datasets__base=["Dataset"],
    datasets__registry=["load_dataset", "open_dataset"],
    encoders__base=["Encoder"],
    encoders__make=["make_encoder"],
    encoders__registry=["EncoderConfig"],
    errors=["NasflowError"],
    experiments__evaluate=["evaluate"],
    features__make=["to_features"],
    graphs__architecture=["Architecture"],
    graphs__batch=["GraphBatch"],
    graphs__table=["ArchTable"],
    options__protocol=["ProtocolConfig"],
    options__surrogate=["SurrogateConfig"],
    options__training=["FitConfig", "PretrainConfig"],
    prediction__blend=["Blend"],
    prediction__choice=["choose"],
    prediction__gp=["GaussianProcess"],
    prediction__predictor=["Predictor"],
    pretext__base=["Pretext"],
    search__problem=["Problem"],
    search__strategies__base=["Strategy"],
    search__strategies__registry=["SearchConfig"],
    search__study=["Study"],
    spaces__base=["Space"],
    spaces__registry=["load_space"],
    statistics__metrics=["kendall_tau"],
    surrogate=["FlowSurrogate"],
)
