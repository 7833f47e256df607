from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles import encoder_loop
from strategies import PLAIN_OPS, dags, tables

from nasflow.architecture import Architecture
from nasflow.batch import GraphBatch
from nasflow.config import EncoderConfig
from nasflow.encoders import make_encoder
from nasflow.encoders.resgatedgcn import FastDropout, GatedConv, ResGatedGCN, _gather
from nasflow.errors import UnknownNameError
from nasflow.spaces.nb201 import NB201
from nasflow.table import ArchTable


def encoder(n_ops: int = 5, dropout: float = 0.1) -> ResGatedGCN:
    torch.manual_seed(0)
    return ResGatedGCN(n_ops, EncoderConfig(width=8, dropout=dropout)).eval()


@given(tables())
def test_a_batch_gives_what_a_loop_over_nodes_gives(table: ArchTable) -> None:
    model = encoder()
    with torch.no_grad():
        batched = model(GraphBatch.from_table(table))
        for row, graph in enumerate(table):
            ops = [PLAIN_OPS.index(op) for op in graph.ops]
            torch.testing.assert_close(batched[row], encoder_loop(model, graph, ops), rtol=1e-4, atol=1e-5)


@given(dags(PLAIN_OPS), st.randoms(use_true_random=False))
def test_relabelling_changes_nothing(graph: Architecture, random: object) -> None:
    order = list(range(graph.n_nodes))
    random.shuffle(order)  # type: ignore[attr-defined]
    table = ArchTable.from_architectures([graph, graph.relabelled(order)], PLAIN_OPS)
    with torch.no_grad():
        one, other = encoder()(GraphBatch.from_table(table))
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_the_layer_gives_the_numbers_and_gradients_of_pytorch_geometric() -> None:
    pyg = pytest.importorskip("torch_geometric.nn")
    torch.manual_seed(1)
    ours, theirs = GatedConv(8), pyg.ResGatedGraphConv(8, 8)
    K, Q, V, S = ours.projection.weight.detach().chunk(4)
    k, q, v, s = ours.projection.bias.detach().chunk(4)
    theirs.load_state_dict({"bias": s, "lin_key.weight": K, "lin_key.bias": k, "lin_query.weight": Q,
                            "lin_query.bias": q, "lin_value.weight": V, "lin_value.bias": v, "lin_skip.weight": S})
    batch = GraphBatch.from_table(NB201().enumerate()[:40])
    near = batch.undirected
    x = torch.randn(batch.n_nodes, 8)
    x1, x2 = x.clone().requires_grad_(), x.clone().requires_grad_()
    a, b = ours(x1, near), theirs(x2, torch.stack([near.source, near.target]))
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
    weight = torch.randn_like(a)
    (a * weight).sum().backward()
    (b * weight).sum().backward()
    torch.testing.assert_close(x1.grad, x2.grad, rtol=1e-4, atol=1e-5)
    stacked = torch.cat([theirs.lin_key.weight.grad, theirs.lin_query.weight.grad, theirs.lin_value.weight.grad,
                         theirs.lin_skip.weight.grad])
    torch.testing.assert_close(ours.projection.weight.grad, stacked, rtol=1e-3, atol=1e-4)
    biases = torch.cat([theirs.lin_key.bias.grad, theirs.lin_query.bias.grad, theirs.lin_value.bias.grad,
                        theirs.bias.grad])
    torch.testing.assert_close(ours.projection.bias.grad, biases, rtol=1e-3, atol=1e-4)


def test_the_written_backward_pass_is_the_gradient() -> None:
    batch = GraphBatch.from_table(NB201().enumerate()[5:8])
    projected = torch.randn(batch.n_nodes, 12, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda p: _gather(p, batch.undirected), (projected,))
    # edges in one direction only: sources and targets differ
    assert torch.autograd.gradcheck(lambda p: _gather(p, batch.incoming), (projected,))


@pytest.mark.parametrize("n_rows", [1, 64])
def test_the_first_layer_is_the_same_with_and_without_the_table_of_pairs(n_rows: int) -> None:
    table = NB201().enumerate()[:n_rows]
    batch = GraphBatch.from_table(table)
    assert (table.n_ops**2 > len(batch.undirected.source)) == (n_rows == 1)  # each way is taken once
    torch.manual_seed(0)
    layer, by_op = GatedConv(8), torch.randn(7, 8)
    plain = layer(by_op.index_select(0, batch.ops), batch.undirected)
    torch.testing.assert_close(layer.on_operations(by_op, batch.ops, batch.undirected), plain, rtol=1e-4, atol=1e-5)


def test_dropout_zeroes_its_share_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    dropout, x = FastDropout(0.25).train(), torch.ones(1000, 1001)
    y = dropout(x)
    assert (y == 0).float().mean() == pytest.approx(0.25, abs=0.002)
    assert y.mean() == pytest.approx(1.0, abs=0.003)
    assert dropout.eval()(x) is x


def test_an_unknown_encoder_lists_the_legal_ones() -> None:
    with pytest.raises(UnknownNameError, match="'resgated'.*did you mean 'resgatedgcn'"):
        make_encoder(5, EncoderConfig(name="resgated"))
