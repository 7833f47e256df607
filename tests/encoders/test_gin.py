"""GIN: against PyTorch Geometric and a loop over nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from nasflow.encoders.gin import GIN, GINConv
from nasflow.encoders.registry import EncoderConfig
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.table import ArchTable
from oracles import OPS, random_table

WIDTH = 8


def _table(n: int) -> ArchTable:
    """Random graphs, among them one without edges."""
    return ArchTable.concatenate(
        [random_table(n), ArchTable.from_architectures([Architecture(("input",))], OPS)]
    )


def _gin(architecture: Architecture, weights: dict[str, Any], n_layers: int) -> np.ndarray:
    """(n_layers * H,) float64: the embedding of one architecture, one node at a time."""
    nodes = range(architecture.n_nodes)
    neighbours: list[list[int]] = [[] for _ in nodes]
    for u, v in architecture.edges:
        neighbours[u].append(v)
        neighbours[v].append(u)
    x = [np.eye(len(OPS))[OPS.index(op)] for op in architecture.ops]
    layers = []
    for layer in range(n_layers):
        names = ("0.weight", "0.bias", "2.weight", "2.bias")
        W1, b1, W2, b2 = (weights[f"layers.{layer}.mlp.{name}"] for name in names)
        following = []
        for v in nodes:
            total = x[v] + sum(x[u] for u in neighbours[v])
            following.append(np.maximum(W2 @ np.maximum(W1 @ total + b1, 0) + b2, 0))
        x = following
        layers.append(x)
    return np.concatenate([np.mean(layer, axis=0) for layer in layers])


def test_embeddings_equal_the_loop_over_nodes() -> None:
    encoder, table = GIN(len(OPS), EncoderConfig(name="gin", width=WIDTH)).eval(), _table(20)
    weights = {name: tensor.double().numpy() for name, tensor in encoder.state_dict().items()}
    expected = np.array([_gin(graph, weights, 3) for graph in table])
    np.testing.assert_allclose(
        encoder(GraphBatch.from_table(table)).detach(), expected, rtol=1e-4, atol=1e-6
    )


def test_values_and_gradients_equal_those_of_pytorch_geometric() -> None:
    geometric = pytest.importorskip("torch_geometric.nn")
    ours, batch = GINConv(WIDTH, WIDTH).double(), GraphBatch.from_table(_table(12))
    theirs = geometric.GINConv(
        torch.nn.Sequential(
            torch.nn.Linear(WIDTH, WIDTH), torch.nn.ReLU(), torch.nn.Linear(WIDTH, WIDTH)
        )
    ).double()
    theirs.nn.load_state_dict(ours.mlp.state_dict())
    x = torch.randn(
        batch.n_nodes, WIDTH, generator=torch.Generator().manual_seed(1), dtype=torch.float64
    )
    x_ours, x_theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    edges = torch.cat([batch.edge_index, batch.edge_index.flip(0)], dim=1)
    out_ours, out_theirs = ours(x_ours, batch.undirected), theirs(x_theirs, edges)
    torch.testing.assert_close(out_ours, out_theirs)
    out_ours.sin().sum().backward()
    out_theirs.sin().sum().backward()
    torch.testing.assert_close(x_ours.grad, x_theirs.grad)
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad)


def test_the_embedding_holds_all_layers() -> None:
    encoder = GIN(len(OPS), EncoderConfig(name="gin", width=WIDTH, n_layers=2))
    assert encoder.width == encoder.node_width == 2 * WIDTH
    assert encoder(GraphBatch.from_table(random_table(3))).shape == (3, 2 * WIDTH)
