"""The task flow: its targets are the surrogates, its loss the squared distance to them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from nasflow.encoders.base import NodeEncoder
from nasflow.encoders.make import make_encoder
from nasflow.encoders.registry import EncoderConfig
from nasflow.errors import UnknownNameError
from nasflow.graphs.batch import GraphBatch
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import PretrainConfig
from nasflow.pretext.base import PretextSetting, Step
from nasflow.pretext.flow import Flow
from nasflow.pretext.make import make_pretexts
from nasflow.pretext.registry import pretext_names
from nasflow.surrogate import FlowSurrogate
from oracles import OPS, random_table

ENCODER = EncoderConfig(width=8, dropout=0)


def _flow(surrogate: SurrogateConfig, **options: int) -> Flow:
    return Flow(
        PretextSetting(make_encoder(len(OPS), ENCODER), PretrainConfig(**options), surrogate)
    )


@pytest.mark.parametrize("standardise", [True, False])
def test_the_targets_are_the_surrogates_of_the_table(standardise: bool) -> None:
    config = SurrogateConfig(k=4, sigma=1.0, rounds=2, standardise=standardise)
    table = random_table(30)
    assert torch.equal(_flow(config).targets(table, {}), FlowSurrogate(5, config).targets(table))


@pytest.mark.parametrize("standardise", [True, False])
def test_the_loss_is_the_mean_squared_distance_to_the_decoded_embedding(standardise: bool) -> None:
    """The sum over the components, as published, of raw surrogates; else their mean."""
    config = SurrogateConfig(k=4, sigma=1.0, rounds=2, standardise=standardise)
    table = random_table(30)
    flow, encoder = _flow(config), make_encoder(5, ENCODER)
    targets, step = flow.targets(table, {}), Step(encoder, GraphBatch.from_table(table))
    z = encoder(GraphBatch.from_table(table)).detach()
    total = 0.0
    for row in range(30):
        for i, decode in enumerate(flow.decoders):
            of_round = targets[row, 4 * i : 4 * i + 4]
            total += (decode(z[row]) - of_round).square().sum().item()
    expected = total / 30 / (8 if standardise else 1)
    assert flow.loss(step, targets).item() == pytest.approx(expected, rel=1e-4)


def test_there_is_a_decoder_for_each_round() -> None:
    assert len(_flow(SurrogateConfig(k=4, rounds=3)).decoders) == 3


@pytest.mark.parametrize(
    ("layers", "shapes"), [(1, [(8, 4)]), (2, [(8, 6), (6, 4)]), (3, [(8, 6), (6, 3), (3, 4)])]
)
def test_decoders_have_the_layers_of_the_options(
    layers: int, shapes: list[tuple[int, int]]
) -> None:
    decoder = _flow(SurrogateConfig(k=4), decoder_layers=layers, decoder_width=6).decoders[0]
    assert isinstance(decoder, nn.Sequential)
    linear = [module for module in decoder if isinstance(module, nn.Linear)]
    assert [(module.in_features, module.out_features) for module in linear] == shapes
    assert len(decoder) == 2 * layers - 1  # a relu between any two


def test_the_encoder_runs_once_a_step() -> None:
    class Counting(NodeEncoder):
        calls = 0

        def nodes(self, batch: GraphBatch) -> torch.Tensor:
            Counting.calls += 1
            return torch.zeros(batch.n_nodes, 8)

    step = Step(Counting(5, ENCODER), GraphBatch.from_table(random_table(3)))
    assert step.embedding is step.embedding
    assert step.nodes is step.nodes
    assert Counting.calls == 1


def test_tasks_are_made_by_name_and_unknown_ones_refused() -> None:
    assert pretext_names() == ["arch2vec", "flow", "gmae", "graphcl", "proxy", "vectors"]
    config = PretrainConfig(pretext="flow+proxy", proxies=("a",))
    setting = PretextSetting(make_encoder(5, ENCODER), config, SurrogateConfig())
    assert list(make_pretexts(setting)) == ["flow", "proxy"]
    setting = PretextSetting(
        make_encoder(5, ENCODER), PretrainConfig(pretext="flwo"), SurrogateConfig()
    )
    with pytest.raises(
        UnknownNameError, match=r"'flwo' \(did you mean 'flow'\?\); legal: arch2vec, flow, gmae"
    ):
        make_pretexts(setting)
