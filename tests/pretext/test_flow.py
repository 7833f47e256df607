from __future__ import annotations

import torch

from nasflow.batch import GraphBatch
from nasflow.config import EncoderConfig, PretrainConfig, SurrogateConfig
from nasflow.encoders import make_encoder
from nasflow.pretext import Step
from nasflow.pretext.base import PretextSetting
from nasflow.pretext.flow import Flow
from nasflow.surrogate import FlowSurrogate
from small import SURROGATE, table


def test_the_loss_is_the_mean_squared_distance_of_the_reconstruction() -> None:
    cells = table(10)
    task = Flow(PretextSetting(7, 8, PretrainConfig(), SURROGATE))
    targets = task.targets(cells, {})
    assert torch.equal(targets, FlowSurrogate(7, SURROGATE).targets(cells))
    step = Step(make_encoder(7, EncoderConfig(width=8)).eval(), GraphBatch.from_table(cells))
    decoded = task.decoders[0](step.embedding)
    distances = torch.stack([((d - t) ** 2).sum() for d, t in zip(decoded, targets, strict=True)])
    torch.testing.assert_close(task.loss(step, targets), distances.mean() / SURROGATE.k)
    raw = Flow(PretextSetting(7, 8, PretrainConfig(), SurrogateConfig(k=4, standardise=False)))
    raw.load_state_dict(task.state_dict())
    torch.testing.assert_close(raw.loss(step, targets), distances.mean())  # as published


def test_every_round_has_a_decoder_of_its_own() -> None:
    surrogate = SurrogateConfig(k=4, rounds=3)
    task = Flow(PretextSetting(7, 8, PretrainConfig(decoder_layers=1), surrogate))
    assert len(task.decoders) == 3
    assert task.targets(table(5), {}).shape == (5, 12)
