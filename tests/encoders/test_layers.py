"""The layers that encoders share: dropout by bytes, a linear layer on one-hot operations."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from nasflow.encoders.layers import FastDropout, NodeNorm, OneHotLinear, one_hot_operations


@pytest.mark.parametrize("p", [0.1, 0.25, 0.5, 0.9])
def test_dropout_zeroes_its_share_and_keeps_the_mean(p: float) -> None:
    dropout, n = FastDropout(p).train(), 400_003  # no multiple of 8
    with torch.random.fork_rng():
        torch.manual_seed(0)
        out = dropout(torch.ones(n))
    share = round(p * 256) / 256
    four_sigma = 4 * (share * (1 - share) / n) ** 0.5
    assert abs(float((out == 0).double().mean()) - share) < four_sigma
    assert abs(float(out.double().mean()) - 1) < four_sigma / (1 - share)
    assert out.unique().tolist() == pytest.approx([0, 1 / (1 - share)])


def test_dropout_hits_each_place_alike() -> None:
    dropout = FastDropout(0.5).train()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        zeroed = sum((dropout(torch.ones(3, 7)) == 0).double() for _ in range(2000)) / 2000
    assert isinstance(zeroed, Tensor)
    assert (zeroed - 0.5).abs().max() < 5 * (0.25 / 2000) ** 0.5


def test_dropout_of_0_and_outside_training_changes_nothing() -> None:
    x = torch.randn(5, 3)
    assert FastDropout(0.0).train()(x) is x
    assert FastDropout(0.5).eval()(x) is x


def test_the_gradient_of_dropout_is_its_mask() -> None:
    x = torch.ones(100, requires_grad=True)
    out = FastDropout(0.5).train()(x)
    out.sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad, out.detach())


# -- one-hot ---------------------------------------------------------------------------------------


def test_a_one_hot_linear_layer_is_a_linear_layer_on_the_one_hot_matrix() -> None:
    layer, ops = OneHotLinear(5, 3), torch.tensor([4, 0, 4, 2])
    expected = layer.linear(nn.functional.one_hot(ops, 5).float())
    torch.testing.assert_close(layer(ops), expected)


def test_a_hidden_operation_is_a_row_of_zeros() -> None:
    layer, every = OneHotLinear(5, 3), torch.arange(6)
    expected = torch.eye(6)[:, :5]
    assert torch.equal(one_hot_operations(every, 5).float(), expected)
    torch.testing.assert_close(layer(every), layer.linear(expected))
    torch.testing.assert_close(layer.rows(masked=True), layer.linear(expected))
    torch.testing.assert_close(layer.rows(), layer.linear(expected[:5]))


# -- normalisation ---------------------------------------------------------------------------------


def test_normalisation_is_that_of_torch_and_takes_a_single_node() -> None:
    ours, theirs = NodeNorm(3), nn.BatchNorm1d(3)
    x = torch.randn(20, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(ours.train()(x), theirs.train()(x))
    state = {name: tensor.clone() for name, tensor in ours.state_dict().items()}
    single = ours(x[:1])
    assert all(torch.equal(ours.state_dict()[name], tensor) for name, tensor in state.items())
    torch.testing.assert_close(single, theirs.eval()(x[:1]))
