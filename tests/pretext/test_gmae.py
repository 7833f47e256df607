"""The task gmae: the hidden operations and nothing else make its loss."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from nasflow.encoders.base import Encoder
from nasflow.encoders.make import make_encoder
from nasflow.encoders.registry import EncoderConfig
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import PretrainConfig
from nasflow.pretext.base import PretextSetting, Step
from nasflow.pretext.gmae import MaskedOperations
from nasflow.pretext.views import mask_operations
from oracles import OPS, random_table

TABLE = random_table(15)
HIDDEN = len(OPS)


def _encoder() -> Encoder:
    return make_encoder(len(OPS), EncoderConfig(width=8, dropout=0))


def _task(encoder: Encoder, mask_share: float) -> MaskedOperations:
    config = PretrainConfig(pretext="gmae", decoder_width=8)
    return MaskedOperations(
        PretextSetting(encoder, config, SurrogateConfig(), options={"mask_share": mask_share})
    )


def _loss(task: MaskedOperations, encoder: Encoder, table: ArchTable, seed: int = 0) -> float:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return task.loss(
            Step(encoder, GraphBatch.from_table(table)), torch.zeros(len(table), 0)
        ).item()


@pytest.mark.parametrize("share", [0.15, 0.5])
def test_the_loss_is_the_cross_entropy_of_each_hidden_operation_graph_by_graph(
    share: float,
) -> None:
    encoder = _encoder()
    task, batch = _task(encoder, share), GraphBatch.from_table(TABLE)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        hidden = (mask_operations(batch, share).ops == HIDDEN).tolist()
    terms = []
    for g in range(len(TABLE)):
        alone = GraphBatch.from_table(TABLE[g : g + 1])
        hidden_of_graph = hidden[int(batch.node_ptr[g]) : int(batch.node_ptr[g + 1])]
        ops = alone.ops.masked_fill(torch.tensor(hidden_of_graph), HIDDEN)
        states = encoder.nodes(replace(alone, ops=ops, masked=True))
        for v, is_hidden in enumerate(hidden_of_graph):
            if is_hidden:
                scores = task.decoder(states[v]).tolist()
                terms.append(math.log(sum(map(math.exp, scores))) - scores[int(alone.ops[v])])
    expected = sum(terms) / len(terms) / math.log(len(OPS))
    assert _loss(task, encoder, TABLE) == pytest.approx(expected, rel=1e-4)
    assert expected == pytest.approx(1, abs=0.3)  # a guess among all operations is 1


def test_the_order_of_the_nodes_does_not_matter_where_all_are_hidden() -> None:
    rng = np.random.default_rng(0)
    shuffled = [graph.relabelled(rng.permutation(graph.n_nodes).tolist()) for graph in TABLE]
    encoder = _encoder()
    task = _task(encoder, 1.0)
    assert _loss(task, encoder, TABLE) == pytest.approx(
        _loss(task, encoder, ArchTable.from_architectures(shuffled, OPS)), rel=1e-5
    )


def test_which_operations_are_hidden_is_drawn_anew() -> None:
    encoder = _encoder()
    task = _task(encoder, 0.15)
    loss = _loss(task, encoder, TABLE)
    assert loss == _loss(task, encoder, TABLE)
    assert loss != _loss(task, encoder, TABLE, seed=1)


def test_a_single_operation_has_nothing_to_learn() -> None:
    encoder = make_encoder(1, EncoderConfig(width=8))
    table = ArchTable.from_template(("conv",), [[0, 0]], [(0, 1)])
    assert _loss(_task(encoder, 0.5), encoder, table) == 0
