from __future__ import annotations

import csv
import gzip
import itertools
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nasflow.errors import ConfigError
from nasflow.graphs.architecture import Architecture
from nasflow.networks.nb101 import NB101Cell, NB101Network, vertex_channels
from nasflow.running.seeding import seeded
from nasflow.spaces.nb101 import NB101
from slow_layers import slow_conv, slow_norm, slow_pool, unlike_identity

SPACE = NB101()
EVERY = (
    20 if os.environ.get("NASFLOW_FULL") else 2000
)  # of 20,001 rows; a thousand of them take two minutes
FOUR_ENDS = SPACE.parse("111100001001011" + "|maxpool3x3" * 4)


def sampled(n: int, seed: int = 0) -> list[Architecture]:
    rng = np.random.default_rng(seed)
    return [SPACE.sample(rng) for _ in range(n)]


def orders(cell: Architecture) -> Iterator[list[int]]:
    """Every topological order of the cell's nodes."""
    last = cell.n_nodes - 1
    for middle in itertools.permutations(range(1, last)):
        order = [0, *middle, last]
        if all(order.index(source) < order.index(target) for source, target in cell.edges):
            yield order


def n_parameters(cell: Architecture) -> int:
    return sum(p.numel() for p in NB101Network(cell).parameters())


def test_parameters_are_the_published_ones(nasflow_data: Path) -> None:
    path = nasflow_data / "nb101.csv.gz"
    if not path.is_file():
        pytest.skip(f"needs {path.name} in NASFLOW_DATA")
    reordered = n_rows = 0
    with gzip.open(path, "rt") as file:
        for row in islice(csv.DictReader(file), 0, None, EVERY):
            cell, published = (
                SPACE.parse(f"{row['upper_triangle']}|{row['ops']}"),
                int(row["params"]),
            )
            n_rows += 1
            if n_parameters(cell) != published:
                # the network that was trained had the nodes in another order, and 128 has a rest
                reordered += 1
                assert any(
                    n_parameters(cell.relabelled(order)) == published for order in orders(cell)
                )
    assert reordered <= 0.1 * n_rows  # of all rows 3.4 %


def slow_block(block: nn.Module, x: Tensor) -> Tensor:
    if isinstance(block, nn.MaxPool2d):
        return slow_pool("max", x)
    conv, norm, _ = block.children()
    return slow_norm(norm, slow_conv(conv.weight, x)).clamp(min=0)


def slow_cell(module: NB101Cell, cell: Architecture, x: Tensor) -> Tensor:
    """Edge by edge: what a node gets is added up, at the output put side by side."""
    last = cell.n_nodes - 1
    values = {0: x}
    for v in range(1, last):
        n = module.channels[v]
        got = torch.zeros(len(x), n, *x.shape[2:])
        for u in range(v):
            if (u, v) in cell.edges:
                got += values[u][:, :n] if u else slow_block(module.projections[str(v)], x)
        values[v] = slow_block(module.operations[v - 1], got)
    ends = [values[u] for u in range(1, last) if (u, last) in cell.edges]
    direct = [slow_block(module.projections[str(last)], x)] if (0, last) in cell.edges else []
    return sum(direct, torch.cat(ends, 1)) if ends else direct[0]


@pytest.mark.parametrize("cell", [SPACE.parse("1"), FOUR_ENDS, *sampled(20)], ids=SPACE.format)
def test_the_output_is_that_of_the_slow_cell(cell: Architecture) -> None:
    with seeded(0, "test"):
        module, x = unlike_identity(NB101Cell(cell, 5, 11)), torch.rand(3, 5, 6, 6) - 0.5
    assert torch.allclose(module(x), slow_cell(module, cell, x), atol=1e-5)


@pytest.mark.parametrize("cell", sampled(20, seed=1), ids=SPACE.format)
def test_isomorphic_cells_compute_the_same_where_the_channels_divide(cell: Architecture) -> None:
    last = cell.n_nodes - 1
    cell = (
        Architecture(cell.ops, tuple(edge for edge in cell.edges if edge != (0, last)))
        if last > 1
        else cell
    )
    with seeded(0, "test"):
        module, x = unlike_identity(NB101Cell(cell, 5, 12)), torch.rand(2, 5, 6, 6)
    parts = dict(
        zip(
            [v for v in cell.predecessors[last] if v] or [0],
            module(x).chunk(max(1, sum(v > 0 for v in cell.predecessors[last])), 1),
            strict=True,
        )
    )
    for order in islice(orders(cell), 5):
        other = cell.relabelled(order)
        twin = NB101Cell(other, 5, 12).eval()
        for new, old in enumerate(order):
            if str(old) in module.projections:
                twin.projections[str(new)].load_state_dict(
                    module.projections[str(old)].state_dict()
                )
            if 0 < old < last:
                twin.operations[new - 1].load_state_dict(module.operations[old - 1].state_dict())
        expected = torch.cat([parts[order[v]] for v in other.predecessors[last]], 1)
        assert torch.allclose(twin(x), expected, atol=1e-5)


def test_channels_are_shared_out_as_in_the_source() -> None:
    assert vertex_channels(SPACE.parse("1"), 128) == [0, 128]
    assert vertex_channels(FOUR_ENDS, 130) == [0, 33, 33, 32, 32, 130]
    # 1 > 2 > output, 1 > 3 > output: node 1 is as wide as the wider of the two
    fork = SPACE.parse("1000110011" + "|conv1x1-bn-relu" * 3)
    assert vertex_channels(fork, 7) == [0, 4, 4, 3, 7]


def test_the_width_must_do_for_every_end() -> None:
    with pytest.raises(ConfigError, match="width=3; legal: integers from 4 on"):
        NB101Network(FOUR_ENDS, width=3)
    assert NB101Network(FOUR_ENDS, width=4, cells=1)(torch.rand(2, 3, 8, 8)).shape == (2, 10)


def test_all_parameters_get_gradients() -> None:
    for cell in sampled(5, seed=2):
        network = NB101Network(cell, width=8, cells=1)
        network(torch.rand(4, 3, 8, 8)).square().sum().backward()
        assert all(parameter.grad is not None for parameter in network.parameters())
