"""Changes of layout: reshapes, permutations, slices, joins, and what picks or pads places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nasflow.importers.calls import Constant, Operand, Result
from nasflow.importers.onnx_files.operations.reading import Reading


def _gather(reading: Reading) -> Operand:
    data, indices = reading.operand(0), reading.operand(1)
    axis = reading.attribute("axis", 0)
    # a table of words, or of anything else that a computed number picks from
    if isinstance(data, Constant):
        return reading.make("embedding", indices, data)
    if isinstance(indices, Constant) and indices.shape == ():
        return reading.make("select", data, axis=axis, index=indices.number)
    return reading.make("gather", data, indices, axis=axis)


def _slice(reading: Reading) -> Operand:
    names = list(reading.node.input)
    starts, ends = reading.integers(1, "starts"), reading.integers(2, "ends")
    axes, steps = reading.integers(3, "axes"), reading.integers(4)
    n_axes = max(len(bounds or ()) for bounds in (starts, ends, axes, (0,)))
    if axes is None and not reading.is_given(3):
        axes = tuple(range(n_axes))
    result = reading.input
    # one axis after the other, as PyTorch does
    for i in range(n_axes):
        axis = axes[i] if axes is not None and i < len(axes) else None
        step = 1 if not reading.is_given(4) else steps[i] if steps else None
        # PyTorch knows no negative steps: what was written is a flip
        if step is not None and step < 0:
            result = reading.make("flip", result, axis=axis)
            continue
        # a bound that is computed goes by the name of what computes it
        start: Any = starts[i] if starts and i < len(starts) else (names[1], i)
        end: Any = ends[i] if ends and i < len(ends) else (names[2], i)
        if axis is not None and n_axes == 1 and reading.is_given(2):
            # up to the size of the axis, even where that is open
            end = None if reading.contents.is_size(names[2], names[0], axis) else end
        result = reading.make("slice", result, axis=axis, start=start, end=end, step=step)
        # the shape that the file gives is that of the last one
        if i < n_axes - 1:
            result.call.shapes.clear()
    return result


def _reshape(reading: Reading) -> Operand:
    computed = [value for value in reading.given()[1:] if isinstance(value, Result)]
    result = reading.make("reshape", reading.input, *computed, sizes=tuple(reading.node.input[1:]))
    if reading.node.op_type == "Flatten":
        result.call.parameters["sizes"] = ("axis", reading.attribute("axis", 1))
        if result.call.shape is None:
            result.call.shapes[0] = (None, None)
    if result.call.shape is None and reading.node.op_type == "Reshape":
        # at least the number of sizes that it is given
        sizes = reading.integers(1, "shape")
        target = reading.contents.shapes.get(reading.node.input[1]) if reading.is_given(1) else None
        n_sizes = len(sizes) if sizes is not None else (target or (None,))[0]
        result.call.shapes[0] = None if n_sizes is None else (None,) * n_sizes
    return result


def _transpose(reading: Reading) -> Operand:
    order = reading.attribute("perm")
    if order is None and reading.input.shape is not None:
        order = tuple(reversed(range(len(reading.input.shape))))
    return reading.make("transpose", reading.input, perm=order)


def _axes(reading: Reading) -> Operand:
    return reading.make(reading.op, reading.input, axes=reading.integers(1, "axes"))


def _concat(reading: Reading) -> Operand:
    return reading.make("concat", *reading.given(), axis=reading.attribute("axis", 1))


def _split(reading: Reading) -> Operand:
    sizes = reading.integers(1, "split")
    axis = reading.attribute("axis", 0)
    count = (sizes, len(reading.node.output))
    # without sizes, the number of parts tells how the axis is cut
    known = {} if sizes is None else {"sizes": sizes}
    return reading.make("split", reading.input, axis=axis, count=count, **known)


def _part(reading: Reading) -> Operand:
    """An item of a list of tensors, such as `SplitToSequence` gives."""
    source, place = reading.input, reading.operand(1)
    index = place.number if isinstance(place, Constant) else None
    is_split = isinstance(source, Result) and source.call.op in ("split", "select")
    if not isinstance(source, Result) or not is_split or index is None or index < 0:
        # its list is made in another way: named for what it is, so that it is refused by name
        return reading.make(reading.op, *reading.given(), **reading.parameters())
    # a list of parts of a tensor is one call; its items are results of it
    if source.call.op == "split":
        return Result(source.call, int(index))
    return reading.make(
        "select", *source.call.inputs, axis=source.call.parameters["axis"], index=int(index)
    )


def _split_to_list(reading: Reading) -> Operand:
    """As `Split`; without sizes, a list of single positions, whose axis goes or stays."""
    axis = reading.attribute("axis", 0)
    if not reading.is_given(1) and not reading.attribute("keepdims", 1):
        return reading.make("select", reading.input, axis=axis)
    return _split(reading)


def _pad(reading: Reading) -> Operand:
    mode = reading.attribute("mode", b"constant")
    pads = reading.integers(1, "pads")
    value = reading.operand(2)
    number = reading.attribute("value", 0.0) if value is None else _number(value)
    axes = reading.integers(3)
    # first all paddings before, then all behind; the first two axes are batch and channels
    n_axes = 0 if pads is None else len(pads) // 2
    outer = {0, 1} if axes is None else {i for i, axis in enumerate(axes) if axis in (0, 1)}
    is_spatial = pads is not None and not any(
        pads[i] or pads[i + n_axes] for i in range(n_axes) if i in outer
    )
    zeros = mode in (b"constant", "constant") and number == 0 and is_spatial
    return reading.make("pad", reading.input, zeros=zeros, sizes=pads, mode=mode, value=number)


def _number(operand: Operand) -> float | None:
    return operand.number if isinstance(operand, Constant) else None


def _triangle(reading: Reading) -> Operand:
    op = "triu" if reading.attribute("upper", 1) else "tril"
    return reading.make(op, reading.input, **reading.parameters())


def _resized(reading: Reading) -> Operand:
    """An operation whose other operands only give sizes."""
    names = tuple(reading.node.input[1:])
    computed = [value for value in reading.given()[1:] if isinstance(value, Result)]
    return reading.make(reading.op, reading.input, *computed, sizes=names, **reading.parameters())


def _scatter(reading: Reading) -> Operand:
    data, indices, updates = (reading.operand(place) for place in range(3))
    computed = [value for value in (indices, updates) if isinstance(value, Result)]
    key = tuple(reading.node.input)
    return reading.make("scatter", data, *computed, **reading.parameters(), sources=key)


READERS: dict[str, Callable[[Reading], Operand]] = {
    **dict.fromkeys(("Reshape", "Flatten"), _reshape),
    **dict.fromkeys(("Squeeze", "Unsqueeze"), _axes),
    **dict.fromkeys(("Expand", "Tile", "Resize", "Upsample"), _resized),
    **dict.fromkeys(("ScatterND", "ScatterElements"), _scatter),
    "Concat": _concat,
    "Gather": _gather,
    "Pad": _pad,
    "Slice": _slice,
    "SequenceAt": _part,
    "Split": _split,
    "SplitToSequence": _split_to_list,
    "Transpose": _transpose,
    "Trilu": _triangle,
}
"""What reads the operands and attributes of an operator."""
