"""What the operations on the way tell of a traced tensor's shape: its axes, and its channels.

A traced graph knows no sizes but those of weights. What a reshape gives, and which axis is the
last, hangs on the number of axes; which parts a split has, on the channels.
"""

from __future__ import annotations

from collections.abc import Sequence

from nasflow.importers.calls import Call, Operand, Result, Shape, rank_of
from nasflow.importers.vocabulary import words

# of these, the result has the dimensions of the first operand
_SAME = words(
    "relu relu6 leakyrelu prelu rrelu elu selu celu gelu silu mish glu sigmoid hardsigmoid",
    "logsigmoid tanh hardtanh hardswish softplus softsign softmax softmin logsoftmax threshold",
    "tanhshrink softshrink hardshrink clamp pow sqrt rsqrt exp log abs neg sign floor round",
    "reciprocal sin cos erf linear batchnorm layernorm groupnorm instancenorm rmsnorm",
    "localresponsenorm dropout alphadropout featurealphadropout normalize mask cumsum flip roll",
    "slice expand pad skip attention transpose upsample pixelshuffle pixelunshuffle channelshuffle",
    "split scatter scale",
)
# and of these, the channels, too
_SAME_CHANNELS = words(
    "relu relu6 leakyrelu prelu rrelu elu selu celu gelu silu mish sigmoid hardsigmoid logsigmoid",
    "tanh hardtanh hardswish softplus softsign softmax softmin logsoftmax threshold tanhshrink",
    "softshrink hardshrink clamp pow sqrt rsqrt exp log abs neg sign floor round reciprocal",
    "batchnorm layernorm groupnorm instancenorm rmsnorm localresponsenorm dropout alphadropout",
    "featurealphadropout normalize cumsum flip roll skip upsample",
)
_BROADCAST = words("add sub mul div maximum minimum")
_ELEMENTWISE = words("add sub mul div maximum minimum where matmul")
_REDUCTIONS = words("mean sum max min norm var std prod argmax")


def guessed_shape(call: Call) -> Shape:
    """The shape of a traced call's result, most sizes unknown; None if even their number is."""
    rank = _rank(call)
    if rank is None or rank < 0:
        return None
    return with_channels(rank, _channels(call, rank) if rank > 1 else None)


def with_channels(rank: int, channels: int | None) -> Shape:
    """A shape of which only the second size is known, if that."""
    return (None, channels, *[None] * (rank - 2)) if rank > 1 else (None,) * rank


def channels_of(operand: Operand) -> int | None:
    """The size of an operand's second axis."""
    shape = operand.shape
    return shape[1] if shape is not None and len(shape) > 1 else None


def _channels(call: Call, rank: int) -> int | None:
    sizes = [channels_of(operand) for operand in call.inputs]
    if call.op in _SAME_CHANNELS:
        return sizes[0]
    axis = call.parameters.get("axis")
    if call.op in ("concat", "slice", "select") and axis not in (1, 1 - rank):
        # of what cuts along another axis, only the batch would move the channels
        return None if call.op == "select" else sizes[0]
    if call.op == "concat":
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None
    if call.op in _BROADCAST and _are_all_of_rank(call, rank):
        # a size of 1 gives way to any other
        large = {size for size in sizes if size is not None and size > 1}
        return large.pop() if len(large) == 1 else None
    return None


def _are_all_of_rank(call: Call, rank: int) -> bool:
    computed = [operand for operand in call.inputs if isinstance(operand, Result)]
    return all(rank_of(operand) == rank for operand in computed)


def _rank(call: Call) -> int | None:
    ranks = [rank_of(operand) for operand in call.inputs]
    first = ranks[0] if ranks else None
    if call.op in _SAME:
        return first
    if call.op in _ELEMENTWISE:
        return _largest(call.inputs)
    if first is None:
        return None
    axes = call.parameters.get("axes")
    if call.op in _REDUCTIONS and axes is not None:
        return first if call.parameters.get("keepdim") else first - len(axes)
    if call.op in ("squeeze", "unsqueeze") and axes is not None:
        return first + len(axes) * (1 if call.op == "unsqueeze" else -1)
    if call.op == "concat":
        return next((rank for rank in ranks if rank is not None), None)
    return first + {"stack": 1, "select": -1, "embedding": 1}.get(call.op, -first - 1)


def _largest(operands: Sequence[Operand]) -> int | None:
    """The largest rank, if all are known: shorter operands are broadcast."""
    ranks = [rank_of(operand) for operand in operands]
    computed = [
        rank for rank, operand in zip(ranks, operands, strict=True) if isinstance(operand, Result)
    ]
    if None in computed:
        return None
    return max((rank for rank in ranks if rank is not None), default=None)
