"""Patterns of calls, written as tuples, and the calls that match them.

    ("mul", "X", ("sigmoid", "X"))              x * sigmoid(x)
    ("clamp", "X", {"min": 0.0})                with a parameter's value
    ("split#1", "X")                            the second result

A letter stands for an operand, the same wherever it occurs twice; one that begins with C stands for
a constant, a number for a constant near it. Sums and products match in either order, and
identities on the way do not count.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from nasflow.importers.calls import Call, Constant, Operand, Program, Result, behind, number_of

Pattern: TypeAlias = Any
"""A tuple (operation, operand patterns ..., parameters), a letter, or a number."""

Bound: TypeAlias = dict[str, Operand]
"""The operands that a pattern's letters stand for."""

_COMMUTATIVE = ("add", "mul")
# numbers in half precision are off by up to 2^-11
_TOLERANCE = 1e-3


def match(operand: Operand, pattern: Pattern, bound: Bound | None = None) -> Bound | None:
    """What the letters stand for where an operand has a pattern; None where it has not."""
    source = behind(operand)
    bound = {} if bound is None else bound
    if isinstance(pattern, (int, float)):
        number = number_of(source)
        is_near = number is not None and math.isclose(number, pattern, rel_tol=_TOLERANCE)
        return bound if is_near else None
    if isinstance(pattern, str):
        # a letter again: the same operand, or no match
        if pattern in bound:
            return bound if bound[pattern] == source else None
        if isinstance(source, Constant) != pattern.startswith("C"):
            return None
        return {**bound, pattern: source}
    if not isinstance(source, Result):
        return None
    op, _, index = pattern[0].partition("#")
    if source.call.op != op or source.index != int(index or 0):
        return None
    return _match_operands(source.call, pattern[1:], bound)


def _match_operands(call: Call, patterns: Sequence[Pattern], bound: Bound) -> Bound | None:
    """As `match`, for the operands of a call of the right operation."""
    parameters = patterns[-1] if patterns and isinstance(patterns[-1], dict) else {}
    operand_patterns = [pattern for pattern in patterns if not isinstance(pattern, dict)]
    if len(call.inputs) != len(operand_patterns):
        return None
    if any(call.parameters.get(name) != value for name, value in parameters.items()):
        return None
    # x + 1 and 1 + x are one pattern, so patterns need only one of them
    orders: Iterable[Sequence[Operand]] = [call.inputs]
    if call.op in _COMMUTATIVE:
        orders = itertools.permutations(call.inputs)
    for operands in orders:
        # None as soon as one operand does not fit
        matched: Bound | None = bound
        for operand, pattern in zip(operands, operand_patterns, strict=True):
            matched = None if matched is None else match(operand, pattern, matched)
        if matched is not None:
            return matched
    return None


def rename(program: Program, op: str, *patterns: Pattern, keep: str = "X") -> None:
    """Let each call that has one of some patterns become a call of `op` on the letters `keep`."""
    roots = {pattern[0] for pattern in patterns}
    for call in program.of(*roots):
        # the first that fits; they are alternatives, not steps
        for pattern in patterns:
            bound = match(call.result, pattern)
            if bound is not None:
                call.become(op, [bound[letter] for letter in keep])
                break
