"""Numbers on ONNX models written node by node: versions, open axes, weights that are not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from importers.onnx_files import branch, integers, model_of, value, weight
from nasflow.errors import DataWarning, UnknownOperationsError
from nasflow.graphs.architecture import Architecture
from nasflow.importers import from_onnx

node = helper.make_node


def numbers(graph: Architecture, op: str) -> dict[str, float]:
    """The numbers of the only node of an operation."""
    assert graph.ops.count(op) == 1
    place = graph.ops.index(op)
    return {
        name: values[place] for name, values in graph.attrs.items() if values[place] is not None
    }


def network(opset: int) -> onnx.ModelProto:
    """One network as each version of ONNX writes it: 8 channels of 6 x 6 to 4 numbers."""
    weights = [
        weight("w", 8, 8, 3, 3),
        *[weight(name, 8) for name in ("scale", "shift", "mean", "spread")],
        weight("m", 4, 32),
        weight("b", 4),
    ]

    def operand(name: str, *sizes: int) -> list[str]:
        weights.append(integers(name, *sizes))
        return [name]

    nodes = [
        node("Conv", ["x", "w"], ["c"], kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[1, 1]),
        node("BatchNormalization", ["c", "scale", "shift", "mean", "spread"], ["n"]),
    ]
    if opset < 11:
        nodes.append(node("Clip", ["n"], ["r"], min=0.0, max=6.0))
        nodes.append(node("Pad", ["r"], ["p"], pads=[0, 0, 1, 1, 0, 0, 1, 1], mode="reflect"))
    else:
        limits = [np.array(limit, np.float32) for limit in (0, 6)]
        weights.extend(map(numpy_helper.from_array, limits, ("low", "high")))
        nodes.append(node("Clip", ["n", "low", "high"], ["r"]))
        pads = operand("pads", 0, 0, 1, 1, 0, 0, 1, 1)
        nodes.append(node("Pad", ["r", *pads], ["p"], mode="reflect"))
    if opset < 10:
        nodes.append(node("Slice", ["p"], ["s"], axes=[2, 3], starts=[2, 2], ends=[8, 8]))
    else:
        bounds = [*operand("starts", 2, 2), *operand("ends", 8, 8), *operand("axes", 2, 3)]
        nodes.append(node("Slice", ["p", *bounds], ["s"]))
    nodes.append(node("MaxPool", ["s"], ["q"], kernel_shape=[3, 3], strides=[3, 3]))
    if opset < 13:
        nodes.append(node("Split", ["q"], ["q1", "q2"], axis=1, split=[4, 4]))
    else:
        nodes.append(node("Split", ["q", *operand("parts", 4, 4)], ["q1", "q2"], axis=1))
    nodes.append(node("Concat", ["q2", "q1"], ["j"], axis=1))
    factors = np.array([1, 1, 1, 1], np.float32)
    if opset < 13:
        weights.append(numpy_helper.from_array(factors, "factors"))
        weights.append(numpy_helper.from_array(factors[:0], "region"))
        op, region = "Resize" if opset > 9 else "Upsample", ["region"] if opset > 10 else []
        nodes.append(node(op, ["j", *region, "factors"], ["u"], mode="nearest"))
    else:
        nodes.append(node("Resize", ["j", "", "", *operand("sizes", 1, 8, 2, 2)], ["u"]))
    if opset < 13:
        nodes.append(node("Unsqueeze", ["u"], ["u1"], axes=[1]))
        nodes.append(node("ReduceSum", ["u1"], ["u2"], axes=[1], keepdims=0))
    else:
        nodes.append(node("Unsqueeze", ["u", *operand("axis", 1)], ["u1"]))
        nodes.append(node("ReduceSum", ["u1", "axis"], ["u2"], keepdims=0))
    nodes.append(node("Reshape", ["u2", *operand("rows", 1, -1)], ["f"]))
    nodes.append(node("Dropout", ["f"], ["d"]))
    nodes.append(node("Gemm", ["d", "m", "b"], ["y"], transB=1))
    graph = helper.make_graph(nodes, "g", [value("x", [1, 8, 6, 6])], [value("y", [1, 4])], weights)
    # the version of the format that came with each version of the operators
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=4 if opset < 15 else 8
    )


@pytest.mark.parametrize("opset", range(9, 24))
def test_versions_of_operators_are_one_network(opset: int) -> None:
    proto = network(opset)
    if opset != 9:
        # the converter of the checker knows that all attributes and operands are legal
        onnx.checker.check_model(proto)
    graph, newest = from_onnx(proto), from_onnx(network(23))
    assert graph.canonical_id == newest.canonical_id
    assert dict(graph.globals) == {"params": 576 + 16 + 132, "flops": 36 * 576 + 128}
    assert numbers(graph, "maxpool3x3")["outputs"] == 32
    # neither its mean nor its spread are learned
    assert numbers(graph, "batchnorm") == {"width": 8, "outputs": 288, "params": 16}
    assert "params" not in numbers(graph, "upsample")


def test_attention_of_the_newest_version() -> None:
    shapes = [value(name, [2, length, 32]) for name, length in (("q", 5), ("k", 7), ("v", 7))]
    attention = node("Attention", ["q", "k", "v"], ["y"], q_num_heads=4, kv_num_heads=4)
    graph = helper.make_graph([attention], "g", shapes, [value("y", [2, 5, 32])])
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)])
    expected = {"width": 32, "heads": 4, "outputs": 160, "flops": 5 * 7 * (32 + 32)}
    assert numbers(from_onnx(proto), "attention") == expected


def test_weights_that_are_elsewhere(tmp_path: Path) -> None:
    whole = from_onnx(network(17))
    for threshold in (0, 1024):
        path = tmp_path / f"m{threshold}.onnx"
        onnx.save(
            network(17),
            str(path),
            save_as_external_data=True,
            location=f"m{threshold}.bin",
            size_threshold=threshold,
        )
        (tmp_path / f"m{threshold}.bin").unlink()
        # without the small ones, targets of reshapes and limits are not known either
        graph = from_onnx(path)
        assert graph == whole if threshold else graph.globals == whole.globals
        assert graph.n_nodes == whole.n_nodes


def test_several_inputs_and_outputs() -> None:
    nodes = [
        node("Conv", ["x", "w"], ["c"], kernel_shape=[1, 1]),
        node("MatMul", ["z", "m"], ["l"]),
        node("Relu", ["c"], ["r"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [value("x", ["n", 8, 6, 6]), value("z", ["n", 3])],
        [value("r"), value("l")],
        [weight("w", 4, 8, 1, 1), weight("m", 3, 5)],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    for sizes in ({}, {"dims": {"n": 7}}, {"input_shapes": [(2, 8, 6, 6), (2, 3)]}):
        read = from_onnx(proto, **sizes)
        assert dict(read.globals) == {"params": 47, "flops": 4 * 36 * 8 + 15}
        assert numbers(read, "linear") == {"width": 5, "outputs": 5, "params": 15, "flops": 15}


def loop_of(kind: str) -> Any:
    """A loop whose body has a convolution."""
    conv = node("Conv", ["s", "w"], ["t"], kernel_shape=[1, 1])
    if kind == "Scan":
        state = [value("s", [1, 8, 6, 6])]
        body = helper.make_graph([conv], "body", state, [value("t")])
        return node("Scan", ["x"], ["y"], name="loop", body=body, num_scan_inputs=0)
    keep = node("Identity", ["go"], ["on"])
    inputs = [
        helper.make_tensor_value_info("i", TensorProto.INT64, []),
        helper.make_tensor_value_info("go", TensorProto.BOOL, []),
        value("s", [1, 8, 6, 6]),
    ]
    outputs = [helper.make_tensor_value_info("on", TensorProto.BOOL, []), value("t")]
    body = helper.make_graph([keep, conv], "body", inputs, outputs)
    return node("Loop", ["n", "", "x"], ["y"], name="loop", body=body)


@pytest.mark.parametrize("kind", ["Loop", "Scan"])
def test_loops_are_refused_by_name(kind: str) -> None:
    proto = model_of([loop_of(kind)], [weight("w", 8, 8, 1, 1), integers("n", 3)])
    with pytest.raises(UnknownOperationsError, match=rf"{kind.lower()} \(1: loop\).*holds "):
        from_onnx(proto)
    named = from_onnx(proto, {kind.lower(): "conv1x1"})
    assert named.ops == ("input", "conv1x1", "output")


def test_a_branch_that_is_taken_has_numbers() -> None:
    taken = branch([node("Conv", ["x", "w"], ["a"], kernel_shape=[1, 1])], "a")
    other = branch([node("Relu", ["x"], ["b"])], "b")
    yes = numpy_helper.from_array(np.array(True), "yes")
    proto = model_of(
        [node("If", ["yes"], ["y"], then_branch=taken, else_branch=other)],
        [weight("w", 4, 8, 1, 1), yes],
    )
    assert numbers(from_onnx(proto), "conv1x1")["params"] == 32


def test_an_operator_of_ones_own_is_not_read_as_the_official_one() -> None:
    """Under the name of a known one it may have other operands: nothing is read into them."""
    nodes = [node("Conv", ["x", "k"], ["y"], name="odd", domain="own")]
    proto = model_of(nodes, [integers("k", 3)])
    with pytest.warns(DataWarning, match="flops of 1 of 1"):
        graph = from_onnx(proto)
    assert graph.ops == ("input", "conv", "output")
    assert "kernel" not in graph.attrs
    proto = model_of([node("Mystery", ["x"], ["y"], domain="own")], [])
    with pytest.raises(UnknownOperationsError, match="mystery"):
        from_onnx(proto)


@pytest.mark.parametrize("kind", ["stored", "constant", "filled"])
def test_weights_that_nodes_make(kind: str) -> None:
    """A layer's weights are its own, wherever the file has them."""
    weights = [weight("w", 4, 8, 3, 3), weight("b", 4)]
    stored, nodes = [], []
    for tensor in weights:
        if kind == "stored":
            stored.append(tensor)
        elif kind == "constant":
            nodes.append(node("Constant", [], [tensor.name], value=tensor))
        else:
            stored.append(integers(f"sizes of {tensor.name}", *tensor.dims))
            nodes.append(node("ConstantOfShape", [stored[-1].name], [tensor.name]))
    conv = node("Conv", ["x", "w", "b"], ["y"], kernel_shape=[3, 3])
    proto = model_of([*nodes, conv], stored)
    expected = {"params": 4 * 72 + 4, "flops": 4 * 16 * 72}
    assert dict(from_onnx(proto).globals) == expected


def test_integers_behind_a_scale_are_weights_and_indices_are_none() -> None:
    levels = numpy_helper.from_array(np.ones((4, 8, 1, 1), np.int8), "levels")
    steps = numpy_helper.from_array(np.full(4, 0.5, np.float32), "steps")
    nodes = [
        node("DequantizeLinear", ["levels", "steps"], ["w"], axis=0),
        node("Conv", ["x", "w"], ["c"], kernel_shape=[1, 1]),
        node("Gather", ["c", "places"], ["y"], axis=1),
    ]
    proto = model_of(nodes, [levels, steps, integers("places", 2, 0)])
    assert dict(from_onnx(proto).globals) == {"params": 32, "flops": 4 * 36 * 8}
