from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from importers.models import ResNet18
from importers.structure import from_onnx, from_torch
from nasflow.errors import UnknownOperationsError
from nasflow.graphs.architecture import Architecture


def test_a_traced_resnet_18() -> None:
    """There was no way from a model to its graph."""
    graph = from_torch(ResNet18())
    assert (graph.n_nodes, len(graph.edges)) == (71, 78)
    assert graph.ops.count("conv3x3") == 16


def three_nodes(last: str) -> onnx.ModelProto:
    """x -> Conv -> Relu -> last -> y."""
    value = helper.make_tensor_value_info
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], kernel_shape=[3, 3]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node(last, ["b"], ["y"], name="last"),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [value("x", TensorProto.FLOAT, [1, 1, 8, 8])],
        [value("y", TensorProto.FLOAT, [1, 1, 6, 6])],
        [helper.make_tensor("w", TensorProto.FLOAT, [1, 1, 3, 3], [0.0] * 9)],
    )
    return helper.make_model(graph)


def test_a_three_node_onnx_file(tmp_path: Path) -> None:
    onnx.checker.check_model(three_nodes("Sigmoid"))
    onnx.save(three_nodes("Sigmoid"), str(tmp_path / "m.onnx"))
    assert from_onnx(tmp_path / "m.onnx") == Architecture(
        ("input", "conv3x3", "relu", "sigmoid", "output"), ((0, 1), (1, 2), (2, 3), (3, 4))
    )


def test_unknown_operations_are_listed() -> None:
    with pytest.raises(UnknownOperationsError, match=r"1 unknown operations: strange \(1: last\)"):
        from_onnx(three_nodes("Strange"))
