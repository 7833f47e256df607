"""DiGCN: against dense matrices and an eigenvector, one graph at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from nasflow.encoders.digcn import DiGCN, propagation
from nasflow.encoders.registry import EncoderConfig
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.table import ArchTable
from oracles import OPS, random_table


def _matrix(graph: Architecture) -> npt.NDArray[np.float64]:
    """S as the paper writes it: pi is the eigenvector of a walk with one more node to teleport."""
    n = graph.n_nodes
    adjacency = np.eye(n)
    for u, v in graph.edges:
        adjacency[u, v] = 1
    P = adjacency / adjacency.sum(axis=1, keepdims=True)
    walk = np.zeros((n + 1, n + 1))
    walk[:n, :n], walk[:n, n], walk[n, :n] = 0.9 * P, 0.1, 1 / n
    values, vectors = np.linalg.eig(walk.T)
    pi = np.abs(np.real(vectors[:, np.argmax(np.real(values))]))[:n]
    root = np.sqrt(pi)
    A = (root[:, None] * P / root + (root[:, None] * P / root).T) / 2
    scale = A.sum(axis=1) ** -0.5
    return scale[:, None] * A * scale


def _digcn(graph: Architecture, weights: dict[str, Any], n_layers: int) -> npt.NDArray[np.float64]:
    """(H,): the embedding of one graph, by its whole matrix."""
    S = _matrix(graph)
    x = np.eye(len(OPS))[[OPS.index(op) for op in graph.ops]]
    for layer in range(n_layers):
        W, b = weights[f"layers.{layer}.weight"], weights[f"layers.{layer}.bias"]
        x = np.maximum(S @ x @ W.T + b, 0)
    return x.mean(axis=0)


def _table(n: int = 20) -> ArchTable:
    alone = [Architecture(("input",)), Architecture(("input", "output"))]
    return ArchTable.concatenate([random_table(n), ArchTable.from_architectures(alone, OPS)])


def test_the_propagation_matrix_is_the_one_that_the_eigenvector_gives() -> None:
    table = _table()
    batch = GraphBatch.from_table(table)
    of_nodes, of_edges = propagation(batch)
    whole = torch.diag(of_nodes)
    whole[batch.undirected.target, batch.undirected.source] = of_edges
    assert torch.equal(whole.nonzero(), whole.t().nonzero())
    for g, graph in enumerate(table):
        here = slice(int(batch.node_ptr[g]), int(batch.node_ptr[g + 1]))
        np.testing.assert_allclose(whole[here, here], _matrix(graph), rtol=1e-10, atol=1e-12)


def test_embeddings_equal_dense_products_graph_by_graph() -> None:
    encoder, table = DiGCN(len(OPS), EncoderConfig("digcn", width=8)).double().eval(), _table()
    weights = {name: tensor.numpy() for name, tensor in encoder.state_dict().items()}
    expected = np.array([_digcn(graph, weights, 3) for graph in table])
    np.testing.assert_allclose(encoder(GraphBatch.from_table(table)).detach(), expected, rtol=1e-9)


def test_the_gradient_is_the_derivative() -> None:
    encoder = DiGCN(len(OPS), EncoderConfig("digcn", width=3, dropout=0)).double()
    batch = GraphBatch.from_table(_table(3))
    parameters = dict(encoder.named_parameters())

    def call(*weights: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(
            encoder, dict(zip(parameters, weights, strict=True)), (batch,)
        )

    assert torch.autograd.gradcheck(call, tuple(parameters.values()))


def test_the_direction_of_edges_matters() -> None:
    graph = Architecture(OPS[:4], ((0, 1), (0, 2), (0, 3)))
    flipped = Architecture(OPS[:4], tuple((v, u) for u, v in graph.edges))
    table = ArchTable.from_architectures([graph, flipped], OPS)
    # seeded: with unlucky weights the two differ by less than the tolerance
    torch.manual_seed(0)
    encoder = DiGCN(len(OPS), EncoderConfig("digcn", width=8)).eval()
    one, other = encoder(GraphBatch.from_table(table))
    assert not torch.allclose(one, other, atol=1e-4)
