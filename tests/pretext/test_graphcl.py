"""The task graphcl: the contrastive loss pair by pair, and on views of a batch."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from nasflow.encoders.make import make_encoder
from nasflow.encoders.registry import EncoderConfig
from nasflow.graphs.batch import GraphBatch
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import PretrainConfig
from nasflow.pretext.base import PretextSetting, Step
from nasflow.pretext.graphcl import GraphCL, contrast
from nasflow.pretext.views import random_view
from oracles import OPS, random_table

ENCODER = EncoderConfig(width=8, dropout=0)


def _by_pairs(one: Tensor, other: Tensor, temperature: float) -> float:
    """Equation 3 of the paper, over log B."""
    losses = []
    for n in range(len(one)):
        terms = []
        for z in other:
            similarity = float(torch.cosine_similarity(one[n], z, dim=0))
            terms.append(math.exp(similarity / temperature))
        losses.append(-math.log(terms[n] / (sum(terms) - terms[n])))
    return sum(losses) / len(losses) / math.log(len(losses))


def _unit(n: int, seed: int) -> Tensor:
    drawn = torch.randn(n, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return drawn / drawn.norm(dim=1, keepdim=True)


@pytest.mark.parametrize("n", [2, 3, 17])
@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_the_loss_is_the_published_one_pair_by_pair(n: int, temperature: float) -> None:
    one, other = _unit(n, 0), _unit(n, 1)
    assert contrast(one, other, temperature).item() == pytest.approx(
        _by_pairs(one, other, temperature)
    )


def test_it_begins_at_about_1_falls_when_views_agree_and_is_0_for_a_single_graph() -> None:
    same = _unit(1, 0).expand(256, 5)
    assert contrast(same, same, 0.2).item() == pytest.approx(1, abs=1e-3)
    one = _unit(32, 0)
    assert contrast(one, one, 0.2) < contrast(one, _unit(32, 1), 0.2) - 0.5
    single = _unit(1, 0).requires_grad_()
    loss = contrast(single, _unit(1, 1), 0.2)
    loss.backward()
    assert loss.item() == 0
    assert single.grad is not None
    assert not single.grad.any()


def test_the_order_of_the_graphs_does_not_matter() -> None:
    one, other, order = _unit(9, 0), _unit(9, 1), torch.randperm(9)
    torch.testing.assert_close(contrast(one[order], other[order], 0.2), contrast(one, other, 0.2))


def test_the_loss_of_a_batch_is_that_of_two_views_encoded_one_graph_at_a_time() -> None:
    table, encoder = random_table(12), make_encoder(len(OPS), ENCODER)
    config = PretrainConfig(pretext="graphcl", decoder_width=6)
    options = {"temperature": 0.3, "view_share": 0.4}
    task = GraphCL(PretextSetting(encoder, config, SurrogateConfig(), options=options))
    batch = GraphBatch.from_table(table)
    encoder.requires_grad_(False)
    task.requires_grad_(False)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        loss = task.loss(Step(encoder, batch), torch.zeros(12, 0))
        torch.manual_seed(5)
        views = [random_view(batch, 0.4) for _ in range(2)]
    projected = []
    for view in views:
        rows = []
        for g in range(12):
            start, stop = view.node_ptr[g : g + 2].tolist()
            edges_of_graph = (view.edge_index[1] >= start) & (view.edge_index[1] < stop)
            alone = GraphBatch(
                view.ops[start:stop],
                view.graph[start:stop] - g,
                torch.tensor([0, stop - start]),
                view.edge_index[:, edges_of_graph] - start,
                view.generation[start:stop],
                view.n_ops,
                view.masked,
            )
            rows.append(task.projection(encoder(alone)).squeeze(0))
        projected.append(torch.stack(rows))
    assert loss.item() == pytest.approx(_by_pairs(*projected, 0.3), rel=1e-4)
    assert task.projection[-1].out_features == 6
