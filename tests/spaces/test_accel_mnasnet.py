from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from nasflow.errors import GraphError
from nasflow.networks.flops import count_flops
from nasflow.networks.mobile import ConvBN, MobileBlock
from nasflow.spaces.accel_mnasnet import AccelMnasnet

SPACE = AccelMnasnet()
TEXT = "e1k3l1 e4k5l2s e4k3l1 e4k3l1 e4k3l1 e6k3l4 e6k3l1"


def test_a_layer_is_a_node() -> None:
    element = SPACE.parse(TEXT)
    assert element.ops == (
        "input",
        "conv",
        "mbconv",
        "mbconv_se",
        "mbconv_se",
        *["mbconv"] * 8,
        "conv",
        "output",
    )
    assert element.attrs["stride"][:6] == (None, 2, 1, 2, 1, 2)
    assert SPACE.format(element) == TEXT
    assert SPACE.n_elements == 36**6 * 48


def normalised_and_pooled(row: dict[str, str]) -> float:
    """What the table's counter adds: four for each number normalised, one for each one pooled."""
    side, n_in = 112, 32
    normalised, pooled = n_in * side * side, 0
    for block, n_out in enumerate([16, 24, 40, 80, 112, 192, 320]):
        expansion, layers, se = (row[f"block{block}_{name}"] for name in ("e", "l", "se"))
        for i in range(int(layers)):
            inner = n_in * int(expansion)
            normalised += inner * side * side * (expansion != "1")
            if i == 0 and block in (1, 2, 3, 5):
                side //= 2
            normalised += (inner + n_out) * side * side
            pooled += inner * side * side * (se == "True")
            n_in = n_out
    last = 1280 * side * side
    return 4 * (normalised + last) + pooled + last


def test_parameters_and_macs_are_the_published_ones(nasflow_data: Path) -> None:
    path = nasflow_data / "accel_nasbench.csv.gz"
    if not path.is_file():
        pytest.skip(f"needs {path.name} in NASFLOW_DATA")
    with gzip.open(path, "rt") as file:
        rows = list(csv.DictReader(file))

    def column(name: str) -> list[list[int]]:
        blocks = []
        for row in rows:
            texts = [row[f"block{block}_{name}"] for block in range(7)]
            blocks.append([int(text) if text.isdigit() else int(text == "True") for text in texts])
        return blocks

    table = SPACE.table_from_choices(*map(column, ("e", "k", "l", "se")))
    totals = dict(zip(table.global_names, table.globals.T.astype(float), strict=True))
    params = np.array([float(row["params"]) for row in rows]) * 1e6
    assert np.array_equal(totals["params"].round(), params.round())
    macs = np.array([float(row["macs"]) for row in rows]) * 1e6
    assert np.corrcoef(totals["flops"], macs)[0, 1] > 0.998
    more = np.array([normalised_and_pooled(row) for row in rows])
    assert np.allclose(totals["flops"] + more, macs, rtol=2e-4)


def torch_layers(text: str) -> nn.Sequential:
    """The convolutional layers of a network, and its last one."""
    layers: list[nn.Module] = [ConvBN(3, 32, 3, stride=2)]
    n_in = 32
    for i, block in enumerate(text.split()):
        expansion, kernel, n_layers = int(block[1]), int(block[3]), int(block[5])
        width, stride = (16, 24, 40, 80, 112, 192, 320)[i], (1, 2, 2, 2, 1, 2, 1)[i]
        for layer in range(n_layers):
            squeezed = n_in // 4 if block.endswith("s") else 0
            step = stride if layer == 0 else 1
            layers.append(MobileBlock(n_in, width, kernel, expansion, step, squeezed))
            n_in = width
    return nn.Sequential(*layers, ConvBN(320, 1280, 1))


@pytest.mark.parametrize("seed", range(4))
def test_numbers_are_those_of_torch_layers(seed: int) -> None:
    space = AccelMnasnet(resolution=64)
    element = space.sample(np.random.default_rng(seed))
    layers = torch_layers(space.format(element)).eval()
    params = [sum(p.numel() for p in layer.parameters()) for layer in layers]
    assert list(element.attrs["params"][1:-1]) == params
    flops = element.attrs["flops"]
    assert sum(flops[1:-1]) == count_flops(layers, (3, 64, 64))
    assert (element.attrs["params"][-1], flops[-1]) == (1280 * 1000 + 1000, 1280 * 1000)
    x, outputs = torch.zeros(1, 3, 64, 64), []
    for layer in layers:
        x = layer(x)
        outputs.append(x.numel())
    assert list(element.attrs["outputs"][1:-1]) == outputs


def test_a_table_of_many_is_that_of_each() -> None:
    rng = np.random.default_rng(0)
    elements = [SPACE.sample(rng) for _ in range(40)]
    values = [SPACE.value(element) for element in elements]
    assert list(SPACE.table_of_values(values)) == elements


def test_drawn_at_once_or_one_by_one_layers_are_alike() -> None:
    rng = np.random.default_rng(0)
    at_once = np.diff(SPACE.sample_table(3000, rng).node_ptr) - 4
    one_by_one = [SPACE.sample(rng).n_nodes - 4 for _ in range(300)]
    assert abs(at_once.mean() - 14.5) < 0.2
    assert abs(np.mean(one_by_one) - 14.5) < 0.5


@pytest.mark.parametrize(
    ("name", "number", "message"),
    [
        ("e", 3, r"e\[0, 2\] is 3; legal: 1, 4, 6"),
        ("k", 7, r"k\[0, 2\] is 7; legal: 3, 5"),
        ("layers", 4, r"layers\[0, 2\] is 4; legal: 1\.\.3"),
        ("layers", 0, r"layers\[0, 2\] is 0; legal: 1, 2, 3, 4"),
        ("se", 2, r"se\[0, 2\] is 2; legal: 0, 1"),
    ],
)
def test_illegal_choices_are_named(name: str, number: int, message: str) -> None:
    choices: dict[str, Any] = {"e": [[1] * 7], "k": [[3] * 7], "layers": [[1] * 7], "se": [[0] * 7]}
    choices[name][0][2] = number
    with pytest.raises(GraphError, match=message):
        SPACE.table_from_choices(**choices)


@pytest.mark.parametrize("text", [TEXT[:-7], TEXT.replace("k5", "k7"), TEXT.replace("l1", "l4", 1)])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(GraphError, match="legal: "):
        SPACE.parse(text)
