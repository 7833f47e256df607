"""Attention on padded graphs: against torch's own, graph after graph."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from nasflow.encoders.attention import Attention
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.table import ArchTable
from oracles import OPS, random_table

WIDTH, HEADS = 6, 2


def attention(layer: Attention, x: Tensor, allowed: Tensor) -> Tensor:
    """(n, H): what the nodes of one graph read by torch's function; `allowed` (n, n) bool."""

    def heads(part: Tensor) -> Tensor:
        return part.view(len(x), layer.n_heads, -1).transpose(0, 1)

    q, k, v = layer.projection(x).chunk(3, dim=1)
    read = scaled_dot_product_attention(heads(q), heads(k), heads(v), attn_mask=allowed)
    out: Tensor = layer.output(read.transpose(0, 1).reshape(len(x), -1))
    return out


def _attention(dropout: float = 0.0) -> Attention:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Attention(WIDTH, HEADS, dropout).double()


def _batch(n: int) -> GraphBatch:
    """Graphs of different sizes, the smallest a single node."""
    alone = ArchTable.from_architectures([Architecture(("input",))], OPS)
    return GraphBatch.from_table(ArchTable.concatenate([random_table(n), alone]))


@pytest.mark.parametrize("pairs", ["on_a_path", "in_the_graph"])
def test_values_and_gradients_equal_those_of_torch(pairs: str) -> None:
    batch, results = _batch(9), []
    padded = batch.padded
    bias = getattr(padded, pairs)
    x = torch.randn(
        batch.n_nodes, WIDTH, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    for batched in (True, False):
        layer, states = _attention().train(), x.clone().requires_grad_()
        if batched:
            out = layer(states, padded.node, padded.position, bias)
        else:
            rows = []
            for g, part in enumerate(states.split(batch.node_ptr.diff().tolist())):
                n = len(part)
                rows.append(attention(layer, part, bias[:n, :n, g] == 0))
            out = torch.cat(rows)
        (out.sin() * torch.arange(WIDTH)).sum().backward()
        results.append(
            [out.detach(), states.grad, *(parameter.grad for parameter in layer.parameters())]
        )
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other)


def test_the_written_out_backward_pass_is_the_derivative_under_dropout() -> None:
    batch, layer = _batch(2), _attention(dropout=0.5).train()
    padded, parameters = batch.padded, dict(layer.named_parameters())

    def call(x: Tensor, *weights: Tensor) -> Tensor:
        given = dict(zip(parameters, weights, strict=True))
        with torch.random.fork_rng():
            torch.manual_seed(3)
            return torch.func.functional_call(
                layer, given, (x, padded.node, padded.position, padded.on_a_path)
            )

    x = torch.randn(
        batch.n_nodes, WIDTH, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    assert torch.autograd.gradcheck(call, (x.requires_grad_(), *parameters.values()))


def test_dropout_takes_whole_weights_and_keeps_the_mean() -> None:
    batch, layer = _batch(3), _attention(dropout=0.5).train()
    x = torch.randn(
        batch.n_nodes, WIDTH, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    padded = batch.padded
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        draws = torch.stack(
            [layer(x, padded.node, padded.position, padded.on_a_path) for _ in range(800)]
        )
        mean = layer.eval()(x, padded.node, padded.position, padded.on_a_path)
    assert draws.std(dim=0).max() > 0.01
    assert (draws.mean(dim=0) - mean).abs().max() < 5 * draws.std(dim=0).max() / 800**0.5
