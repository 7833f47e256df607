from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from importers.models import TransformerBlock
from importers.structure import from_onnx, from_torch
from nasflow.errors import (
    DataError,
    GraphError,
    MissingDataError,
    MissingExtraError,
    UnknownOperationsError,
)
from nasflow.graphs.architecture import Architecture


def model(nodes: list[Any], outputs: tuple[str, ...] = ("y",), **weights: list[int]) -> Any:
    """A model of some nodes from the input x; weights by name and shape."""

    def value(name: str) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"])

    tensors = [
        helper.make_tensor(name, TensorProto.FLOAT, shape, bytes(4 * _size(shape)), raw=True)
        for name, shape in weights.items()
    ]
    return helper.make_model(
        helper.make_graph(nodes, "g", [value("x")], [value(name) for name in outputs], tensors)
    )


def _size(shape: list[int]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size


def residual() -> Any:
    """Convolution, activation, shortcut, head."""
    node = helper.make_node
    return model(
        [
            node("Conv", ["x", "w"], ["a"], name="conv", kernel_shape=[3, 3]),
            node("Relu", ["a"], ["b"], name="act"),
            node("Conv", ["b", "d"], ["c"], group=8),
            node("Add", ["a", "c"], ["s"]),
            node("GlobalAveragePool", ["s"], ["p"]),
            node("Flatten", ["p"], ["f"]),
            node("Gemm", ["f", "m"], ["y"]),
        ],
        w=[8, 3, 3, 3],
        d=[8, 1, 5, 5],
        m=[10, 8],
    )


def test_a_residual_network_from_a_file(tmp_path: Path) -> None:
    onnx.save(residual(), str(tmp_path / "m.onnx"))
    graph = from_onnx(tmp_path / "m.onnx")
    assert graph == Architecture(
        (
            "input",
            "conv3x3",
            "relu",
            "dwconv5x5",
            "add",
            "globalavgpool",
            "flatten",
            "linear",
            "output",
        ),
        ((0, 1), (1, 2), (2, 3), (1, 4), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8)),
    )
    assert from_onnx(residual()) == graph


def test_the_same_block_from_onnx_and_from_torch() -> None:
    """A Transformer block written by hand in both, node for node."""
    node = helper.make_node
    heads = []
    for part in "qkv":
        heads.append(node("Reshape", [f"s{part}", "shape"], [f"r{part}"]))
        heads.append(node("Transpose", [f"r{part}"], [part]))
    block = model(
        [
            node("LayerNormalization", ["x", "g"], ["n"]),
            node("MatMul", ["n", "w"], ["qkv"]),
            node("Split", ["qkv"], ["sq", "sk", "sv"]),
            *heads,
            node("Attention", ["q", "k", "v"], ["a"]),
            node("Transpose", ["a"], ["t"]),
            node("Reshape", ["t", "shape"], ["u"]),
            node("MatMul", ["u", "o"], ["p"]),
            node("Add", ["x", "p"], ["z"]),
            node("LayerNormalization", ["z", "g"], ["l"]),
            node("MatMul", ["l", "w1"], ["h"]),
            node("Gelu", ["h"], ["e"]),
            node("MatMul", ["e", "w2"], ["f"]),
            node("Add", ["z", "f"], ["y"]),
        ],
        g=[32],
        w=[32, 96],
        shape=[4],
        o=[32, 32],
        w1=[32, 128],
        w2=[128, 32],
    )
    assert from_onnx(block).canonical_id == from_torch(TransformerBlock()).canonical_id


def test_constants_are_dropped_and_casts_joined() -> None:
    node = helper.make_node
    graph = from_onnx(
        model(
            [
                node("Constant", [], ["k"], value_float=1.0),
                node("Oddity", ["k"], ["k2"]),
                node("Shape", ["x"], ["n"]),
                node("ConstantOfShape", ["n"], ["zeros"]),
                node("Cast", ["x"], ["c"], to=1),
                node("Mul", ["c", "k2"], ["m"]),
                node("Add", ["m", "zeros"], ["y"]),
            ]
        )
    )
    assert graph.ops == ("input", "mul", "add", "output")
    assert graph.edges == ((0, 1), (1, 2), (2, 3))


def test_several_inputs_and_outputs() -> None:
    proto = model(
        [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Add", ["x", "x2"], ["z"])],
        ("y", "z"),
    )
    proto.graph.input.append(helper.make_tensor_value_info("x2", TensorProto.FLOAT, None))
    assert from_onnx(proto).edges == ((0, 2), (0, 3), (1, 3), (2, 4), (3, 4))


def test_unknown_operators_are_listed_together() -> None:
    node = helper.make_node
    proto = model(
        [
            node("MyNorm", ["x"], ["a"], name="n1"),
            node("Loop", ["a"], ["b"]),
            node("MyNorm", ["b"], ["y"]),
        ]
    )
    with pytest.raises(
        UnknownOperationsError,
        match=r"2 unknown operations: mynorm \(2: n1, MyNorm_3\), loop \(1: ",
    ):
        from_onnx(proto)
    named = from_onnx(proto, {"mynorm": "layernorm", "loop": "ignore"})
    assert named.ops == ("input", "layernorm", "layernorm", "output")


def test_a_cycle_is_named_or_merged() -> None:
    node = helper.make_node
    proto = model(
        [
            node("Add", ["x", "b"], ["a"], name="add"),
            node("Relu", ["a"], ["b"], name="act"),
            node("Tanh", ["b"], ["y"]),
        ]
    )
    with pytest.raises(GraphError, match=r'cycle add -> act -> add; .*cycles="condense"'):
        from_onnx(proto)
    graph = from_onnx(proto, cycles="condense")
    assert graph == Architecture(
        ("input", "loop(add+relu)", "tanh", "output"), ((0, 1), (1, 2), (2, 3))
    )


def test_malformed_models_are_refused(tmp_path: Path) -> None:
    node = helper.make_node
    with pytest.raises(GraphError, match="'y' has two producers"):
        from_onnx(model([node("Relu", ["x"], ["y"]), node("Tanh", ["x"], ["y"])]))
    with pytest.raises(GraphError, match="no input besides its weights"):
        from_onnx(model([node("Relu", ["x"], ["y"])], x=[1]))
    (tmp_path / "m.onnx").write_bytes(b"\x0a\xff\xffno")
    with pytest.raises(DataError, match="no readable ONNX file"):
        from_onnx(tmp_path / "m.onnx")
    with pytest.raises(MissingDataError):
        from_onnx(tmp_path / "none.onnx")


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"reading ONNX files needs onnx.*nasflow\[onnx\]"):
        from_onnx("m.onnx")


@pytest.mark.parametrize("n", [1, 18, 498])
def test_models_of_3_20_and_500_nodes(n: int) -> None:
    names = ["x", *(f"t{i}" for i in range(n - 1)), "y"]
    nodes = [helper.make_node("Relu", [a], [b]) for a, b in itertools.pairwise(names)]
    assert from_onnx(model(nodes)).n_nodes == n + 2


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    content = model([helper.make_node("Relu", ["x"], ["y"], name="first")]).SerializeToString()
    for wrong in (b"Relu", b"first"):
        (tmp_path / "m.onnx").write_bytes(content.replace(wrong, b"\xff" + wrong[1:]))
        with pytest.raises(DataError, match="no UTF-8 text|no readable ONNX"):
            from_onnx(tmp_path / "m.onnx")
