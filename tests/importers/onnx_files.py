"""ONNX models written node by node."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Shape = list[int | str]


def value(name: str, shape: Shape | None = None) -> Any:
    """An input or output of floats."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def weight(name: str, *shape: int) -> Any:
    """A weight of ones."""
    return numpy_helper.from_array(np.ones(shape, np.float32), name)


def integers(name: str, *numbers: int) -> Any:
    """Axes, sizes or bounds."""
    return numpy_helper.from_array(np.array(numbers, np.int64), name)


def model_of(
    nodes: list[Any],
    weights: list[Any],
    shape: Shape | None = None,
    functions: list[Any] | None = None,
) -> onnx.ModelProto:
    """A model from the input x, an image of 8 channels, to the output y."""
    shape = [1, 8, 6, 6] if shape is None else shape
    graph = helper.make_graph(nodes, "g", [value("x", shape)], [value("y")], weights)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]
    return helper.make_model(graph, opset_imports=opsets, functions=functions or [])


def branch(nodes: list[Any], output: str, weights: list[Any] | None = None) -> Any:
    """A graph without inputs of its own: a branch of an `If`."""
    return helper.make_graph(nodes, "branch", [], [value(output)], weights or [])
