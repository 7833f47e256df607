"""Transformer: against its layers graph by graph, and its positional code against SciPy."""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt
import pytest
import scipy.linalg
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from nasflow.encoders.registry import EncoderConfig
from nasflow.encoders.transformer import Transformer, TransformerLayer, heat_kernels
from nasflow.errors import ConfigError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.table import ArchTable
from oracles import OPS, random_table

CONFIG = EncoderConfig(
    "transformer", width=8, n_layers=2, n_heads=2, dropout=0, attention_dropout=0
)
TIMES = (0.5, 1, 2, 4)


def _table() -> ArchTable:
    alone = [
        Architecture(("input",)),
        Architecture(("input", "output")),
        Architecture(OPS, ((4, 0), (0, 1))),
    ]
    return ArchTable.concatenate([random_table(8), ArchTable.from_architectures(alone, OPS)])


def _adjacency(graph: Architecture) -> npt.NDArray[np.float64]:
    adjacency = np.zeros((graph.n_nodes, graph.n_nodes))
    for u, v in graph.edges:
        adjacency[u, v] = 1
    return adjacency


def _kernels(graph: Architecture) -> npt.NDArray[np.float64]:
    """(4, n, n): heat kernels of one graph by SciPy's exponential; a lone node keeps its heat."""
    undirected = _adjacency(graph) + _adjacency(graph).T
    degree = undirected.sum(axis=0)
    laplacian = np.diag((degree > 0).astype(float))
    for u, v in zip(*np.nonzero(undirected), strict=True):
        laplacian[u, v] -= 1 / np.sqrt(degree[u] * degree[v])
    return np.stack([scipy.linalg.expm(-t * laplacian) for t in TIMES])


def transformer(encoder: Transformer, graph: Architecture) -> Tensor:
    """(H,): the embedding of one graph, head after head."""
    kernels, edge = torch.from_numpy(_kernels(graph)), torch.from_numpy(_adjacency(graph))
    pairs = torch.cat([kernels, edge[None], edge.T[None]])
    ops = torch.tensor([OPS.index(op) for op in graph.ops])
    x = encoder.input.linear(one_hot(ops, len(OPS)).double())
    x = x + encoder.position(torch.stack([kernel.diagonal() for kernel in kernels], dim=1))
    for layer in cast(list[TransformerLayer], list(encoder.layers)):
        q, k, v = layer.attention.projection(x).chunk(3, dim=1)
        heads = []
        by_head = zip(q.chunk(2, 1), k.chunk(2, 1), v.chunk(2, 1), encoder.pair.weight, strict=True)
        for q_h, k_h, v_h, pair_weights in by_head:
            bias = sum(weight * pair for weight, pair in zip(pair_weights, pairs, strict=True))
            # 2: the root of 4, a head's width
            heads.append(torch.softmax(q_h @ k_h.T / 2 + bias, dim=1) @ v_h)
        x = layer.norm_attention(x + layer.attention.output(torch.cat(heads, dim=1)))
        x = layer.norm(x + layer.feed_forward(x))
    return x.mean(dim=0)


def test_heat_kernels_equal_those_of_scipy() -> None:
    table = _table()
    kernels = heat_kernels(GraphBatch.from_table(table).padded)
    for g, graph in enumerate(table):
        n = graph.n_nodes
        np.testing.assert_allclose(kernels[:, :n, :n, g], _kernels(graph), rtol=1e-10, atol=1e-12)


def test_embeddings_and_gradients_equal_the_loop_over_graphs() -> None:
    table, results = _table(), []
    for batched in (True, False):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            encoder = Transformer(len(OPS), CONFIG).double()
        if batched:
            out = encoder(GraphBatch.from_table(table))
        else:
            out = torch.stack([transformer(encoder, graph) for graph in table])
        (out.sin() * torch.arange(8)).sum().backward()
        results.append([out.detach(), *(parameter.grad for parameter in encoder.parameters())])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other)


def test_symmetric_graphs_whose_eigenspaces_are_degenerate_are_encoded_alike_in_any_order() -> None:
    """All inner nodes of a star and of a complete bipartite graph share an eigenvalue."""
    encoder = Transformer(len(OPS), CONFIG).double().eval()
    star = Architecture(("input", *["conv1x1"] * 4), tuple((0, v) for v in range(1, 5)))
    bipartite = Architecture(
        ("input",) * 3 + ("output",) * 3, tuple((u, v) for u in range(3) for v in range(3, 6))
    )
    for graph in (star, bipartite):
        order = np.random.default_rng(0).permutation(graph.n_nodes).tolist()
        table = ArchTable.from_architectures([graph, graph.relabelled(order)], OPS)
        one, other = encoder(GraphBatch.from_table(table))
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)


def test_the_direction_of_edges_matters() -> None:
    graph = Architecture(OPS, ((0, 1), (1, 2), (1, 3), (3, 4)))
    flipped = Architecture(OPS, tuple((v, u) for u, v in graph.edges))
    table = ArchTable.from_architectures([graph, flipped], OPS)
    one, other = Transformer(len(OPS), CONFIG).eval()(GraphBatch.from_table(table))
    assert not torch.allclose(one, other, atol=1e-4)


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"TransformerConfig.n_heads is 3; legal: a divisor of the width, 8"
    ):
        Transformer(len(OPS), EncoderConfig("transformer", width=8, n_heads=3))
