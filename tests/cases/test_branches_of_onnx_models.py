"""Whatever an ONNX `If` gave was taken for a constant, since its branches read their tensors from
around it: the rest of the network vanished without a word, and the advice to ignore `if` lost it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from importers.onnx_files import branch, integers, model_of, value, weight
from importers.structure import from_onnx
from nasflow.errors import UnknownOperationsError

node = helper.make_node
CHAIN = ("input", "conv3x3", "relu", "maxpool2x2", "flatten", "linear", "output")


def truth(value: bool) -> Any:
    return numpy_helper.from_array(np.array(value), "yes")


def network(condition: list[Any], weights: list[Any], *, batch: int | str = 1) -> Any:
    """Convolution and pool, an `If` that squeezes what it captures, and a linear layer."""
    squeezed = branch([node("Flatten", ["p"], ["a"])], "a")
    as_it_is = branch([node("Flatten", ["p"], ["b"])], "b")
    nodes = [
        node("Conv", ["x", "w"], ["c"], kernel_shape=[3, 3]),
        node("Relu", ["c"], ["r"]),
        node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2]),
        *condition,
        node("If", ["yes"], ["i"], name="if", then_branch=squeezed, else_branch=as_it_is),
        node("Gemm", ["i", "m"], ["y"]),
    ]
    return model_of(
        nodes, [weight("w", 8, 8, 3, 3), weight("m", 32, 4), *weights], [batch, 8, 6, 6]
    )


def test_a_branch_that_is_sure_to_be_taken_is_read() -> None:
    for condition in (True, False):
        assert from_onnx(network([], [truth(condition)])).ops == CHAIN
    # as the exporter writes it: whether the size of an axis is 1
    sizes = [
        node("Shape", ["p"], ["s"]),
        node("Gather", ["s", "axis"], ["n"]),
        node("Equal", ["n", "one"], ["yes"]),
    ]
    assert from_onnx(network(sizes, [integers("axis", 1), integers("one", 1)])).ops == CHAIN


def test_a_branch_that_is_not_sure_is_refused_by_name_and_with_what_it_holds() -> None:
    sizes = [
        node("Shape", ["p"], ["s"]),
        node("Gather", ["s", "axis"], ["n"]),
        node("Equal", ["n", "one"], ["yes"]),
    ]
    open_size = network(sizes, [integers("axis", 0), integers("one", 1)], batch="n")
    with pytest.raises(UnknownOperationsError, match=r"if \(1: if\)") as caught:
        from_onnx(open_size)
    assert "if holds 2 operations (flatten)" in str(caught.value)
    assert "ignore" not in str(caught.value)
    # whoever names it has it in its place, fed by what its branches read
    named = from_onnx(open_size, {"if": "flatten"})
    assert named.ops == CHAIN
    assert named.pruned() == named


def test_a_condition_that_is_computed_is_an_operand() -> None:
    computed = [node("ReduceMax", ["p"], ["yes"], keepdims=0)]
    graph = from_onnx(network(computed, []), {"if": "choice"})
    choice = graph.ops.index("choice")
    assert sorted(graph.ops[source] for source in graph.predecessors[choice]) == [
        "max",
        "maxpool2x2",
    ]


@pytest.mark.parametrize("kind", ["Loop", "Scan"])
def test_loops_are_refused_with_what_they_hold(kind: str) -> None:
    """The body reads the convolution's result from around it."""
    body = helper.make_graph(
        [node("Identity", ["go"], ["go2"]), node("Gemm", ["c", "m"], ["z"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
        ],
        [helper.make_tensor_value_info("go2", TensorProto.BOOL, []), value("z")],
    )
    conv = node("Conv", ["x", "w"], ["c"], kernel_shape=[3, 3])
    loop = node(kind, ["n", ""], ["y"], body=body, name="l")
    model = model_of([conv, loop], [weight("w", 8, 8, 3, 3), weight("m", 4, 4), integers("n", 3)])
    with pytest.raises(UnknownOperationsError) as caught:
        from_onnx(model)
    assert f"1 unknown operations: {kind.lower()} (1: l)" in str(caught.value)
    assert "linear" in str(caught.value)
    assert "ignore" not in str(caught.value)
    graph = from_onnx(model, {kind.lower(): "loop"})
    assert graph.ops == ("input", "conv3x3", "loop", "output")
    assert graph.edges == ((0, 1), (1, 2), (2, 3))


def test_an_unknown_operator_inside_a_branch_that_is_read_is_listed() -> None:
    inside = branch([node("Strange", ["x"], ["a"], name="s")], "a")
    other = branch([node("Relu", ["x"], ["b"])], "b")
    model = model_of(
        [node("If", ["yes"], ["y"], then_branch=inside, else_branch=other)], [truth(True)]
    )
    with pytest.raises(UnknownOperationsError, match=r"1 unknown operations: strange \(1: s\)"):
        from_onnx(model)


def test_functions_of_the_model_are_written_out() -> None:
    block = helper.make_function(
        "own",
        "Block",
        ["a", "k"],
        ["d"],
        [node("Conv", ["a", "k"], ["b"], kernel_shape=[3, 3]), node("Relu", ["b"], ["d"])],
        [helper.make_opsetid("", 18)],
    )
    calls = [
        node("Block", ["x", "w"], ["h"], domain="own"),
        node("Block", ["h", "w"], ["y"], domain="own"),
    ]
    model = model_of(calls, [weight("w", 8, 8, 3, 3)], functions=[block])
    assert from_onnx(model).ops == ("input", "conv3x3", "relu", "conv3x3", "relu", "output")
    # but a function that the user names is the operation that it is named
    assert from_onnx(model, {"block": "cell"}).ops == ("input", "cell", "cell", "output")
