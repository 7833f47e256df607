from __future__ import annotations

import gzip
import json
import os
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nasflow.graphs.architecture import Architecture
from nasflow.networks.darts import DartsCell, DartsNetwork
from nasflow.networks.flops import count_flops
from nasflow.running.seeding import seeded
from nasflow.spaces.darts import OPERATIONS, Cell, Darts
from slow_layers import (
    layers,
    slow_conv,
    slow_half_size,
    slow_norm,
    slow_pool,
    slow_relu_conv_bn,
    unlike_identity,
)

SPACE = Darts()
# of 10,000 rows; 500 of them take three minutes
EVERY = 20 if os.environ.get("NASFLOW_FULL") else 5000

# two pairs for each of the four steps
DARTS_V2 = """Genotype(
    normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1),
            ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)],
    reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1),
            ('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)])"""
PDARTS = """Genotype(
    normal=[('skip_connect', 0), ('dil_conv_3x3', 1), ('skip_connect', 0), ('sep_conv_3x3', 1),
            ('sep_conv_3x3', 1), ('sep_conv_3x3', 3), ('sep_conv_3x3', 0), ('dil_conv_5x5', 4)],
    reduce=[('avg_pool_3x3', 0), ('sep_conv_5x5', 1), ('sep_conv_3x3', 0), ('dil_conv_5x5', 2),
            ('max_pool_3x3', 0), ('dil_conv_3x3', 1), ('dil_conv_3x3', 1), ('dil_conv_5x5', 3)])"""


def sampled(n: int, seed: int = 0) -> list[Architecture]:
    rng = np.random.default_rng(seed)
    return [SPACE.sample(rng) for _ in range(n)]


@pytest.mark.parametrize(
    ("genotype", "published"),
    [(DARTS_V2, 3_349_342), (PDARTS, 3_433_798)],
    ids=["DARTS_V2", "PDARTS"],
)
def test_parameters_are_those_of_the_published_networks(genotype: str, published: int) -> None:
    network = DartsNetwork(SPACE.parse(genotype), width=36, cells=6)
    assert sum(p.numel() for p in network.parameters()) == published


def test_flops_are_the_published_ones(nasflow_data: Path) -> None:
    path = nasflow_data / "nb301.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"needs {path.name} in NASFLOW_DATA")
    with gzip.open(path, "rt") as file:
        for row in map(json.loads, islice(file, 0, None, EVERY)):
            # the file's networks are DARTS's own size, on images of half the size of CIFAR's
            network = DartsNetwork(SPACE.from_genotype(row), width=36, cells=6)
            assert count_flops(network, (3, 16, 16)) == row["flops"]


def slow_operation(op: str, module: nn.Module, stride: int, x: Tensor) -> Tensor:
    if op == "skip_connect":
        return x if stride == 1 else slow_half_size(module, x)
    if "pool" in op:
        return slow_pool(op[:3], x, stride)
    weights = [conv.weight for conv in layers(module, nn.Conv2d)]
    for depthwise, pointwise, norm in zip(
        weights[::2], weights[1::2], layers(module, nn.BatchNorm2d), strict=True
    ):
        x = slow_conv(
            depthwise, x.clamp(min=0), stride, 2 if op.startswith("dil") else 1, groups=x.shape[1]
        )
        x, stride = slow_norm(norm, slow_conv(pointwise, x)), 1
    assert len(weights) == (2 if op.startswith("dil") else 4)
    assert weights[0].shape[-1] == int(op[-1])
    return x


def slow_cell(
    module: DartsCell, pairs: list[tuple[str, int]], stride: int, states: list[Tensor]
) -> Tensor:
    """Step by step: every operation on the state it names, two by two added up."""
    results = []
    for i, (op, source) in enumerate(pairs):
        operation = module.operations[i // 2][i % 2]
        results.append(slow_operation(op, operation, stride if source < 2 else 1, states[source]))
        if i % 2:
            states = [*states, results[i - 1] + results[i]]
    return torch.cat(states[2:], 1)


def flattened(cell: Cell) -> list[tuple[str, int]]:
    return [pair for step in cell for pair in step]


@pytest.mark.parametrize("element", sampled(10), ids=range(10))
def test_the_output_is_that_of_the_slow_cells(element: Architecture) -> None:
    with seeded(0, "test"):
        network = unlike_identity(DartsNetwork(element, width=4, cells=1))
        x = torch.rand(2, 3, 12, 12)
    normal, reduce = map(flattened, SPACE.to_cells(element))
    before = last = network.stem(x)
    for i, cell in enumerate(network.cells):
        reducing = i in (1, 3)
        halving = i in (2, 4)  # after a reduction the cell before it is still twice as large
        states = [
            (slow_half_size if halving else slow_relu_conv_bn)(cell.first, before),
            slow_relu_conv_bn(cell.second, last),
        ]
        expected = slow_cell(cell, reduce if reducing else normal, 2 if reducing else 1, states)
        before, last = last, cell(before, last)
        assert torch.allclose(last, expected, rtol=1e-4, atol=1e-4)
    assert torch.equal(network.features(x), last)


def test_every_operation_is_in_the_sample() -> None:
    for c in (0, 1):
        used = set()
        for element in sampled(10):
            used |= {op for op, _ in flattened(SPACE.to_cells(element)[c])}
        assert used == set(OPERATIONS)


def test_all_parameters_get_gradients() -> None:
    network = DartsNetwork(sampled(1)[0], width=4, cells=1)
    network(torch.rand(4, 3, 8, 8)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
