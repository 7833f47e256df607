"""ResGatedGCN: against PyTorch Geometric, a loop over nodes, and numerical derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from nasflow.encoders.registry import EncoderConfig
from nasflow.encoders.resgatedgcn import GatedConv, ResGatedGCN, _Gather
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.table import ArchTable
from oracles import OPS, random_table, resgatedgcn

WIDTH = 8
CONFIG = EncoderConfig(width=WIDTH)


def _encoder(seed: int = 0, dropout: float = 0.1) -> ResGatedGCN:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return ResGatedGCN(len(OPS), EncoderConfig(width=WIDTH, dropout=dropout))


def _conv(seed: int = 0) -> GatedConv:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return GatedConv(WIDTH).double()


def _table(n: int = 6, seed: int = 0) -> ArchTable:
    """Random graphs, among them one without edges."""
    return ArchTable.concatenate(
        [random_table(n, seed), ArchTable.from_architectures([Architecture(("input",))], OPS)]
    )


# -- the convolution -------------------------------------------------------------------------------


def test_values_and_gradients_equal_those_of_pytorch_geometric() -> None:
    geometric = pytest.importorskip("torch_geometric.nn")
    ours, batch = _conv(), GraphBatch.from_table(_table(12))
    theirs = geometric.ResGatedGraphConv(WIDTH, WIDTH).double()
    names = ("lin_key", "lin_query", "lin_value", "lin_skip")
    weights = ours.projection.weight.detach().chunk(4)
    biases = ours.projection.bias.detach().chunk(4)
    with torch.no_grad():
        for name, weight, bias in zip(names, weights, biases, strict=True):
            layer = getattr(theirs, name)
            layer.weight.copy_(weight)
            (theirs.bias if layer.bias is None else layer.bias).copy_(bias)
    x = torch.randn(
        batch.n_nodes, WIDTH, generator=torch.Generator().manual_seed(1), dtype=torch.float64
    )
    x_ours, x_theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    edges = torch.cat([batch.edge_index, batch.edge_index.flip(0)], dim=1)
    out_ours, out_theirs = ours(x_ours, batch.undirected), theirs(x_theirs, edges)
    torch.testing.assert_close(out_ours, out_theirs)
    out_ours.sin().sum().backward()
    out_theirs.sin().sum().backward()
    assert x_theirs.grad is not None
    torch.testing.assert_close(x_ours.grad, x_theirs.grad)
    their_weights = torch.cat([getattr(theirs, name).weight.grad for name in names])
    their_biases = torch.cat(
        [*(getattr(theirs, name).bias.grad for name in names[:3]), theirs.bias.grad]
    )
    torch.testing.assert_close(ours.projection.weight.grad, their_weights)
    torch.testing.assert_close(ours.projection.bias.grad, their_biases)


def test_the_written_out_backward_pass_is_the_derivative() -> None:
    for neighbours in (
        GraphBatch.from_table(_table(4)).undirected,
        GraphBatch.from_table(_table(4, 2)).incoming,
    ):
        n_nodes = len(neighbours.ptr) - 1
        projected = torch.randn(
            n_nodes, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64
        )

        def call(x: Tensor, n=neighbours) -> Tensor:
            return _Gather.apply(x, n)  # type: ignore[misc]

        assert torch.autograd.gradcheck(call, (projected.requires_grad_(),))


def test_without_a_gradient_the_convolution_gives_the_same_numbers() -> None:
    conv, batch = _conv(), GraphBatch.from_table(_table())
    x = torch.randn(batch.n_nodes, WIDTH, dtype=torch.float64)
    with torch.inference_mode():
        without = conv(x, batch.undirected)
    torch.testing.assert_close(without, conv(x, batch.undirected).detach(), rtol=0, atol=1e-14)


@pytest.mark.parametrize("n_graphs", [1, 60])
def test_the_shortcut_for_operations_changes_neither_value_nor_gradient(n_graphs: int) -> None:
    batch = GraphBatch.from_table(random_table(n_graphs, seed=4))
    taken = len(OPS) ** 2 <= len(batch.undirected.source)
    assert taken == (n_graphs == 60)  # the two sizes lie on the two sides of the switch
    states = torch.randn(
        len(OPS), WIDTH, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    results = []
    for shortcut in (True, False):
        conv, by_op = _conv(), states.clone().requires_grad_()
        if shortcut:
            out = conv.on_kinds(by_op, batch.ops, batch.undirected)
        else:
            out = conv(by_op.index_select(0, batch.ops), batch.undirected)
        out.sin().sum().backward()
        results.append(
            (out.detach(), by_op.grad, conv.projection.weight.grad, conv.projection.bias.grad)
        )
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other)


# -- the encoder -----------------------------------------------------------------------------------


def test_embeddings_equal_the_loop_over_nodes() -> None:
    encoder, table = _encoder().eval(), _table(10)
    weights: dict[str, Any] = {
        name: tensor.double().numpy() for name, tensor in encoder.state_dict().items()
    }
    expected = np.array([resgatedgcn(graph, OPS, weights, 3) for graph in table])
    np.testing.assert_allclose(
        encoder(GraphBatch.from_table(table)).detach(), expected, rtol=1e-4, atol=1e-6
    )


def test_the_direction_of_edges_does_not_matter() -> None:
    encoder = _encoder().eval()
    flipped = [Architecture(g.ops, tuple((v, u) for u, v in g.edges)) for g in random_table(10)]
    torch.testing.assert_close(
        encoder(GraphBatch.from_table(random_table(10))),
        encoder(GraphBatch.from_table(ArchTable.from_architectures(flipped, OPS))),
        rtol=1e-4,
        atol=1e-6,
    )


def test_different_graphs_have_different_embeddings() -> None:
    graphs = [Architecture(OPS[:3], ((0, 1), (1, 2))), Architecture(OPS[:3], ((0, 1), (0, 2)))]
    one, other = _encoder().eval()(GraphBatch.from_table(ArchTable.from_architectures(graphs, OPS)))
    assert not torch.allclose(one, other, atol=1e-4)
