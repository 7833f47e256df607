"""Small tables and options that several tests train on."""

from __future__ import annotations

import dataclasses

import numpy as np

from nasflow import ArchTable, EncoderConfig, FitConfig, Predictor, PretrainConfig, SurrogateConfig
from nasflow.spaces.nb201 import NB201


def encoder_of(name: str, **options: object) -> EncoderConfig:
    """Options of an encoder: of those given the ones that it has."""
    known = {field.name for field in dataclasses.fields(EncoderConfig.class_of(name))}
    return EncoderConfig(name, **{option: v for option, v in options.items() if option in known})  # type: ignore[arg-type]


ENCODER = EncoderConfig(width=8)
SURROGATE = SurrogateConfig(k=4)


def table(n: int = 64) -> ArchTable:
    """`n` random cells of NAS-Bench-201."""
    return NB201().enumerate()[np.random.default_rng(0).permutation(15625)[:n]]


def labels(of: ArchTable) -> np.ndarray:
    """A number that the graph determines: what its operations are worth together."""
    worth = np.array([0.0, -2.0, 0.3, 1.1, 2.0, 0.6, 0.0])
    return np.array([worth[part].sum() for part in np.split(of.ops, of.node_ptr[1:-1])])


def predictor(**fit: int) -> Predictor:
    """An untrained predictor of width 8 with few epochs."""
    return Predictor(
        model="fgp",
        encoder=ENCODER,
        surrogate=SURROGATE,
        pretrain=PretrainConfig(epochs=2, batch_size=16),
        fit=FitConfig(**{"epochs": 3, **fit}),
    )
