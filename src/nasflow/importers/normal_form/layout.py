"""Changes of layout: reshapes, permutations of axes, and what a source makes of them.

Reshapes in a row are one, and so are permutations, slices and added axes; what changes nothing is
left out. A reshape to two dimensions is `flatten`, any other `reshape`: no source but PyTorch tells
more.
"""

from __future__ import annotations

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


def stacks(program: Program) -> None:
    """Write a concatenation along an axis that each part was given for it as `stack`."""
    for call in program.of("concat"):
        # a class token is stacked with what is computed: constants need no axis of their own
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
        # PyTorch expands to as many axes as there are repetitions before it repeats
        expanded = call_of(call.inputs[0], "expand")
        if expanded is not None:
            call.inputs = list(expanded.inputs)


def gathered_axes(program: Program) -> None:
    """Leave out the permutations around a `gather` that only bring its axis to the front."""
    users = program.users()
    for call in program.of("transpose"):
        gather = call_of(call.inputs[0], "gather")
        # tables are gathered from along the first axis; some exporters bring every axis there
        before = None if gather is None else call_of(gather.inputs[0], "transpose")
        if gather is None or before is None or len(users.get(gather, ())) != 1:
            continue
        there, back = permutation(before), permutation(call)
        if _are_inverse(there, back):
            call.become("gather", [before.inputs[0], *gather.inputs[1:]])


def _are_inverse(there: Permutation | None, back: Permutation | None) -> bool:
    if there is None or back is None or len(there) != len(back):
        return False
    return compose(there, back) == tuple(range(len(there)))


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
    # an axis may be counted from the back
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
    # last, since patterns know reshapes only
    for call in program.of("reshape"):
        if rank_of(call.result) == 2:
            call.op = "flatten"
