"""The interface of encoders: what a step of pre-training gets, with node states and without."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from nasflow.encoders.base import Encoder, NodeEncoder
from nasflow.encoders.registry import EncoderConfig
from nasflow.errors import ConfigError
from nasflow.graphs.batch import GraphBatch
from nasflow.pretext.base import Step
from oracles import random_table


class MaxPooled(NodeEncoder):
    """Each node's state is its operation; the embedding is the largest."""

    def nodes(self, batch: GraphBatch) -> Tensor:
        return batch.ops.float().unsqueeze(1)

    def pool(self, batch: GraphBatch, nodes: Tensor) -> Tensor:
        return torch.stack(
            [part.amax(dim=0) for part in nodes.split(batch.node_ptr.diff().tolist())]
        )


class Counts(Encoder):
    """The embedding is the number of nodes; no node has a state."""

    def forward(self, batch: GraphBatch) -> Tensor:
        return batch.node_ptr.diff().float().unsqueeze(1)


def test_the_embedding_of_a_step_is_pooled_as_the_encoder_does() -> None:
    table = random_table(5)
    encoder, batch = MaxPooled(5, EncoderConfig(width=1)), GraphBatch.from_table(table)
    expected = torch.tensor(
        [[float(max(part))] for part in batch.ops.split(batch.node_ptr.diff().tolist())]
    )
    assert torch.equal(Step(encoder, batch).embedding, expected)
    assert torch.equal(encoder(batch), expected)
    assert encoder.node_width == encoder.width == 1


def test_an_encoder_without_node_states_has_an_embedding_and_says_what_it_lacks() -> None:
    encoder, batch = (
        Counts(5, EncoderConfig(name="counts", width=1)),
        GraphBatch.from_table(random_table(5)),
    )
    step = Step(encoder, batch)
    assert torch.equal(step.embedding, encoder(batch))
    for ask in (lambda: step.nodes, lambda: encoder.node_width):
        with pytest.raises(
            ConfigError, match="'counts' reads a graph as a whole and has no node states; choose"
        ):
            ask()
