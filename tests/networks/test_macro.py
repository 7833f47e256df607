from __future__ import annotations

import csv
import gzip
import os
from itertools import islice
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from nasflow.networks.flops import count_flops
from nasflow.networks.macro import MacroNetwork
from nasflow.running.seeding import seeded
from nasflow.spaces.macro import Macro
from slow_layers import layers, slow_conv, slow_norm, unlike_identity

SPACE = Macro()
EVERY = 1 if os.environ.get("NASFLOW_FULL") else 400  # all 6,561 rows take four minutes


def test_parameters_and_flops_are_the_published_ones(nasflow_data: Path) -> None:
    path = nasflow_data / "nasbench_macro.csv.gz"
    if not path.is_file():
        pytest.skip(f"needs {path.name} in NASFLOW_DATA")
    with gzip.open(path, "rt") as file:
        for row in islice(csv.DictReader(file), 0, None, EVERY):
            network = MacroNetwork(SPACE.parse(row["arch"]))
            assert sum(p.numel() for p in network.parameters()) == int(row["params"])
            assert count_flops(network, (3, 32, 32)) == int(row["flops"])


def slow_network(network: MacroNetwork, text: str, x: Tensor) -> Tensor:
    """Convolution after convolution, taken from the network in its order."""
    pairs = zip(layers(network, nn.Conv2d), layers(network, nn.BatchNorm2d), strict=True)

    def convolved(x: Tensor, kernel: int, stride: int = 1, depthwise: bool = False) -> Tensor:
        conv, norm = next(pairs)
        assert conv.weight.shape[-1] == kernel
        return slow_norm(
            norm, slow_conv(conv.weight, x, stride, groups=x.shape[1] if depthwise else 1)
        )

    x = convolved(x, 3).clamp(min=0)
    for i, digit in enumerate(text):
        stride = 2 if i in (0, 2, 5) else 1
        if digit == "0":
            x = convolved(x, 1, stride) if stride == 2 else x
            continue
        kernel = {"1": 3, "2": 5}[digit]
        y = convolved(x, 1).clamp(min=0)
        y = convolved(convolved(y, kernel, stride, depthwise=True).clamp(min=0), 1)
        x = y if stride == 2 else x + y
    return convolved(x, 1).clamp(min=0)


@pytest.mark.parametrize("text", ["02012100", "11111111", "22222222", "00000000", "20120210"])
def test_the_output_is_that_of_the_slow_network(text: str) -> None:
    with seeded(0, "test"):
        network, x = (
            unlike_identity(MacroNetwork(SPACE.parse(text), width=4)),
            torch.rand(2, 3, 12, 12),
        )
    features = network.features(x)
    assert torch.allclose(features, slow_network(network, text, x), rtol=1e-4, atol=1e-4)
    logits = network.classifier(features.flatten(2).mean(2))
    assert torch.allclose(network(x), logits, atol=1e-5)


def test_all_parameters_get_gradients() -> None:
    network = MacroNetwork(SPACE.parse("02012100"), width=4)
    network(torch.rand(4, 3, 16, 16)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
