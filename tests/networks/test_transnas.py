from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nasflow.errors import ConfigError
from nasflow.networks.flops import count_flops
from nasflow.networks.pair_cell import PairCellModule
from nasflow.networks.transnas import TransNASNetwork
from nasflow.running.seeding import seeded
from nasflow.spaces.pair_cell import PAIRS
from nasflow.spaces.transnas import TransNASMicro
from slow_layers import slow_half_size, slow_relu_conv_bn, unlike_identity

SPACE = TransNASMicro()
DEAD = "0_03_020"


def cells(n: int, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    return [SPACE.format(SPACE.sample(rng)) for _ in range(n)]


def slow_cell(cell: PairCellModule, ops: tuple[str, ...], stride: int, x: Tensor) -> Tensor:
    """Every map as the sum over all earlier ones; an operation on zeros gives zeros."""
    maps = [x]
    for target in (1, 2, 3):
        total = torch.zeros(len(x), cell.n_out, x.shape[2] // stride, x.shape[3] // stride)
        for source in range(target):
            op, step = ops[PAIRS.index((source, target))], 1 if source else stride
            if op == "none" or not maps[source].any():
                continue
            module, start = cell.operations[f"{source}>{target}"], maps[source]
            if op == "skip_connect":
                total += start if step == 1 else slow_half_size(module, start)
            else:
                total += slow_relu_conv_bn(module, start, step)
        maps.append(total)
    return maps[3]


@pytest.mark.parametrize("text", [*cells(15), "1_11_111", "3_33_333", DEAD])
def test_the_output_is_that_of_the_slow_cells(text: str) -> None:
    ops = SPACE.to_tuple(SPACE.parse(text))
    with seeded(0, "test"):
        network = unlike_identity(TransNASNetwork(SPACE.parse(text), width=4, cells=2))
        x = network.stem(torch.rand(2, 3, 32, 32))
    for i, cell in enumerate(network.layers):
        expected = slow_cell(cell, ops, 2 if i in (0, 4, 8) else 1, x)
        x = cell(x)
        assert torch.allclose(x, expected, rtol=1e-4, atol=1e-4)
    assert x.shape == (2, 32, 1, 1)


def test_parameters_are_those_of_the_written_out_skeleton() -> None:
    def conv(n_in: int, n_out: int, kernel: int) -> int:
        return (
            n_in * n_out * kernel**2 + 2 * n_out
        )  # weights, and scale and offset of the normalisation

    expected = conv(3, 32, 3) + conv(32, 64, 3) + 512 * 47 + 47
    for n_in, n in [(64, 128), (128, 128), (128, 256), (256, 256), (256, 512)]:
        for start in (
            n_in,
            n,
        ):  # two cells: 0>1 skip, 0>2 conv1x1, 1>2 conv3x3, 0>3 conv3x3, 1>3 none, 2>3 skip
            skip = (
                conv(start, n, 1) if start != n else 0
            )  # each half of the channels from all channels before
            expected += skip + conv(start, n, 1) + conv(n, n, 3) + conv(start, n, 3)
    network = TransNASNetwork(SPACE.parse("1_23_301"))
    assert sum(p.numel() for p in network.parameters()) == expected


def test_a_dead_cell_gives_zeros_of_the_shape_of_its_output() -> None:
    network = TransNASNetwork(SPACE.parse(DEAD), width=4, cells=1)
    x = torch.rand(2, 3, 24, 24, requires_grad=True)
    features = network.features(x)
    assert features.shape == (2, 32, 1, 1)
    assert not features.any()
    network(x).sum().backward()
    assert x.grad is not None
    assert not x.grad.any()


def test_flops_as_run_leave_out_what_does_not_run() -> None:
    cell = SPACE.parse("0_03_302")  # map 2 leads nowhere: 1>2 starts from zeros, and 1>3 is none
    ran, all_of_it = (
        count_flops(TransNASNetwork(cell, 8, 1, dead=dead), (3, 32, 32)) for dead in (False, True)
    )
    assert ran < all_of_it


def test_the_width_is_even() -> None:
    with pytest.raises(ConfigError, match="width=7; legal: even integers from 2 on"):
        TransNASNetwork(SPACE.parse(DEAD), width=7)


def test_parameters_that_run_get_gradients() -> None:
    network = TransNASNetwork(SPACE.parse("3_33_333"), width=4, cells=1)
    network(torch.rand(4, 3, 32, 32)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert not any(isinstance(module, nn.Identity) for module in network.modules())
