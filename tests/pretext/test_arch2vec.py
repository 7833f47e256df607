"""The task arch2vec: all pairs of nodes, and the three parts of its loss node by node."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from nasflow.encoders.base import Encoder
from nasflow.encoders.make import make_encoder
from nasflow.encoders.registry import EncoderConfig
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import PretrainConfig
from nasflow.pretext.arch2vec import LATENT, Arch2Vec, node_pairs
from nasflow.pretext.base import PretextSetting, Step
from oracles import OPS, random_table

SINGLE, NO_EDGES = Architecture(("input",)), Architecture(("input", "conv1x1", "output"))
TABLE = ArchTable.concatenate(
    [random_table(10), ArchTable.from_architectures([SINGLE, NO_EDGES], OPS)]
)


def _encoder() -> Encoder:
    return make_encoder(len(OPS), EncoderConfig(width=8, dropout=0))


def _task(encoder: Encoder, kl_weight: float = 0.5) -> Arch2Vec:
    config = PretrainConfig(pretext="arch2vec", decoder_width=8)
    return Arch2Vec(
        PretextSetting(encoder, config, SurrogateConfig(), options={"kl_weight": kl_weight})
    )


def _loss(task: Arch2Vec, encoder: Encoder, table: ArchTable) -> torch.Tensor:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return task.loss(Step(encoder, GraphBatch.from_table(table)), torch.zeros(len(table), 0))


def test_pairs_are_all_of_two_nodes_of_one_graph_joined_either_way() -> None:
    batch = GraphBatch.from_table(TABLE)
    expected = []
    for start, graph in zip(batch.node_ptr.tolist(), TABLE, strict=False):
        for low, high in itertools.combinations(range(graph.n_nodes), 2):
            joined = (low, high) in graph.edges or (high, low) in graph.edges
            expected.append((start + low, start + high, float(joined)))
    seen = list(zip(*(part.tolist() for part in node_pairs(batch)), strict=True))
    assert sorted(seen) == sorted(expected)
    assert 0 < sum(joined for *_, joined in seen) < len(seen)


def test_the_loss_is_the_sum_of_its_parts_node_by_node_and_pair_by_pair() -> None:
    encoder = _encoder()
    task, batch = _task(encoder).requires_grad_(False), GraphBatch.from_table(TABLE)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        noise = torch.randn(batch.n_nodes, LATENT)
    operations, edges, divergence = [], [], []
    for g, graph in enumerate(TABLE):
        states = encoder.nodes(GraphBatch.from_table(TABLE[g : g + 1])).detach()
        codes = []
        for v, op in enumerate(graph.ops):
            mean, sigma = task.mean(states[v]), task.log_sigma(states[v]).exp()
            z = mean + sigma * noise[int(batch.node_ptr[g]) + v]
            scores = task.decoder(z).tolist()
            operations.append(math.log(sum(map(math.exp, scores))) - scores[OPS.index(op)])
            coded = torch.distributions.Normal(mean, sigma)
            standard = torch.distributions.Normal(0.0, 1.0)
            divergence.append(float(torch.distributions.kl_divergence(coded, standard).sum()))
            codes.append(z)
        for u, v in itertools.combinations(range(graph.n_nodes), 2):
            joined = (u, v) in graph.edges or (v, u) in graph.edges
            chance = 1 / (1 + math.exp(-float(codes[u] @ codes[v])))
            edges.append(-math.log(chance if joined else 1 - chance))
    reconstruction = (np.mean(operations) / math.log(5) + np.mean(edges) / math.log(2)) / 2
    expected = reconstruction + 0.5 * np.mean(divergence)
    assert _loss(task, encoder, TABLE).item() == pytest.approx(expected, rel=1e-4)


def test_the_order_of_the_nodes_does_not_matter_without_noise() -> None:
    rng, encoder = np.random.default_rng(0), _encoder()
    shuffled = [graph.relabelled(rng.permutation(graph.n_nodes).tolist()) for graph in TABLE]
    task = _task(encoder)
    with torch.no_grad():
        task.log_sigma.weight.zero_()
        task.log_sigma.bias.fill_(-20.0)
    torch.testing.assert_close(
        _loss(task, encoder, TABLE),
        _loss(task, encoder, ArchTable.from_architectures(shuffled, OPS)),
        rtol=1e-5,
        atol=0,
    )


def test_the_weight_of_the_divergence_counts() -> None:
    encoder = _encoder()
    without, with_it = (_task(encoder, weight) for weight in (0.0, 0.5))
    with_it.load_state_dict(without.state_dict())
    assert _loss(with_it, encoder, TABLE) > _loss(without, encoder, TABLE)


def test_graphs_of_one_node_have_no_pair_and_a_loss_all_the_same() -> None:
    encoder, table = _encoder(), ArchTable.from_architectures([SINGLE] * 3, OPS)
    loss = _loss(_task(encoder), encoder, table)
    loss.backward()
    assert loss > 0
