"""What takes places along an axis: slices, the one position of a selection, parts, rolls.

A slice counts from the front, where the size is known; slices that together take all of an axis are
`split`; one that takes one position and drops the axis is `select`.
"""

from __future__ import annotations

from typing import Any

from nasflow.importers.calls import Call, Operand, Program, Result, call_of, rank_of

# exporters write "to the end" as a number beyond any size
_BEYOND = 2**31 - 1


def positions(program: Program) -> None:
    """Count axes and bounds of slices from the front, and say None for an end that is the last."""
    for call in program.of("slice"):
        axis = call.parameters.get("axis")
        if axis is None:
            continue
        # a bound from the back and one from the front may be the same place
        axis = _counted(axis, call.inputs[0])
        size = _size(call.inputs[0], axis)
        start, end = (_position(call.parameters.get(name), size) for name in ("start", "end"))
        if isinstance(end, int) and (end >= _BEYOND or (size is not None and end >= size)):
            end = None
        call.parameters.update(axis=axis, start=start or None, end=end)


def selections(program: Program) -> None:
    """Write a slice of length 1 without its axis, and a part of length 1, as `select`."""
    for call in program.of("squeeze"):
        operand = call.inputs[0]
        # exporters have no operator that takes a position and drops its axis
        piece = call_of(operand, "slice", "split")
        axes = call.parameters.get("axes")
        if piece is None or axes is None or len(axes) != 1:
            continue
        axis = piece.parameters.get("axis")
        if axis is None or _counted(axis, piece.inputs[0]) != _counted(axes[0], piece.inputs[0]):
            continue
        index = _only_position(piece, operand)
        if index is not None:
            call.become("select", piece.inputs, axis=axis, index=index)


def _only_position(piece: Call, operand: Operand) -> int | None:
    """The one position that a slice or a part takes, if it is one."""
    if piece.op == "split":
        sizes = piece.parameters.get("sizes")
        is_single = sizes is not None and set(sizes) == {1}
        return operand.index if is_single and isinstance(operand, Result) else None
    start, end = piece.parameters.get("start") or 0, piece.parameters.get("end")
    size = _size(piece.inputs[0], piece.parameters["axis"])
    if end is None:
        end = 0 if start == -1 else size
    # a bound that is computed has no number
    if not isinstance(start, int) or not isinstance(end, int):
        return None
    return start if end - start == 1 else None


def _counted(axis: int, operand: Operand) -> int:
    """An axis counted from the first, where the number of axes is known."""
    rank = rank_of(operand)
    return axis + rank if axis < 0 and rank is not None else axis


def rolls(program: Program) -> None:
    """Write two slices of one tensor, joined the other way round, as `roll`."""
    for call in program.of("concat"):
        if len(call.inputs) != 2:
            continue
        # x[k:] before x[:k]: what left at the front comes in at the back
        last, first = (call_of(operand, "slice") for operand in call.inputs)
        if last is None or first is None or last.inputs[0] != first.inputs[0]:
            continue
        axis, other_axis = last.parameters.get("axis"), first.parameters.get("axis")
        if axis is None or axis != other_axis or last.parameters.get("end") is not None:
            continue
        starts_at_zero = first.parameters.get("start") is None
        cut = last.parameters.get("start")
        if starts_at_zero and cut is not None and cut == first.parameters.get("end"):
            call.become("roll", last.inputs, axis=axis, start=cut)


def _size(operand: Operand, axis: int) -> int | None:
    shape = operand.shape
    return shape[axis] if shape is not None and -len(shape) <= axis < len(shape) else None


def _position(index: Any, size: int | None) -> Any:
    """A bound counted from the front, if it is a number and the size is known."""
    is_counted_back = isinstance(index, int) and index < 0
    return index + size if is_counted_back and size is not None else index


def splits(program: Program) -> None:
    """Write slices that together take all of an axis, each place once, as `split`."""
    pieces: dict[tuple[Operand, int], list[Call]] = {}
    live = program.live()
    for call in program.of("slice"):
        axis = call.parameters.get("axis")
        if call in live and axis is not None and call.parameters.get("step") == 1:
            pieces.setdefault((call.inputs[0], axis), []).append(call)
    replacements: dict[Call, Operand] = {}
    for (operand, axis), calls in pieces.items():
        # overlaps and gaps stay slices: a split has neither
        row = _in_a_row(calls)
        if row is None:
            continue
        ends = tuple(call.parameters["end"] for call in row[:-1])
        split = Call("split", row[0].name, [operand], {"axis": axis, "count": ends})
        split.shapes = {i: call.shape for i, call in enumerate(row)}
        program.insert(split, before=calls[0])
        replacements.update({call: Result(split, i) for i, call in enumerate(row)})
    program.replace(replacements)
    program.remove(replacements)


def _in_a_row(calls: list[Call]) -> list[Call] | None:
    """Slices ordered so that each begins where the last one ends; None if they are no such row."""
    by_start = {call.parameters["start"]: call for call in calls}
    row: list[Call] = []
    end = None
    # from the first place, which is None, to the last, which is None too
    while len(row) < len(calls) and end in by_start:
        row.append(by_start[end])
        end = row[-1].parameters["end"]
        if end is None:
            break
    is_whole = len(row) == len(calls) > 1 and end is None
    return row if is_whole else None
