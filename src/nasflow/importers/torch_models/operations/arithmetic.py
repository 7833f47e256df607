"""Sums, products, reductions, limits and choices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nasflow.importers.calls import Constant, Operand, Result
from nasflow.importers.torch_models.operations.reading import (
    Reading,
    operand,
    whole_numbers,
)


def _binary(reading: Reading) -> Operand:
    left, right = reading.input, operand(reading.get("other", "exponent", "mat2", "1"))
    alpha = reading.get("alpha", default=1)
    if alpha != 1:
        right = reading.make("mul", right, alpha)
    if reading.official.startswith("rsub"):
        left, right = right, left
    return reading.make(reading.op, left, right)


def _rounded_quotient(reading: Reading) -> Operand:
    return reading.make("floor", _binary(reading))


def _sum_of_product(reading: Reading) -> Operand:
    """`addmm`, `baddbmm` and `addcmul`: a product, and a sum with it."""
    factors = [
        operand(reading.get(*names))
        for names in (("mat1", "batch1", "tensor1"), ("mat2", "batch2", "tensor2"))
    ]
    alpha, beta = reading.get("alpha", "value", default=1), reading.get("beta", default=1)
    product = reading.make("mul" if reading.official.startswith("addcmul") else "matmul", *factors)
    if alpha != 1:
        product = reading.make("mul", product, alpha)
    # 0 says that the summand is not read at all
    if beta == 0:
        return product
    summand = reading.input if beta == 1 else reading.make("mul", reading.input, beta)
    return reading.make("add", product, summand)


def _square(reading: Reading) -> Operand:
    return reading.make("pow", reading.input, 2.0)


def _reduction(reading: Reading) -> Operand:
    if isinstance(reading.get("other"), (Result, Constant)):
        return reading.make({"max": "maximum", "min": "minimum"}[reading.op], *reading.tensors())
    axes = whole_numbers(reading.get("dim", "axis"))
    extra = {name: reading.get(name) for name in ("p", "ord", "unbiased", "correction")}
    return reading.make(
        reading.op, reading.input, axes=axes, keepdim=bool(reading.get("keepdim")), **extra
    )


def _clamp(reading: Reading) -> Operand:
    result = reading.input
    low, high = reading.get("min", "min_val"), reading.get("max", "max_val")
    if reading.op == "hardtanh":
        low, high = (-1.0 if low is None else low), (1.0 if high is None else high)
    if isinstance(low, Result) or isinstance(high, Result):
        for op, limit in (("maximum", low), ("minimum", high)):
            result = result if limit is None else reading.make(op, result, limit)
        return result
    return reading.make("clamp", result, min=_number(low), max=_number(high))


def _number(limit: Any) -> float | None:
    if isinstance(limit, Constant):
        return limit.number
    return None if limit is None else float(limit)


def _masked(reading: Reading) -> Operand:
    mask, value = operand(reading.get("mask")), operand(reading.get("value"))
    if isinstance(value, Result):
        return reading.make("where", mask, value, reading.input)
    return reading.make("mask", reading.input, mask)


def _where(reading: Reading) -> Operand:
    branches = [reading.get("input", "self"), reading.get("other")]
    return reading.make("where", reading.get("condition"), *branches)


READERS: dict[str, Callable[[Reading], Operand]] = {
    **dict.fromkeys(("add", "sub", "mul", "div", "pow", "maximum", "minimum"), _binary),
    **dict.fromkeys(("mean", "sum", "max", "min", "norm", "var", "std", "prod"), _reduction),
    **dict.fromkeys(("addcmul", "addmm", "baddbmm"), _sum_of_product),
    **dict.fromkeys(("clamp", "hardtanh"), _clamp),
    "floordivide": _rounded_quotient,
    "mask": _masked,
    "square": _square,
    "where": _where,
}
"""What reads the arguments of an operation, by its name or its function's."""
