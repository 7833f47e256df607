"""Widths, heads and numbers of elements, from the shapes of a program in its normal form."""

from __future__ import annotations

import math
from typing import TypeAlias

from nasflow.importers.calls import Call, Operand, Program, Result, Shape, is_known_shape
from nasflow.importers.normal_form.layout import permutation
from nasflow.importers.vocabulary import words

Axes: TypeAlias = dict[Call, int]
"""For each call the axis of its result that counts channels, if it is known."""

# a kernel stands behind some names
_CHANNELS_SECOND = words(
    "conv dwconv groupconv convtranspose maxpool avgpool lppool adaptiveavgpool adaptivemaxpool",
    "globalavgpool globalmaxpool batchnorm groupnorm instancenorm localresponsenorm upsample",
    "pixelshuffle pixelunshuffle channelshuffle",
)
_CHANNELS_LAST = words("linear bilinear embedding embeddingbag layernorm rmsnorm")
_RECURRENT = words("rnn lstm gru rnncell lstmcell grucell")
# what computes place by place: the axis is that of the operands
_BY_PLACE = words(
    "relu relu6 leakyrelu prelu rrelu elu selu celu gelu silu mish sigmoid hardsigmoid logsigmoid",
    "tanh hardtanh hardswish softplus softsign softmax softmin logsoftmax threshold tanhshrink",
    "softshrink hardshrink dropout alphadropout featurealphadropout normalize clamp add sub mul",
    "div pow sqrt rsqrt exp log abs neg sign floor round reciprocal sin cos erf where mask maximum",
    "minimum concat glu",
)
# layouts that leave axes where they are; they have no width of their own
_KEEP_AXES = words("slice pad roll flip expand split skip cumsum")


def outputs(call: Call, batch: int | None) -> float | None:
    """The number of elements of a result, for one example."""
    # the parts of a split are several results; together they are what was split
    shape = call.inputs[0].shape if call.op == "split" and call.inputs else call.shape
    return per_example(shape, batch)


def per_example(shape: Shape, batch: int | None) -> float | None:
    """The number of elements of a tensor by the number of examples in it."""
    if shape is None or batch is None or not batch or not is_known_shape(shape):
        return None
    return n_elements(shape) / batch


def n_elements(shape: Shape) -> int:
    """The number of elements of a tensor of known sizes."""
    return math.prod(size or 0 for size in shape or ())


def width(call: Call, axes: Axes, batch: int | None) -> float | None:
    """The number of channels or features of a call that has such."""
    if call.op == "attention":
        n_heads, features = heads(call, batch), _size(call.shape, -1)
        return None if n_heads is None or features is None else n_heads * features
    has_width = call.op == "input" or _is_layer(call.op) or call.op in _BY_PLACE
    axis = axes.get(call)
    return _size(call.shape, axis) if has_width and axis is not None else None


def heads(call: Call, batch: int | None) -> float | None:
    """The heads of attention: what lies between the batch and the places of its result."""
    shape = call.shape
    if call.op != "attention" or shape is None or batch is None or len(shape) < 3:
        return None
    # with three axes, exporters have heads and batch in one
    before = shape[0] if len(shape) == 3 else shape[-3]
    if before is None or len(shape) > 3:
        return before
    return before // batch if batch and before % batch == 0 else None


def channel_axes(program: Program) -> Axes:
    """Where results have their channels: layers tell, what computes place by place passes it on."""
    axes: Axes = {}
    # in the order of the source, which is one of the graph: operands come first
    for call in program.calls:
        axis = _axis(call, axes)
        if axis is not None:
            axes[call] = axis
    return axes


def _axis(call: Call, axes: Axes) -> int | None:
    shape = call.shape
    if shape is None:
        return None
    rank = len(shape)
    if call.op == "input":
        # images and volumes have channels second; of a sequence it is not sure
        return 1 if rank in (2, 4, 5) else None
    if call.op.rstrip("0123456789x") in _CHANNELS_SECOND:
        return min(1, rank - 1)
    if call.op in _CHANNELS_LAST:
        return rank - 1
    if call.op == "flatten":
        return rank - 1
    before = [_axis_of(operand, axes, rank) for operand in call.inputs]
    passed = next((axis for axis in before if axis is not None), None)
    if call.op == "transpose":
        order = permutation(call) or ()
        return order.index(passed) if passed is not None and passed in order else None
    return passed if call.op in _BY_PLACE or call.op in _KEEP_AXES else None


def _axis_of(operand: Operand, axes: Axes, rank: int) -> int | None:
    """The channel axis of an operand with as many axes as the result; others are broadcast."""
    if not isinstance(operand, Result) or operand.shape is None or len(operand.shape) != rank:
        return None
    return axes.get(operand.call)


def _is_layer(op: str) -> bool:
    return op.rstrip("0123456789x") in _CHANNELS_SECOND or op in _CHANNELS_LAST


def _size(shape: Shape, axis: int) -> int | None:
    return shape[axis] if shape is not None and -len(shape) <= axis < len(shape) else None
