"""FlowerFormer: against its layers computed graph after graph, node after node."""

from __future__ import annotations

from typing import Any, cast

import pytest
import torch
from torch import Tensor
from torch.nn.functional import batch_norm, normalize, one_hot

from nasflow.encoders.flowerformer import FlowerFormer, FlowerLayer
from nasflow.encoders.registry import EncoderConfig
from nasflow.errors import ConfigError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.table import ArchTable
from oracles import OPS, flow_sweep, neighbours, random_table, to_networkx

networkx = pytest.importorskip("networkx")
CONFIG = EncoderConfig(
    "flowerformer", width=8, n_layers=2, n_heads=2, dropout=0, attention_dropout=0
)


def _encoder(config: EncoderConfig = CONFIG) -> FlowerFormer:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return FlowerFormer(len(OPS), config).double()


def _table() -> ArchTable:
    alone = [
        Architecture(("input",)),
        Architecture(("conv3x3", "output")),
        Architecture(OPS, ((4, 0), (0, 1))),
    ]
    return ArchTable.concatenate([random_table(8), ArchTable.from_architectures(alone, OPS)])


def flowerformer(encoder: FlowerFormer, table: ArchTable) -> Tensor:
    """(B, H): the embeddings, with nothing batched but the normalisation."""
    normed = _batch_norm if encoder.training else (lambda norm, x: norm(x))
    batch = GraphBatch.from_table(table)
    sizes = batch.node_ptr.diff().tolist()
    x = encoder.input.linear(one_hot(batch.ops, len(OPS)).double())
    x = normalize(normed(encoder.norm, x).relu())
    for layer in cast(list[FlowerLayer], list(encoder.layers)):
        parts = list(zip(table, x.split(sizes), strict=True))
        local = normed(layer.norm_local, x + torch.cat([_local(layer, *part) for part in parts]))
        shared = normed(layer.norm_global, x + torch.cat([_global(layer, *part) for part in parts]))
        W_1, W_2 = layer.feed_forward[0], layer.feed_forward[3]
        x = local + shared
        x = normed(layer.norm, x + W_2(W_1(x).relu()))
    return torch.stack([part.mean(dim=0) for part in x.split(sizes)])


def _batch_norm(norm: Any, x: Tensor) -> Tensor:
    return batch_norm(x, None, None, norm.weight, norm.bias, training=True)


def _local(layer: FlowerLayer, graph: Architecture, x: Tensor) -> Tensor:
    """Forwards, then backwards from there: every node one at a time."""
    before, after = neighbours(graph)
    forwards = flow_sweep(layer.forwards, list(x), before)
    return torch.stack(flow_sweep(layer.backwards, forwards, after)).relu()


def _global(layer: FlowerLayer, graph: Architecture, x: Tensor) -> Tensor:
    """Attention, for every node and head one after the other."""
    paths = networkx.transitive_closure(to_networkx(graph), reflexive=True)
    depth = x.shape[1] // layer.attention.n_heads
    q, k, value = layer.attention.projection(x).chunk(3, dim=1)
    rows = []
    for v in range(len(x)):
        readable = [u for u in range(len(x)) if paths.has_edge(u, v) or paths.has_edge(v, u)]
        heads = []
        for c in range(0, x.shape[1], depth):
            head = slice(c, c + depth)
            scores = torch.stack([q[v, head] @ k[u, head] / depth**0.5 for u in readable])
            heads.append(torch.softmax(scores, dim=0) @ value[readable, head])
        rows.append(torch.cat(heads))
    return cast(Tensor, layer.attention.output(torch.stack(rows)))


@pytest.mark.parametrize("training", [False, True])
def test_embeddings_and_gradients_equal_the_loop_over_nodes(training: bool) -> None:
    table, results = _table(), []
    for batched in (True, False):
        encoder = _encoder().train()
        with torch.no_grad():  # statistics of their own for the evaluation
            encoder(GraphBatch.from_table(random_table(30)))
        encoder.train(training)
        out = encoder(GraphBatch.from_table(table)) if batched else flowerformer(encoder, table)
        (out.sin() * torch.arange(8)).sum().backward()
        results.append([out.detach(), *(parameter.grad for parameter in encoder.parameters())])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other)


def test_the_direction_of_edges_matters() -> None:
    graph = Architecture(OPS, ((0, 1), (1, 2), (1, 3), (3, 4)))
    flipped = Architecture(OPS, tuple((v, u) for u, v in graph.edges))
    one, other = _encoder().eval()(
        GraphBatch.from_table(ArchTable.from_architectures([graph, flipped], OPS))
    )
    assert not torch.allclose(one, other, atol=1e-3)


def test_evaluation_uses_the_statistics_of_training() -> None:
    encoder, batch = _encoder(), GraphBatch.from_table(random_table(20))
    before = encoder.eval()(batch)
    encoder.train()(batch)
    assert not torch.allclose(before, encoder.eval()(batch), atol=1e-3)
    assert torch.equal(encoder(batch), encoder(batch))


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"FlowerFormerConfig.n_heads is 3; legal: a divisor of the width, 8"
    ):
        _encoder(EncoderConfig("flowerformer", width=8, n_heads=3))
