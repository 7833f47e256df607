"""Calls that are made twice: the same operation, parameters and operands, are one.

Layers with weights are not: exporters keep one copy of equal weights, so that in an untrained
network two layers may read the same.
"""

from __future__ import annotations

from collections.abc import Hashable

from nasflow.importers.calls import Call, Constant, Operand, Program, Result

# a convolution's kernel stands behind its name
_WEIGHTED = (
    "conv",
    "dwconv",
    "groupconv",
    "linear",
    "bilinear",
    "embedding",
    "batchnorm",
    "layernorm",
    "groupnorm",
    "instancenorm",
    "rmsnorm",
    "prelu",
    "rnn",
    "lstm",
    "gru",
)


def without_duplicates(program: Program) -> None:
    """Let one call stand for all that are equal to it, as exporters do."""
    first: dict[Hashable, Call] = {}
    stands_for: dict[Call, Call] = {}
    kept = []

    def replaced(operand: Operand) -> Operand:
        if not isinstance(operand, Result):
            return operand
        return Result(stands_for.get(operand.call, operand.call), operand.index)

    for call in program.calls:
        # a call comes after those that it reads, so these are settled by now
        call.inputs = [replaced(operand) for operand in call.inputs]
        is_comparable = call.inputs and call.repeatable and not _has_weights(call)
        is_comparable = is_comparable and call.inside is None
        same = first.setdefault(_signature(call), call) if is_comparable else call
        if same is call:
            kept.append(call)
        else:
            stands_for[call] = same
    program.calls = kept
    program.outputs = [replaced(operand) for operand in program.outputs]


def _has_weights(call: Call) -> bool:
    is_product = call.op == "matmul" and any(isinstance(value, Constant) for value in call.inputs)
    return is_product or call.op.startswith(_WEIGHTED)


def _signature(call: Call) -> Hashable:
    """Equal for calls that give equal results."""
    parameters = tuple(sorted((name, repr(value)) for name, value in call.parameters.items()))
    return call.op, tuple(call.inputs), parameters
