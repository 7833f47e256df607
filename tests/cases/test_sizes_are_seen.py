"""Two networks that differ in width alone were twins: one id, one surrogate, one embedding, one
prediction."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nasflow import ArchTable, EncoderConfig, FlowSurrogate, GraphBatch, Predictor, SurrogateConfig
from nasflow.encoders.make import make_encoder
from nasflow.graphs.number_units import NumberUnits
from nasflow.importers import from_torch


class Block(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, n_in: int, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(n_in, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1)
        )
        self.shortcut = nn.Conv2d(n_in, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.shortcut(x))


def resnet(width: int) -> nn.Module:
    """A small residual network."""
    return nn.Sequential(
        nn.Conv2d(3, width, 3, padding=1),
        Block(width, width),
        Block(width, 2 * width),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(2 * width, 10),
    )


@pytest.fixture(scope="module")
def widths() -> list[int]:
    return [int(width) for width in np.random.default_rng(0).permutation(np.arange(4, 44))]


@pytest.fixture(scope="module")
def table(widths: list[int]) -> ArchTable:
    graphs = [from_torch(resnet(width), input_shapes=[(1, 3, 16, 16)]) for width in widths]
    return ArchTable.from_architectures(graphs)


def test_networks_of_different_width_have_different_ids(table: ArchTable) -> None:
    assert len(set(table.canonical_ids)) == len(table)
    assert len(set(table.without_numbers().canonical_ids)) == 1


def test_they_have_different_surrogates_and_embeddings(table: ArchTable) -> None:
    surrogates = FlowSurrogate(table.n_ops, SurrogateConfig(k=4), units=NumberUnits.of(table))(
        table
    ).numpy()
    assert len(np.unique(surrogates, axis=0)) == len(table)
    torch.manual_seed(0)
    encoder = make_encoder(table.n_ops, EncoderConfig(width=16))
    encoder.read_numbers(NumberUnits.of(table))
    encoder.eval()
    with torch.inference_mode():
        embeddings = encoder(GraphBatch.from_table(table)).numpy()
    assert len(np.unique(embeddings.round(7), axis=0)) == len(table)


def test_what_hangs_on_width_is_predicted(table: ArchTable, widths: list[int]) -> None:
    labels = np.array(widths) ** 2 * 0.01
    predictor = Predictor().fit(table[:20], labels[:20])
    assert predictor.score(table[20:], labels[20:]) > 0.95
