"""Changes of layout: reshapes, permutations, slices, joins, and what picks or pads places."""

from __future__ import annotations

from collections.abc import Callable

from nasflow.importers.calls import Constant, Operand, Result, Shape, rank_of
from nasflow.importers.torch_models.operations.reading import (
    Reading,
    unknown,
    unknown_like,
    whole_numbers,
)
from nasflow.importers.torch_models.shapes import with_channels


def _reshape(reading: Reading) -> Operand:
    sizes = reading.get("size", "shape", "1")
    start, end = reading.get("start_dim"), reading.get("end_dim")
    shape: Shape = None
    rank = None if reading.input.shape is None else len(reading.input.shape)
    if isinstance(sizes, (list, tuple)) and reading.get("dim") is None:
        shape = (None,) * len(sizes)
    elif reading.official == "flatten":
        start, end = start or 0, -1 if end is None else end
        # from the second axis to the last: what is left is two, whatever there was
        rank = None if rank is None else rank - _between(start, end, rank)
        shape = (None, None) if (start, end) == (1, -1) else unknown(rank)
    elif reading.official == "unflatten" and rank is not None:
        sizes = reading.get("sizes", "unflattened_size")
        shape = unknown(rank + len(sizes) - 1 if isinstance(sizes, (list, tuple)) else None)
    elif isinstance(reading.get("other"), (Result, Constant)):
        # another tensor gives nothing but its shape
        return reading.make("reshape", reading.input, shape=unknown_like(reading.get("other")))
    return reading.make("reshape", reading.input, shape=shape, sizes=repr((sizes, start, end)))


def _between(start: int, end: int, rank: int) -> int:
    return (end % rank) - (start % rank) if rank else 0


def _permute(reading: Reading) -> Operand:
    order = whole_numbers(reading.get("dims"))
    return reading.make(
        "transpose", reading.input, shape=unknown(len(order or ()) or None), perm=order
    )


def _swap(reading: Reading) -> Operand:
    swap = whole_numbers((reading.get("dim0", "axis0"), reading.get("dim1", "axis1")))
    # `t`, `.T` and `.mT` name no axes: they swap the last two
    return reading.make("transpose", reading.input, swap=swap or (-2, -1))


def _move(reading: Reading) -> Operand:
    source = whole_numbers(reading.get("source"))
    target = whole_numbers(reading.get("destination"))
    rank = None if reading.input.shape is None else len(reading.input.shape)
    if source is None or target is None or rank is None:
        return reading.make("transpose", reading.input, moved=repr((source, target)))
    moved = {new % rank: old % rank for new, old in zip(target, source, strict=True)}
    # axes that are not moved keep their order
    rest = iter([axis for axis in range(rank) if axis not in moved.values()])
    order = tuple(moved[axis] if axis in moved else next(rest) for axis in range(rank))
    return reading.make("transpose", reading.input, perm=order)


def _axes(reading: Reading) -> Operand:
    axes = whole_numbers(reading.get("dim"))
    return reading.make(reading.op, reading.input, axes=axes)


def _select(reading: Reading) -> Operand:
    axis, index = reading.get("dim"), reading.get("index")
    if isinstance(index, (Result, list)) or (isinstance(index, Constant) and index.shape):
        return reading.make("gather", reading.input, index, axis=axis)
    return reading.make("select", reading.input, axis=axis, index=index)


def _slice(reading: Reading) -> Operand:
    start, end, length = reading.get("start"), reading.get("end"), reading.get("length")
    # `narrow` gives a length in place of an end
    if isinstance(start, int) and isinstance(length, int):
        end = start + length
    parameters = {"axis": reading.get("dim", default=0), "start": start, "end": end}
    return reading.make("slice", reading.input, **parameters, step=reading.get("step", default=1))


def _roll(reading: Reading) -> Operand:
    axes, shifts = whole_numbers(reading.get("dims")), reading.get("shifts")
    if not axes:
        # over the tensor as a row of numbers
        row = reading.make("reshape", reading.input, shape=(None,))
        rolled = reading.make("roll", row, axis=0, start=repr(shifts))
        return reading.make("reshape", rolled, shape=unknown_like(reading.input))
    # one axis at a time, as exporters write it
    rolled = reading.input
    steps = shifts if isinstance(shifts, (list, tuple)) else [shifts]
    for axis, shift in zip(axes, steps, strict=False):
        rolled = reading.make("roll", rolled, axis=axis, start=repr(shift))
    return rolled


def _concat(reading: Reading) -> Operand:
    axis = reading.get("dim", "axis", default=0)
    return reading.make(reading.op, *reading.tensors(), axis=axis)


def _split(reading: Reading) -> Operand:
    sizes = reading.get("split_sizes", "split_size", "split_size_or_sections")
    chunks, axis = reading.get("chunks"), reading.get("dim", default=0)
    count = repr([chunks, whole_numbers(sizes), reading.get("indices", "sections")])
    size = _size(reading.input, axis)
    if isinstance(chunks, int) and size is not None:
        # as many as there are, or fewer: each but the last is of the same size
        sizes = -(-size // chunks)
    if isinstance(sizes, int) and sizes > 0 and size is not None:
        sizes = [min(sizes, size - start) for start in range(0, size, sizes)]
    listed = whole_numbers(sizes) if isinstance(sizes, (list, tuple)) else None
    # one number, of a tensor whose size is not known, tells nothing of their number
    known = {} if listed is None else {"sizes": listed}
    result = reading.make("split", reading.input, axis=axis, count=count, **known)
    rank = rank_of(reading.input)
    if isinstance(result, Result) and rank is not None and axis in (1, 1 - rank):
        for i, length in enumerate(listed or ()):
            result.call.shapes[i] = with_channels(rank, length)
    return result


def _size(operand: Operand, axis: int) -> int | None:
    shape = operand.shape
    return shape[axis] if shape is not None and -len(shape) <= axis < len(shape) else None


def _pad(reading: Reading) -> Operand:
    mode, value = reading.get("mode", default="constant"), reading.get("value")
    sizes = reading.get("pad", "padding")
    other = ("reflect", "replicat", "circular")
    is_constant = not any(word in reading.official.lower() for word in other)
    zeros = is_constant and mode == "constant" and value in (None, 0)
    # of batch and channels, no convolution pads any
    is_spatial = not isinstance(sizes, (list, tuple)) or len(sizes) <= 6
    parameters = {"sizes": repr(sizes), "mode": mode, "value": repr(value)}
    return reading.make("pad", reading.input, zeros=zeros and is_spatial, **parameters)


def _gather(reading: Reading) -> Operand:
    indices = reading.get("index", "indices")
    others = indices if isinstance(indices, (list, tuple)) else [indices]
    computed = [index for index in others if isinstance(index, Result)]
    if not isinstance(reading.input, Result) and len(computed) == 1:
        return reading.make("embedding", computed[0], reading.input)
    constants = repr([index for index in others if not isinstance(index, Result)])
    return reading.make(
        "gather", reading.input, *computed, axis=reading.get("dim"), index=constants
    )


def _unary_layout(reading: Reading) -> Operand:
    sizes = repr(reading.get("size", "repeats", "dims", "shape"))
    return reading.make(reading.op, reading.input, sizes=sizes)


def _scatter(reading: Reading) -> Operand:
    changed = [value for value in reading.tensors()[1:] if isinstance(value, Result)]
    return reading.make("scatter", reading.input, *changed, **reading.other_parameters())


READERS: dict[str, Callable[[Reading], Operand]] = {
    **dict.fromkeys(("reshape", "flatten", "unflatten"), _reshape),
    **dict.fromkeys(("squeeze", "unsqueeze"), _axes),
    **dict.fromkeys(("concat", "stack"), _concat),
    **dict.fromkeys(("expand", "repeat", "flip"), _unary_layout),
    **dict.fromkeys(("movedim", "moveaxis"), _move),
    "gather": _gather,
    "pad": _pad,
    "permute": _permute,
    "roll": _roll,
    "scatter": _scatter,
    "select": _select,
    "slice": _slice,
    "split": _split,
    "transpose": _swap,
}
"""What reads the arguments of an operation, by its name or its function's."""
