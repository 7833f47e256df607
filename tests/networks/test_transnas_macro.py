from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from nasflow.networks.flops import count_flops
from nasflow.networks.transnas_macro import BasicBlock, TransNASMacroNetwork
from nasflow.running.seeding import seeded
from nasflow.spaces.transnas_macro import TransNASMacro
from slow_layers import slow_conv, slow_norm, slow_relu_conv_bn, unlike_identity

SPACE = TransNASMacro()


@pytest.mark.parametrize("seed", range(4))
def test_what_the_space_derives_is_what_the_network_has(seed: int) -> None:
    element = SPACE.sample(np.random.default_rng(seed))
    network = TransNASMacroNetwork(element)
    parts = [network.stem, *network.layers, network.classifier]
    n_params = [sum(p.numel() for p in part.parameters()) for part in parts]
    assert list(element.attrs["params"][1:]) == n_params
    assert element.globals["flops"] == np.float32(count_flops(network, (3, 256, 256)))


@pytest.mark.parametrize(("n_out", "stride"), [(6, 1), (6, 2), (12, 1), (12, 2)])
def test_a_block_is_the_slow_one(n_out: int, stride: int) -> None:
    with seeded(0, "test"):
        block, x = unlike_identity(BasicBlock(6, n_out, stride)), torch.randn(2, 6, 8, 8)
    first, second = block.convolutions
    shortcut = x
    y = slow_relu_conv_bn(second, slow_relu_conv_bn(first, x, stride))
    if isinstance(block.shortcut, nn.Sequential):
        conv, norm = block.shortcut
        shortcut = slow_norm(norm, slow_conv(conv.weight, x, stride))
    assert torch.allclose(block(x), shortcut + y, rtol=1e-4, atol=1e-4)
