"""A weight that came through `Identity`, `Constant`, `Reshape` and the like was taken for an
activation: of three equal blocks two were other operations, and all depthwise convolutions and
linear layers of some exporters had wrong names.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from onnx import helper, numpy_helper
from torch import nn

from importers.exports import onnx_model, three_ways
from importers.onnx_files import integers, model_of, weight
from importers.structure import from_onnx
from importers.zoo import EqualBlocks

node = helper.make_node


def moved(way: str, name: str, shape: tuple[int, ...]) -> tuple[list[Any], list[Any]]:
    """Nodes that give a weight of that name and shape, and the initialisers that they read."""
    raw = f"{name}.raw"
    if way == "Constant":
        tensor = numpy_helper.from_array(np.ones(shape, np.float32))
        return [node("Constant", [], [name], value=tensor)], []
    if way == "Reshape":
        flat, target = weight(raw, int(np.prod(shape))), integers(f"{name}.shape", *shape)
        return [node("Reshape", [raw, target.name], [name])], [flat, target]
    if way == "Transpose":
        order = list(reversed(range(len(shape))))
        return [node("Transpose", [raw], [name], perm=order)], [weight(raw, *reversed(shape))]
    if way == "Cast":
        return [node("Cast", [raw], [name], to=1)], [weight(raw, *shape)]
    if way == "DequantizeLinear":
        whole = numpy_helper.from_array(np.ones(shape, np.int8), raw)
        scale = numpy_helper.from_array(np.float32(0.1), f"{name}.scale")
        return [node(way, [raw, scale.name], [name])], [whole, scale]
    if way == "several":
        first, initialisers = moved("Reshape", f"{name}.one", shape)
        through = [
            node("Cast", [f"{name}.one"], [f"{name}.two"], to=1),
            node("Identity", [f"{name}.two"], [name]),
        ]
        return [*first, *through], initialisers
    return [node("Identity", [raw], [name])], [weight(raw, *shape)]


@pytest.mark.parametrize(
    "way",
    ["Identity", "Constant", "Reshape", "Transpose", "Cast", "DequantizeLinear", "several"],
)
def test_names_are_those_of_an_initialiser(way: str) -> None:
    nodes, initialisers = [], []
    for name, shape in (
        ("d", (8, 1, 3, 3)),
        ("g", (8, 4, 5, 5)),
        ("t", (8, 8, 2, 2)),
        ("m", (8, 4)),
        ("k", (4, 4)),
    ):
        made, read = moved(way, name, shape)
        nodes += made
        initialisers += read
    nodes += [
        # no kernel_shape: only the weight tells it
        node("Conv", ["x", "d"], ["a"], group=8),
        node("Conv", ["a", "g"], ["b"], group=2, pads=[2, 2, 2, 2]),
        node("ConvTranspose", ["b", "t"], ["c"]),
        node("GlobalAveragePool", ["c"], ["p"]),
        node("Flatten", ["p"], ["f"]),
        node("MatMul", ["f", "m"], ["h"]),
        node("Gemm", ["h", "k"], ["y"]),
    ]
    assert from_onnx(model_of(nodes, initialisers)).ops == (
        "input",
        "dwconv3x3",
        "groupconv5x5",
        "convtranspose2x2",
        "globalavgpool",
        "flatten",
        "linear",
        "linear",
        "output",
    )


def test_three_equal_blocks_are_three_equal_blocks() -> None:
    """An exporter keeps one copy of equal weights; the others become `Identity`."""
    graphs = three_ways(EqualBlocks(8).eval(), torch.rand(1, 8, 6, 6))
    counts = Counter(graphs["onnx"].ops)
    assert (counts["dwconv3x3"], counts["linear"], counts["layernorm"]) == (3, 3, 3)
    assert len({graph.canonical_id for graph in graphs.values()}) == 1


def test_an_untrained_transformer_encoder() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    encoder = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False).eval()
    graph = from_onnx(onnx_model(encoder, torch.rand(1, 5, 8)))
    counts = Counter(graph.ops)
    assert counts["attention"] == 3
    assert counts["linear"] == 12
    assert counts["matmul"] == 0


def test_what_hangs_on_the_input_is_never_a_weight() -> None:
    """A product of two activations stays a product, however they were moved before."""
    nodes = [
        node("Transpose", ["x"], ["t"], perm=[0, 1, 3, 2]),
        node("Cast", ["t"], ["c"], to=1),
        node("Identity", ["c"], ["i"]),
        node("MatMul", ["x", "i"], ["y"]),
    ]
    graph = from_onnx(model_of(nodes, []))
    assert Counter(graph.ops)["matmul"] == 1
    assert len(graph.predecessors[graph.ops.index("matmul")]) == 2
