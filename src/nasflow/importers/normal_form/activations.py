"""Activations that a source writes out, as one operation each."""

from __future__ import annotations

import math

from nasflow.importers.calls import Call, Program, Result
from nasflow.importers.normal_form.patterns import Pattern, match, rename

_X3 = ("add", "X", 3.0)
_ERF = ("add", ("erf", ("div", "X", math.sqrt(2))), 1.0)
_ERF_OF_PRODUCT = ("add", ("erf", ("mul", "X", math.sqrt(0.5))), 1.0)
_CUBES = (("pow", "X", 3.0), ("mul", "X", ("pow", "X", 2.0)))


def _products(*factors: Pattern) -> list[Pattern]:
    """The ways to bracket a product of three factors."""
    a, b, c = factors
    return [("mul", ("mul", a, b), c), ("mul", ("mul", a, c), b), ("mul", a, ("mul", b, c))]


def _gelu_by_tanh() -> list[Pattern]:
    """0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))."""
    # x^3 is written as a power or as x^2 times x, and the product of three in any bracketing
    patterns = []
    for cube in _CUBES:
        inner = ("add", "X", ("mul", cube, 0.044715))
        scaled = ("add", ("tanh", ("mul", inner, math.sqrt(2 / math.pi))), 1.0)
        patterns += _products("X", scaled, 0.5)
    return patterns


# in this order: what comes first may be part of what comes later
_PATTERNS: list[tuple[str, list[Pattern]]] = [
    ("softplus", [("where", ("greater", "X", "C"), "X", ("softplus", "X"))]),
    ("hardsigmoid", [("div", ("relu6", _X3), 6.0), ("mul", ("relu6", _X3), 1 / 6)]),
    (
        "hardswish",
        [
            ("mul", "X", ("hardsigmoid", "X")),
            ("div", ("mul", "X", ("relu6", _X3)), 6.0),
            *_products("X", ("relu6", _X3), 1 / 6),
        ],
    ),
    ("silu", [("mul", "X", ("sigmoid", "X"))]),
    ("mish", [("mul", "X", ("tanh", ("softplus", "X")))]),
    ("gelu", [*_products("X", _ERF, 0.5), *_products("X", _ERF_OF_PRODUCT, 0.5)]),
    ("gelu", _gelu_by_tanh()),
    ("logsigmoid", [("log", ("sigmoid", "X"))]),
    ("softmin", [("softmax", ("neg", "X"))]),
    ("softsign", [("div", "X", ("add", ("abs", "X"), 1.0))]),
    ("tanhshrink", [("sub", "X", ("tanh", "X"))]),
    ("threshold", [("where", ("lessorequal", "X", "C1"), "C2", "X")]),
    ("hardshrink", [("where", ("lessorequal", ("abs", "X"), "C1"), "C2", "X")]),
]


def activations(program: Program) -> None:
    """Give activations that are written out their name."""
    for op, patterns in _PATTERNS:
        rename(program, op, *patterns)
    _gated_halves(program)


def _gated_halves(program: Program) -> None:
    """Call the first half times the sigmoid of the second `glu`."""
    # a split that gives more than two parts has no halves
    n_parts: dict[Call, int] = {}
    for call in program.calls:
        for operand in call.inputs:
            if isinstance(operand, Result):
                n_parts[operand.call] = max(n_parts.get(operand.call, 0), operand.index + 1)
    for call in program.of("mul"):
        # the halves are different operands, so a pattern alone cannot say that they are halves
        bound = match(call.result, ("mul", "A", ("sigmoid", "B")))
        if bound is None:
            continue
        first, second = bound["A"], bound["B"]
        if not isinstance(first, Result) or not isinstance(second, Result):
            continue
        split = first.call
        # the other way round is no glu, which gates by the second half
        is_pair = second.call is split and (first.index, second.index) == (0, 1)
        if is_pair and split.op == "split" and n_parts[split] == 2:
            call.become("glu", split.inputs)
