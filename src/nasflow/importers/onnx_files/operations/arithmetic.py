"""Sums, products, reductions, limits and choices."""

from __future__ import annotations

from collections.abc import Callable

from nasflow.importers.calls import Constant, Operand, Result
from nasflow.importers.onnx_files.operations.reading import Reading


def _arithmetic(reading: Reading) -> Operand:
    """Two operands, or several one after another."""
    names = {"Max": "maximum", "Min": "minimum", "Sum": "add"}
    op = names.get(reading.node.op_type, reading.op)
    # operators of ONNX take any number; the vocabulary's take two, as PyTorch's do
    result, *others = reading.given()
    for other in others:
        result = reading.make(op, result, other)
    return result


def _several_means(reading: Reading) -> Operand:
    """`Mean` of several tensors, place by place: their sum by their number."""
    total = _arithmetic(reading)
    number = float(len(reading.given()))
    if number > 1 and isinstance(total, Result):
        total.call.op = "add"
        return reading.make("div", total, Constant(("number", number), (), number))
    return total


def _reduction(reading: Reading) -> Operand:
    axes = reading.integers(1, "axes")
    keepdim = bool(reading.attribute("keepdims", 1))
    return reading.make(reading.op, reading.input, axes=axes, keepdim=keepdim)


def _clamp(reading: Reading) -> Operand:
    limits: dict[str, float | None] = {}
    result = reading.input
    for place, (name, op) in enumerate((("min", "maximum"), ("max", "minimum")), start=1):
        limit = reading.operand(place)
        value = reading.attribute(name)
        # a limit that is computed is an operand, as `torch.maximum` has it
        if isinstance(limit, Result):
            result = reading.make(op, result, limit)
            continue
        if value is None and limit is not None:
            value = limit.number
        # exporters of old versions write the largest number for no limit
        limits[name] = None if value is None or abs(value) > 1e37 else float(value)
    if isinstance(result, Result) and result != reading.input and not any(limits.values()):
        return result
    return reading.make("clamp", result, **limits)


def _einsum(reading: Reading) -> Operand:
    equation = reading.attribute("equation", b"").decode("utf-8", "replace")
    return reading.make("einsum", *reading.given(), equation=equation)


def _where(reading: Reading) -> Operand:
    return reading.make("where", *reading.given())


READERS: dict[str, Callable[[Reading], Operand]] = {
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Sum"), _arithmetic),
    **dict.fromkeys(("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin"), _reduction),
    **dict.fromkeys(("ReduceProd", "ReduceL2"), _reduction),
    "Clip": _clamp,
    "Einsum": _einsum,
    "Mean": _several_means,
    "Where": _where,
}
"""What reads the operands and attributes of an operator."""
