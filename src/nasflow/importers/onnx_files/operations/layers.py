"""Layers: convolutions, pools, products with weights, attention, dropout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from nasflow.errors import GraphError
from nasflow.importers.calls import Constant, Operand, Result, Shape
from nasflow.importers.numbers.windows import window
from nasflow.importers.onnx_files.operations.reading import Reading
from nasflow.importers.vocabulary import convolution, simple_name, with_kernel


def _with_folded_norms(reading: Reading, result: Result) -> Result:
    """A result behind the batch norms that PyTorch's exporter says it put into the weights."""
    for rule in reading.note("pkg.onnxscript.rewriter.rule_name").split(", "):
        if rule.startswith("FuseBatchNorm"):
            layer = result.call
            channels = layer.numbers.get("width")
            # the bias of the layer is the norm's; scale and bias are as many as there are channels
            layer.inputs = [*layer.inputs[:2], *map(_without_weights, layer.inputs[2:])]
            key = ("batchnorm", reading.node.output[0])
            norm = Constant(key, weights={} if channels is None else {key: int(2 * channels)})
            result = reading.make("batchnorm", result, norm)
    return result


def _without_weights(operand: Operand) -> Operand:
    return replace(operand, weights={}) if isinstance(operand, Constant) else operand


def _convolution(reading: Reading) -> Operand:
    weight = reading.operand(1)
    shape = None if weight is None else weight.shape
    kernel: Sequence[int | None] = reading.attribute("kernel_shape") or (shape or ())[2:]
    groups = int(reading.attribute("group", 1))
    transposed = reading.node.op_type == "ConvTranspose"
    in_channels = _in_channels(reading, shape, groups)
    if not kernel or None in kernel or (groups > 1 and in_channels is None and not transposed):
        raise GraphError(
            f"the shape of the weight of the convolution {reading.name[:60]!r} is not known, so"
            " that its kernel and groups are not; save the model with its weights, or with the"
            " shapes that onnx.shape_inference.infer_shapes finds"
        )
    name = convolution([size or 0 for size in kernel], groups, in_channels, transposed)
    result = reading.make(name, *reading.given(), **reading.parameters())
    out_channels = None if shape is None or len(shape) < 2 else shape[0]
    if transposed and shape is not None and len(shape) > 1:
        out_channels = None if shape[1] is None else shape[1] * groups
    numbers = window(reading.attribute("strides"), reading.attribute("dilations"), groups)
    result.call.numbers.update(numbers)
    if out_channels is not None:
        result.call.numbers["width"] = float(out_channels)
    return _with_folded_norms(reading, result)


def _in_channels(reading: Reading, shape: Shape, groups: int) -> int | None:
    """The channels that a convolution reads."""
    # a weight's second number counts the channels of one group
    if shape is not None and len(shape) > 1 and shape[1] is not None:
        return shape[1] * groups
    source = reading.input.shape
    return source[1] if source is not None and len(source) > 1 else None


def _matmul(reading: Reading) -> Operand:
    return reading.make("matmul", *reading.given())


def _gemm(reading: Reading) -> Operand:
    first, second, bias = (reading.operand(place) for place in range(3))
    product = reading.make("matmul", first, second)
    if isinstance(second, Constant):
        product.call.become("linear", [first] if first else [], bias=bias is not None)
        product.call.inputs += [second, *([] if bias is None else [bias])]
        # (inputs, outputs), or the other way round
        sizes = second.shape if second.shape is not None and len(second.shape) == 2 else (None,)
        n_outputs = sizes[0 if reading.attribute("transB", 0) else -1]
        if n_outputs is not None:
            product.call.numbers["width"] = float(n_outputs)
        return _with_folded_norms(reading, product)
    return product if bias is None else reading.make("add", product, bias)


def _pool(reading: Reading) -> Operand:
    kernel = reading.attribute("kernel_shape")
    op = {"MaxPool": "maxpool", "AveragePool": "avgpool", "LpPool": "lppool"}[reading.node.op_type]
    # PyTorch's exporter turns an adaptive pool into one of the kernel that fits this input
    notes = ("pkg.torch.onnx.class_hierarchy", "pkg.torch.onnx.stack_trace")
    if any("adaptiveavgpool" in simple_name(reading.note(note)) for note in notes):
        return reading.make("adaptiveavgpool", reading.input, **reading.parameters())
    result = reading.make(with_kernel(op, kernel), reading.input, **reading.parameters())
    result.call.numbers.update(window(reading.attribute("strides"), reading.attribute("dilations")))
    return result


def _recurrent(reading: Reading) -> Operand:
    result = reading.make(reading.op, *reading.given(), **reading.parameters())
    weight = reading.operand(2)
    # (directions, gates x hidden, hidden)
    shape = None if weight is None else weight.shape
    if shape is not None and len(shape) == 3 and shape[0] is not None and shape[2] is not None:
        result.call.numbers["width"] = float(shape[0] * shape[2])
    return result


def _dropout(reading: Reading) -> Operand:
    """Nothing, unless the file says that it is for training."""
    mode = reading.contents.of(reading.node.input[2]) if reading.is_given(2) else None
    is_training = reading.is_given(2) and (mode is None or bool(np.any(mode)))
    return reading.make("dropout", reading.input) if is_training else reading.input


def _attention(reading: Reading) -> Operand:
    parts = [reading.operand(place) for place in range(4)]
    # a constant one is no operand; made of weights, it is read for these
    is_read = parts[3] is not None and (isinstance(parts[3], Result) or parts[3].weights)
    mask = parts[3] if is_read else None
    result = reading.make("attention", *parts[:3], mask)
    # of three axes, the heads are among the features
    n_heads = reading.attribute("q_num_heads")
    if n_heads is not None:
        result.call.numbers["heads"] = float(n_heads)
    return result


READERS: dict[str, Callable[[Reading], Operand]] = {
    **dict.fromkeys(("Conv", "ConvTranspose"), _convolution),
    **dict.fromkeys(("MaxPool", "AveragePool", "LpPool"), _pool),
    **dict.fromkeys(("RNN", "LSTM", "GRU"), _recurrent),
    "Attention": _attention,
    "Dropout": _dropout,
    "Gemm": _gemm,
    "MatMul": _matmul,
}
"""What reads the operands and attributes of an operator."""
