"""Changes of layout: reshapes, permutations of axes, slices, and what a source makes of them.

Reshapes in a row are one, and so are permutations, slices and added axes; what changes nothing is
left out. A reshape to two dimensions is `flatten`, any other `reshape`: no source but PyTorch tells
more. What takes one position along an axis is `select`.
"""

from __future__ import annotations

from typing import Any

from nasflow.importers.calls import (
    Call,
    Operand,
    Program,
    Result,
    Shape,
    call_of,
    is_known_shape,
    rank_of,
)

Permutation = tuple[int, ...]

# exporters write "to the end" as a number beyond any size
_BEYOND = 2**31 - 1

_LAYOUT = ("reshape", "transpose", "slice", "expand", "squeeze", "unsqueeze", "flip")
_KEPT_VALUES = ("reshape", "slice", "expand")


def reshaped(program: Program, operand: Operand, shape: Shape, before: Call) -> Operand:
    """An operand in another shape, by a new call where it has not that shape already."""
    if operand.shape == shape or operand.shape is None or shape is None:
        return operand
    if len(operand.shape) == len(shape) and not (
        is_known_shape(operand.shape) and is_known_shape(shape)
    ):
        return operand
    call = Call("reshape", before.name, [operand], shapes={0: shape})
    return program.insert(call, before).result


def positions(program: Program) -> None:
    """Count axes and bounds of slices from the front, and say None for an end that is the last."""
    for call in program.of("slice"):
        axis = call.parameters.get("axis")
        if axis is None:
            continue
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
    are_numbers = isinstance(start, int) and isinstance(end, int)
    return start if are_numbers and end - start == 1 else None


def _counted(axis: int, operand: Operand) -> int:
    """An axis counted from the first, where the number of axes is known."""
    rank = rank_of(operand)
    return axis + rank if axis < 0 and rank is not None else axis


def rolls(program: Program) -> None:
    """Write two slices of one tensor, joined the other way round, as `roll`."""
    for call in program.of("concat"):
        if len(call.inputs) != 2:
            continue
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
    """Slices ordered so that each begins where the one before ends; None if they are no such row."""
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


def stacks(program: Program) -> None:
    """Write a concatenation along an axis that each part was given for it as `stack`."""
    for call in program.of("concat"):
        axis = call.parameters.get("axis")
        parts = [call_of(operand, "unsqueeze") for operand in call.inputs]
        given = [part for part in parts if part is not None]
        n_computed = sum(isinstance(operand, Result) for operand in call.inputs)
        if not given or len(given) != n_computed or axis is None:
            continue
        if all(part.parameters.get("axes") == (axis,) for part in given):
            constants = [operand for operand in call.inputs if not isinstance(operand, Result)]
            call.become("stack", [*(part.inputs[0] for part in given), *constants], axis=axis)


def single_parts(program: Program) -> None:
    """Leave out a concatenation of one tensor."""
    program.bypass([call for call in program.of("concat") if len(call.inputs) == 1])


def repetitions(program: Program) -> None:
    """Leave out an expansion that only prepares a repetition."""
    for call in program.of("repeat"):
        expanded = call_of(call.inputs[0], "expand")
        if expanded is not None:
            call.inputs = list(expanded.inputs)


def gathered_axes(program: Program) -> None:
    """Leave out the permutations around a `gather` that only bring its axis to the front."""
    users = program.users()
    for call in program.of("transpose"):
        gather = call_of(call.inputs[0], "gather")
        before = None if gather is None else call_of(gather.inputs[0], "transpose")
        if gather is None or before is None or len(users.get(gather, ())) != 1:
            continue
        there, back = permutation(before), permutation(call)
        if there is not None and back is not None and len(there) == len(back):
            if compose(there, back) == tuple(range(len(there))):
                call.become("gather", [before.inputs[0], *gather.inputs[1:]])


def without_changes(program: Program) -> None:
    """Leave out what gives back the shape, and with it the tensor, that it was given."""
    replacements: dict[Call, Operand] = {}
    for call in program.of(*_LAYOUT):
        if call.inputs and _changes_nothing(call):
            replacements[call] = call.inputs[0]
    program.replace(replacements)
    program.remove(replacements)


def _changes_nothing(call: Call) -> bool:
    shape = call.inputs[0].shape
    if not isinstance(call.inputs[0], Result):
        return False
    if call.op == "slice":
        start, end, step = (call.parameters.get(name, "?") for name in ("start", "end", "step"))
        is_whole = (start, end) == (None, None)
        return step == 1 and (is_whole or (is_known_shape(shape) and shape == call.shape))
    if call.op == "transpose":
        order = permutation(call)
        return order is not None and order == tuple(range(len(order)))
    return call.op in _KEPT_VALUES and is_known_shape(shape) and shape == call.shape


def in_one(program: Program) -> None:
    """Join reshapes in a row, permutations, slices, and axes added or dropped one after another."""
    for call in program.of("reshape", "transpose", "slice", "squeeze", "unsqueeze"):
        inner = call_of(call.inputs[0], call.op)
        # those before come first in the list, so each already stands for all before it
        if inner is None or inner is call or not inner.inputs:
            continue
        if call.op == "transpose":
            order = _composed(inner, call)
            call.become("transpose", inner.inputs, perm=order)
        else:
            call.become(call.op, inner.inputs, steps=(_steps(inner), _steps(call)))


def _steps(call: Call) -> tuple[tuple[str, str], ...]:
    """All parameters of a call, to tell it from others."""
    return tuple((name, repr(value)) for name, value in sorted(call.parameters.items()))


def _composed(first: Call, second: Call) -> Permutation | None:
    there, back = permutation(first), permutation(second)
    if there is not None and back is not None and len(there) == len(back):
        return compose(there, back)
    # there and back again, whatever the number of axes
    is_same = first.parameters.get("swap") == second.parameters.get("swap") is not None
    return () if is_same else None


def permutation(call: Call) -> Permutation | None:
    """The order of axes that a `transpose` gives: new axis i is old axis order[i]."""
    order = call.parameters.get("perm")
    if order is not None:
        return tuple(axis % len(order) for axis in order)
    rank = rank_of(call.inputs[0]) or rank_of(call.result)
    swap = call.parameters.get("swap")
    if swap is None or rank is None or not all(-rank <= axis < rank for axis in swap):
        return None
    axes = list(range(rank))
    axes[swap[0]], axes[swap[1]] = axes[swap[1]], axes[swap[0]]
    return tuple(axes)


def compose(first: Permutation, second: Permutation) -> Permutation:
    """The order that one permutation and then another give.

    Example:
        >>> compose((1, 0, 2), (0, 2, 1))
        (1, 2, 0)
    """
    return tuple(first[axis] for axis in second)


def flattened(program: Program) -> None:
    """Call a reshape to two dimensions `flatten`."""
    for call in program.of("reshape"):
        if rank_of(call.result) == 2:
            call.op = "flatten"
