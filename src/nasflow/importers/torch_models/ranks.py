"""The number of dimensions of a traced tensor, as far as the operations on the way tell it.

A traced graph knows no sizes. What a reshape gives, and which axis is the last, hangs on this.
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
_ELEMENTWISE = words("add sub mul div maximum minimum where matmul")
_REDUCTIONS = words("mean sum max min norm var std prod argmax")


def guessed_shape(call: Call) -> Shape:
    """The shape of a traced call's result, sizes unknown; None if even their number is."""
    rank = _rank(call)
    return None if rank is None or rank < 0 else (None,) * rank


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
