"""Arithmetic with numbers: what changes nothing, quotients of a number, limits."""

from __future__ import annotations

from nasflow.importers.calls import (
    Call,
    Constant,
    Operand,
    Program,
    Result,
    behind,
    call_of,
    number_of,
)

# the number that changes nothing, and whether it may stand on either side
_NEUTRAL = {"mul": (1.0, True), "add": (0.0, True), "div": (1.0, False), "sub": (0.0, False)}


def without_neutral_numbers(program: Program) -> None:
    """Leave out products and quotients with 1, sums and differences with 0."""
    replacements: dict[Call, Operand] = {}
    for call in program.of(*_NEUTRAL):
        kept = _all_that_counts(call)
        if kept is not None:
            replacements[call] = kept
    program.replace(replacements)
    program.remove(replacements)


def _all_that_counts(call: Call) -> Operand | None:
    """The operand that a call gives back unchanged, if there is one."""
    number, either_side = _NEUTRAL[call.op]
    if len(call.inputs) != 2 or call.parameters:
        return None
    left, right = call.inputs
    if isinstance(left, Result) and _is_plain(right, number):
        return left
    if either_side and isinstance(right, Result) and _is_plain(left, number):
        return right
    return None


def _is_plain(operand: Operand, number: float) -> bool:
    """Whether an operand is a number as code writes it."""
    source = behind(operand)
    is_learned = isinstance(source, Constant) and source.is_learned
    return number_of(operand) == number and not is_learned


def squares(program: Program) -> None:
    """Write a tensor times itself as `pow`."""
    two = Constant(("number", 2.0), (), 2.0)
    for call in program.of("mul"):
        if len(call.inputs) == 2 and behind(call.inputs[0]) == behind(call.inputs[1]):
            call.become("pow", [call.inputs[0], two])


def reciprocals(program: Program) -> None:
    """Write a number by x as `reciprocal`, times the number; 1 by a square root as `rsqrt`."""
    for call in program.of("div"):
        if len(call.inputs) != 2 or number_of(call.inputs[0]) is None:
            continue
        # PyTorch has reciprocals where exporters divide a number
        number, divisor = call.inputs
        if number_of(number) == 1:
            call.become("reciprocal", [divisor])
        else:
            inverse = Call("reciprocal", call.name, [divisor], shapes=dict(call.shapes))
            program.insert(inverse, before=call)
            call.become("mul", [inverse.result, number])
    for call in program.of("reciprocal"):
        root = call_of(call.inputs[0], "sqrt")
        if root is not None:
            call.become("rsqrt", root.inputs)


def limits(program: Program) -> None:
    """Write `maximum` and `minimum` with a number as `clamp`, and common clamps by their names."""
    for call in program.of("maximum", "minimum"):
        # between two tensors they stay what they are
        numbers = [number_of(operand) for operand in call.inputs]
        if len(numbers) == 2 and numbers.count(None) == 1:
            bound = "min" if call.op == "maximum" else "max"
            limit = next(number for number in numbers if number is not None)
            call.become("clamp", [call.inputs[numbers.index(None)]], **{bound: limit})
    for call in program.of("clamp", "hardtanh"):
        inner = call_of(call.inputs[0], "clamp")
        # at least and at most, one after the other
        if inner is not None and len(inner.inputs) == 1 and _is_other_side(call, inner):
            # later limits win where both have one
            call.become("clamp", inner.inputs, **{**_given(inner), **_given(call)})
    for call in program.of("clamp", "hardtanh"):
        # names that PyTorch has for some limits; all others are one operation
        limits_of_call = (call.parameters.get("min"), call.parameters.get("max"))
        if limits_of_call == (0, 6):
            call.op = "relu6"
        elif limits_of_call == (-1, 1):
            call.op = "hardtanh"
        else:
            call.op = "clamp"


def _given(call: Call) -> dict[str, float]:
    """The limits that a clamp has."""
    return {name: limit for name, limit in call.parameters.items() if limit is not None}


def _is_other_side(call: Call, inner: Call) -> bool:
    return (
        len(_given(call)) == len(_given(inner)) == 1 and _given(call).keys() != _given(inner).keys()
    )
