from __future__ import annotations

import csv
import gzip
import os
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nasflow.networks.flops import count_flops
from nasflow.networks.nb201 import NB201Network
from nasflow.networks.pair_cell import PairCellModule
from nasflow.running.seeding import seeded
from nasflow.spaces.nb201 import NB201
from nasflow.spaces.pair_cell import PAIRS
from slow_layers import slow_pool, slow_relu_conv_bn, unlike_identity

SPACE = NB201()
EVERY = 1 if os.environ.get("NASFLOW_FULL") else 800  # all 9,445 rows take seven minutes
DEAD = "|none~0|+|nor_conv_3x3~0|none~1|+|none~0|nor_conv_1x1~1|none~2|"


def cells(n: int, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    return [SPACE.format(SPACE.sample(rng)) for _ in range(n)]


def slow_operation(op: str, module: nn.Module, x: Tensor) -> Tensor:
    if op == "skip":
        return x
    return slow_pool("avg", x) if op == "avgpool3x3" else slow_relu_conv_bn(module, x)


def slow_cell(cell: PairCellModule, ops: tuple[str, ...], x: Tensor) -> Tensor:
    """Every map as the sum over all earlier ones; an operation on zeros gives zeros."""
    maps = [x]
    for target in (1, 2, 3):
        total = torch.zeros_like(x)
        for source in range(target):
            op = ops[PAIRS.index((source, target))]
            if op != "none" and maps[source].any():
                total = total + slow_operation(
                    op, cell.operations[f"{source}>{target}"], maps[source]
                )
        maps.append(total)
    return maps[3]


@pytest.mark.parametrize("text", [*cells(20), DEAD])
def test_the_output_is_that_of_the_slow_cell(text: str) -> None:
    with seeded(1, "test"):
        network = unlike_identity(NB201Network(SPACE.parse(text), width=4, cells=2))
        x = torch.rand(3, 4, 8, 8) - 0.5
    cell = network.layers[0]
    assert isinstance(cell, PairCellModule)
    assert torch.allclose(cell(x), slow_cell(cell, SPACE.to_tuple(SPACE.parse(text)), x), atol=1e-5)


@pytest.mark.parametrize("text", cells(20, seed=1))
def test_what_is_left_out_changes_nothing_before_training(text: str) -> None:
    outputs = []
    for dead in (False, True):
        with seeded(2, "test"):
            network = NB201Network(SPACE.parse(text), width=4, cells=1, dead=dead)
            outputs.append(network(torch.rand(4, 3, 8, 8)))
    assert torch.equal(*outputs)


def test_parameters_and_flops_are_the_published_ones(nasflow_data: Path) -> None:
    path = nasflow_data / "nb201_zero_cost.csv.gz"
    if not path.is_file():
        pytest.skip(f"needs {path.name} in NASFLOW_DATA")
    maps = 5 * (16 * 32**2 + 32 * 16**2 + 64 * 8**2)  # elements of one feature map of each cell
    # the file's FLOPs also count batch normalisation (2 an element), ReLU (1) and averages (their
    # area): so much outside the cells, and 3 and 9 for each element behind a convolution and a
    # pooling
    outside = 160_832
    with gzip.open(path, "rt") as file:
        for row in islice(csv.DictReader(file), 0, None, EVERY):
            network = NB201Network(SPACE.parse(row["arch"]), dead=True)
            n_conv, n_pool = row["arch"].count("nor_conv"), row["arch"].count("avg_pool")
            assert sum(p.numel() for p in network.parameters()) == round(float(row["params"]) * 1e6)
            flops = count_flops(network, (3, 32, 32)) + outside + maps * (3 * n_conv + 9 * n_pool)
            assert flops == round(float(row["flops"]) * 1e6)


def test_flops_as_run_leave_out_what_does_not_run() -> None:
    cell = SPACE.parse("|none~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|none~1|none~2|")
    assert [
        pair
        for m in NB201Network(cell, cells=1).modules()
        if isinstance(m, PairCellModule)
        for pair in m.running
    ] == [(0, 3)] * 3
    ran, all_of_it = (
        count_flops(NB201Network(cell, dead=dead), (3, 32, 32)) for dead in (False, True)
    )
    assert all_of_it - ran == 2 * 5 * 3 * 9 * (16 * 32) ** 2  # two convolutions in each of 15 cells


def test_a_dead_cell_gives_zeros_and_gradients_of_zero() -> None:
    network = NB201Network(SPACE.parse(DEAD), width=4, cells=1)
    x = torch.rand(2, 3, 8, 8, requires_grad=True)
    assert not network.layers[0](network.stem(x)).any()
    network(x).sum().backward()
    assert x.grad is not None
    assert not x.grad.any()


@pytest.mark.parametrize("text", [*cells(5, seed=2), DEAD])
def test_parameters_that_run_get_gradients(text: str) -> None:
    network = NB201Network(SPACE.parse(text), width=4, cells=1)
    network(torch.rand(4, 3, 8, 8)).square().sum().backward()
    for name, parameter in network.named_parameters():
        head, _, tail = name.partition(".operations.")
        runs = (
            not tail
            or tuple(map(int, tail.partition(".")[0].split(">")))
            in network.get_submodule(head).running
        )
        assert (parameter.grad is not None) == runs, name


@pytest.mark.parametrize(
    "ops",
    [
        ("conv1x1", "conv3x3", "none", "avgpool3x3", "skip", "conv3x3"),
        ("skip", "conv3x3", "none", "none", "conv1x1", "avgpool3x3"),
    ],
)
def test_isomorphic_cells_compute_the_same(ops: tuple[str, ...]) -> None:
    one = SPACE.from_tuple(ops)
    other = SPACE.from_tuple([ops[i] for i in (1, 0, 2, 3, 5, 4)])  # maps 1 and 2 change
    assert one.canonical_id == other.canonical_id
    with seeded(3, "test"):
        first, second = (NB201Network(cell, width=4, cells=1) for cell in (one, other))
        x = torch.rand(2, 3, 8, 8)
    weights = first.state_dict()
    swapped = {"0>1": "0>2", "0>2": "0>1", "1>3": "2>3", "2>3": "1>3"}
    renamed = {}
    for key, value in weights.items():
        parts = [swapped.get(part, part) for part in key.split(".")]
        renamed[".".join(parts)] = value
    second.load_state_dict(renamed)
    assert torch.allclose(first(x), second(x), atol=1e-5)
