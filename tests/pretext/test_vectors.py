"""Reconstructing given vectors."""

from __future__ import annotations

import numpy as np
import pytest

from nasflow.encoders.make import make_encoder
from nasflow.encoders.registry import EncoderConfig
from nasflow.errors import ConfigError
from nasflow.options.training import PretrainConfig
from nasflow.prediction.pretrain import SurrogateConfig, pretrain
from nasflow.pretext.base import PretextSetting
from nasflow.pretext.vectors import Vectors, vector_columns
from oracles import OPS, random_table

TABLE = random_table(50)
GIVEN = np.random.default_rng(0).normal(3.0, 5.0, (50, 12)).astype(np.float32)


def task(columns: tuple[str, ...]) -> Vectors:
    config = PretrainConfig(pretext="vectors")
    return Vectors(
        PretextSetting(
            make_encoder(len(OPS), EncoderConfig(width=8)), config, SurrogateConfig(), columns
        )
    )


def test_the_targets_are_the_given_vectors_in_their_order_standardised() -> None:
    columns = vector_columns(GIVEN)
    targets = task(("other", *columns)).targets(TABLE, {"other": np.zeros(50), **columns}).numpy()
    np.testing.assert_allclose(
        targets, (GIVEN - GIVEN.mean(axis=0)) / GIVEN.std(axis=0), rtol=1e-4, atol=1e-5
    )


def test_the_loss_begins_at_one() -> None:
    encoder = make_encoder(len(OPS), EncoderConfig(width=8))
    history = pretrain(
        encoder,
        TABLE,
        PretrainConfig(pretext="vectors", epochs=1, lr=1e-9),
        proxies=vector_columns(GIVEN),
    )
    assert history.loss[0] == pytest.approx(1, abs=0.15)


def test_without_vectors_the_error_says_how_to_give_them() -> None:
    with pytest.raises(ConfigError, match="columns vector.0, vector.1"):
        task(("other",))
