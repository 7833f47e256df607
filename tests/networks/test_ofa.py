from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nasflow.networks.flops import count_flops
from nasflow.networks.mobile import MobileBlock
from nasflow.networks.ofa import OfaNetwork
from nasflow.running.seeding import seeded
from nasflow.spaces.ofa_mbv3 import OfaMbv3
from slow_layers import layers, slow_conv, slow_norm, unlike_identity

SPACE = OfaMbv3()
SMALLEST = SPACE.from_choices([3] * 20, [3] * 20, [2] * 5, 128)


@pytest.mark.parametrize("seed", range(5))
def test_what_the_space_derives_is_what_the_network_has(seed: int) -> None:
    element = SPACE.sample(np.random.default_rng(seed))
    network = OfaNetwork(element)
    hidden, _, last = network.classifier
    parts = [*network.layers, hidden, last]
    n_params = [sum(p.numel() for p in part.parameters()) for part in parts]
    assert list(element.attrs["params"][1:]) == n_params
    assert element.globals["params"] == sum(n_params)
    side = int(element.globals["resolution"])
    # numbers on graphs are float32
    assert element.globals["flops"] == np.float32(count_flops(network, (3, side, side)))


def test_outputs_are_those_of_the_layers() -> None:
    shapes: list[int] = []
    network = OfaNetwork(SMALLEST).eval()
    for layer in network.layers:
        layer.register_forward_hook(lambda _, __, out: shapes.append(out[0].numel()))
    network(torch.zeros(1, 3, 128, 128))
    assert list(SMALLEST.attrs["outputs"][1:-2]) == shapes


def hard_swish(x: Tensor) -> Tensor:
    return x * (x + 3).clamp(0, 6) / 6


@pytest.mark.parametrize("squeezed", [0, 8])
@pytest.mark.parametrize(("stride", "n_out"), [(1, 6), (1, 8), (2, 6)])
def test_a_block_is_the_slow_one(squeezed: int, stride: int, n_out: int) -> None:
    with seeded(0, "test"):
        block = MobileBlock(6, n_out, 5, 3, stride, squeezed, nn.Hardswish)
        unlike_identity(block)
        x = torch.randn(2, 6, 7, 7)
    convs, norms = layers(block, nn.Conv2d), layers(block, nn.BatchNorm2d)
    y = hard_swish(slow_norm(norms[0], slow_conv(convs[0].weight, x)))
    y = hard_swish(slow_norm(norms[1], slow_conv(convs[1].weight, y, stride, groups=18)))
    if squeezed:
        means = y.mean((2, 3))
        hidden = (means @ convs[2].weight[:, :, 0, 0].T + convs[2].bias).clamp(min=0)
        factors = (hidden @ convs[3].weight[:, :, 0, 0].T + convs[3].bias + 3).clamp(0, 6) / 6
        y = y * factors[:, :, None, None]
    y = slow_norm(norms[2], slow_conv(convs[-1].weight, y))
    expected = y + x if stride == 1 and n_out == 6 else y
    assert torch.allclose(block(x), expected, rtol=1e-4, atol=1e-4)


def test_activations_and_squeeze_and_excite_are_where_the_source_has_them() -> None:
    network = OfaNetwork(SMALLEST)
    for i, block in enumerate(network.layers[2:-1]):
        stage = i // 2
        kinds = {type(module) for module in block.modules()}
        assert (nn.Hardswish in kinds) == (stage >= 2)
        assert (nn.Hardsigmoid in kinds) == (stage in (1, 3, 4))


def test_it_trains() -> None:
    with seeded(0, "test"):
        network = OfaNetwork(SMALLEST, n_classes=3)
        images, labels = torch.randn(8, 3, 64, 64), torch.arange(8) % 3
    optimizer = torch.optim.SGD(network.parameters(), 0.05)
    losses = []
    for _ in range(6):
        loss = nn.functional.cross_entropy(network(images), labels)
        optimizer.zero_grad()
        loss.backward()
        assert all(parameter.grad is not None for parameter in network.parameters())
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
