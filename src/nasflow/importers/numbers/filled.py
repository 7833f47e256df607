"""Shapes that no source tells, since its normal form has calls that the source has not."""

from __future__ import annotations

from nasflow.importers.calls import Call, Operand, Program, Result, Shape, is_known_shape
from nasflow.importers.vocabulary import words

# the result has the shape of the operands, broadcast to one another
_BROADCAST = words(
    "add sub mul div pow maximum minimum where mask relu relu6 leakyrelu prelu rrelu elu selu",
    "celu gelu silu mish sigmoid hardsigmoid logsigmoid tanh hardtanh hardswish softplus softsign",
    "softmax softmin logsoftmax threshold tanhshrink softshrink hardshrink clamp sqrt rsqrt exp",
    "log abs neg sign floor round reciprocal sin cos erf dropout layernorm rmsnorm batchnorm",
    "groupnorm roll flip normalize cumsum scatter",
)
# the result has as many elements as the first operand
_SAME_SIZE = words("reshape flatten transpose squeeze unsqueeze")


def fill_shapes(program: Program) -> None:
    """Give calls the shapes that follow from those around them."""
    # in the order of the source: a shape that is found tells the next one
    for call in program.calls:
        if not is_known_shape(call.shape):
            shape = _shape(call)
            if shape is not None:
                call.shapes[0] = shape
    # against the order: what is only reshaped has as many elements as what it becomes
    for call in reversed(program.calls):
        source = call.inputs[0] if call.op in _SAME_SIZE and call.inputs else None
        is_open = isinstance(source, Result) and not is_known_shape(source.shape)
        if isinstance(source, Result) and is_open and is_known_shape(call.shape):
            source.call.shapes[source.index] = call.shape


def _shape(call: Call) -> Shape:
    if call.op in _BROADCAST:
        return broadcast(call.inputs)
    if call.op not in ("linear", "matmul") or len(call.inputs) < 2:
        return None
    left, right = call.inputs[0].shape, call.inputs[1].shape
    width: float | None = call.numbers.get("width")
    # of two computed factors, neither is noted as a weight
    if width is None and call.op == "matmul" and right:
        width = right[-1]
    if width is None or left is None or not is_known_shape(left):
        return None
    # of two factors with leading axes the product has those of the left, but for broadcasting
    return (*left[:-1], int(width))


def broadcast(operands: list[Operand]) -> Shape:
    """The shape of a sum of some operands; None if it is not known.

    Example:
        >>> from nasflow.importers.calls import Constant
        >>> broadcast([Constant("a", (2, 1, 3)), Constant("b", (4, 1))])
        (2, 4, 3)
    """
    shapes = [operand.shape for operand in operands]
    # what is no tensor has no shape, and changes none
    known = [shape for shape in shapes if shape is not None and is_known_shape(shape)]
    computed = [operand for operand in operands if isinstance(operand, Result)]
    if not known or any(not is_known_shape(operand.shape) for operand in computed):
        return None
    rank = max(map(len, known))
    sizes = [1] * rank
    for shape in known:
        # axes are counted from the back: one that is not there has size 1
        for axis, size in enumerate(shape, start=rank - len(shape)):
            sizes[axis] = max(sizes[axis], size or 0)
    return tuple(sizes)
