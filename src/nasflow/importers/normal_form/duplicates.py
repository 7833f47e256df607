"""Calls that are made twice: the same operation, parameters and operands, are one."""

from __future__ import annotations

from collections.abc import Hashable

from nasflow.importers.calls import Call, Program, Result


def without_duplicates(program: Program) -> None:
    """Let one call stand for all that are equal to it, as exporters do."""
    first: dict[Hashable, Call] = {}
    stands_for: dict[Call, Call] = {}
    kept = []
    for call in program.calls:
        call.inputs = [
            Result(stands_for.get(operand.call, operand.call), operand.index)
            if isinstance(operand, Result)
            else operand
            for operand in call.inputs
        ]
        if not call.inputs or not call.repeatable or call.inside is not None:
            kept.append(call)
            continue
        same = first.setdefault(_signature(call), call)
        if same is call:
            kept.append(call)
        else:
            stands_for[call] = same
    program.calls = kept
    program.outputs = [
        Result(stands_for.get(operand.call, operand.call), operand.index)
        if isinstance(operand, Result)
        else operand
        for operand in program.outputs
    ]


def _signature(call: Call) -> Hashable:
    """Equal for calls that give equal results."""
    parameters = tuple(sorted((name, repr(value)) for name, value in call.parameters.items()))
    return call.op, tuple(call.inputs), parameters
