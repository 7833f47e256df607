"""Calls that are made twice: the same operation, parameters and operands, are one."""

from __future__ import annotations

from collections.abc import Hashable

from nasflow.importers.calls import Call, Operand, Program, Result


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
        is_comparable = call.inputs and call.repeatable and call.inside is None
        same = first.setdefault(_signature(call), call) if is_comparable else call
        if same is call:
            kept.append(call)
        else:
            stands_for[call] = same
    program.calls = kept
    program.outputs = [replaced(operand) for operand in program.outputs]


def _signature(call: Call) -> Hashable:
    """Equal for calls that give equal results."""
    parameters = tuple(sorted((name, repr(value)) for name, value in call.parameters.items()))
    return call.op, tuple(call.inputs), parameters
