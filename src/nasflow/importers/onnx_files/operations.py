"""What each operator of ONNX is called, given its operands and attributes.

Most are named by the vocabulary and read all their operands. Those below carry what the rules of
the normal form need to know, or are several operations, or none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasflow.errors import GraphError
from nasflow.importers.calls import Call, Constant, Operand, Program, Result, Shape
from nasflow.importers.onnx_files.contents import Contents
from nasflow.importers.vocabulary import convolution, plain_name, simple_name, with_kernel

@dataclass
class Reading:
    """A node that is being read: its operands and attributes, and how to add calls for it."""

    program: Program
    contents: Contents
    node: Any
    name: str
    operands: list[Operand | None]
    """None for one that is left out."""

    @property
    def op(self) -> str:
        """The vocabulary's name of the operator, or a simplified one."""
        return plain_name(self.node.op_type)

    @property
    def input(self) -> Operand:
        """The first operand."""
        return self.given()[0]

    def given(self) -> list[Operand]:
        """The operands that are not left out."""
        return [operand for operand in self.operands if operand is not None]

    def operand(self, place: int) -> Operand | None:
        """The operand at a place, or None."""
        return self.operands[place] if place < len(self.operands) else None

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute: an integer, a tuple of them, a float or a text."""
        for attribute in self.node.attribute:
            if attribute.name == name:
                if attribute.type == attribute.INTS:
                    return tuple(attribute.ints)
                if attribute.type == attribute.FLOAT:
                    return float(attribute.f)
                return attribute.s if attribute.type == attribute.STRING else int(attribute.i)
        return default

    def integers(self, place: int, attribute: str = "") -> tuple[int, ...] | None:
        """Integers that older versions have as an attribute, newer ones as an operand."""
        value = self.attribute(attribute) if attribute else None
        if value is not None:
            return value if isinstance(value, tuple) else (int(value),)
        name = self.node.input[place] if place < len(self.node.input) else ""
        content = self.contents.of(name) if name else None
        if content is None or content.dtype.kind not in "iu":
            return None
        return tuple(int(value) for value in content.reshape(-1))

    def is_given(self, place: int) -> bool:
        """Whether the node has an operand at a place."""
        return place < len(self.node.input) and bool(self.node.input[place])

    def shape(self, output: int = 0) -> Shape:
        """The shape of a result."""
        outputs = self.node.output
        return self.contents.shapes.get(outputs[output]) if output < len(outputs) else None

    def make(self, op: str, *inputs: Operand | None, **parameters: Any) -> Result:
        """A call for this node."""
        call = Call(op, self.name, [value for value in inputs if value is not None], parameters)
        call.shapes = {place: self.shape(place) for place in range(len(self.node.output))}
        self.program.calls.append(call)
        return call.result

    def note(self, key: str) -> str:
        """What the file's exporter noted about the node under a key."""
        notes = getattr(self.node, "metadata_props", ())
        return next((str(entry.value) for entry in notes if entry.key == key), "")

    def parameters(self) -> dict[str, Any]:
        """All attributes, to tell this call from others."""
        return {attribute.name: attribute.SerializeToString() for attribute in self.node.attribute}


def read_operation(reading: Reading) -> Operand:
    """The first result of a node that hangs on an input."""
    reader = _READERS.get(reading.node.op_type)
    if reader is not None:
        return reader(reading)
    return reading.make(reading.op, *reading.given(), **reading.parameters())


def _with_folded_norms(reading: Reading, result: Result) -> Result:
    """A result behind the batch norms that PyTorch's exporter says it put into the weights."""
    for rule in reading.note("pkg.onnxscript.rewriter.rule_name").split(", "):
        if rule.startswith("FuseBatchNorm"):
            weights = Constant(("batchnorm", reading.node.output[0]))
            result = reading.make("batchnorm", result, weights)
    return result


def _convolution(reading: Reading) -> Operand:
    weight = reading.operand(1)
    shape = None if weight is None else weight.shape
    kernel: Sequence[int | None] = reading.attribute("kernel_shape") or (shape or ())[2:]
    groups = int(reading.attribute("group", 1))
    transposed = reading.node.op_type == "ConvTranspose"
    in_channels = _in_channels(reading, shape, groups)
    if not kernel or None in kernel or (groups > 1 and in_channels is None and not transposed):
        raise GraphError(
            f"the shape of the weight of the convolution {reading.name[:60]!r} is not known, so"
            " that its kernel and groups are not; save the model with its weights, or with the"
            " shapes that onnx.shape_inference.infer_shapes finds"
        )
    name = convolution([size or 0 for size in kernel], groups, in_channels, transposed)
    result = reading.make(name, *reading.given(), **reading.parameters())
    return _with_folded_norms(reading, result)


def _in_channels(reading: Reading, shape: Shape, groups: int) -> int | None:
    """The channels that a convolution reads."""
    # a weight's second number counts the channels of one group
    if shape is not None and len(shape) > 1 and shape[1] is not None:
        return shape[1] * groups
    source = reading.input.shape
    return source[1] if source is not None and len(source) > 1 else None


def _matmul(reading: Reading) -> Operand:
    return reading.make("matmul", *reading.given())


def _gemm(reading: Reading) -> Operand:
    first, second, bias = (reading.operand(place) for place in range(3))
    product = reading.make("matmul", first, second)
    if isinstance(second, Constant):
        product.call.become("linear", [first] if first else [], bias=bias is not None)
        product.call.inputs += [second, *([bias] if isinstance(bias, Result) else [])]
        return _with_folded_norms(reading, product)
    return product if bias is None else reading.make("add", product, bias)


def _arithmetic(reading: Reading) -> Operand:
    """Two operands, or several one after another."""
    names = {"Max": "maximum", "Min": "minimum", "Sum": "add"}
    op = names.get(reading.node.op_type, reading.op)
    result, *others = reading.given()
    for other in others:
        result = reading.make(op, result, other)
    return result


def _gather(reading: Reading) -> Operand:
    data, indices = reading.operand(0), reading.operand(1)
    axis = reading.attribute("axis", 0)
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
        if step is not None and step < 0:
            result = reading.make("flip", result, axis=axis)
            continue
        # a bound that is computed goes by the name of what computes it
        start, end = (
            bounds[i] if bounds and i < len(bounds) else (names[place], i)
            for place, bounds in ((1, starts), (2, ends))
        )
        is_single = axis is not None and n_axes == 1 and reading.is_given(2)
        if is_single and reading.contents.is_size(names[2], names[0], axis):
            end = None
        result = reading.make("slice", result, axis=axis, start=start, end=end, step=step)
        # the shape that the file gives is that of the last
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


def _reduction(reading: Reading) -> Operand:
    axes = reading.integers(1, "axes")
    keepdim = bool(reading.attribute("keepdims", 1))
    return reading.make(reading.op, reading.input, axes=axes, keepdim=keepdim)


def _several_means(reading: Reading) -> Operand:
    """`Mean` of several tensors, place by place: their sum by their number."""
    total = _arithmetic(reading)
    number = float(len(reading.given()))
    if number > 1 and isinstance(total, Result):
        total.call.op = "add"
        return reading.make("div", total, Constant(("number", number), (), number))
    return total


def _clamp(reading: Reading) -> Operand:
    limits: dict[str, float | None] = {}
    result = reading.input
    for place, (name, op) in enumerate((("min", "maximum"), ("max", "minimum")), start=1):
        limit = reading.operand(place)
        value = reading.attribute(name)
        if isinstance(limit, Result):
            result = reading.make(op, result, limit)
            continue
        if value is None and limit is not None:
            value = limit.number
        # exporters of old versions write the largest number for no limit
        limits[name] = None if value is None or abs(value) > 1e37 else float(value)
    if isinstance(result, Result) and result != reading.input and not any(limits.values()):
        return result
    return reading.make("clamp", result, **limits)


def _pool(reading: Reading) -> Operand:
    kernel = reading.attribute("kernel_shape")
    op = {"MaxPool": "maxpool", "AveragePool": "avgpool", "LpPool": "lppool"}[reading.node.op_type]
    # PyTorch's exporter turns an adaptive pool into one of the kernel that fits this input
    notes = ("pkg.torch.onnx.class_hierarchy", "pkg.torch.onnx.stack_trace")
    if any("adaptiveavgpool" in simple_name(reading.note(note)) for note in notes):
        return reading.make("adaptiveavgpool", reading.input, **reading.parameters())
    return reading.make(with_kernel(op, kernel), reading.input, **reading.parameters())


def _concat(reading: Reading) -> Operand:
    return reading.make("concat", *reading.given(), axis=reading.attribute("axis", 1))


def _split(reading: Reading) -> Operand:
    sizes = reading.integers(1, "split")
    axis = reading.attribute("axis", 0)
    count = (sizes, len(reading.node.output))
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
    if source.call.op == "split":
        return Result(source.call, int(index))
    return reading.make("select", *source.call.inputs, axis=source.call.parameters["axis"], index=int(index))


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


def _where(reading: Reading) -> Operand:
    return reading.make("where", *reading.given())


def _dropout(reading: Reading) -> Operand:
    """Nothing, unless the file says that it is for training."""
    mode = reading.contents.of(reading.node.input[2]) if reading.is_given(2) else None
    is_training = reading.is_given(2) and (mode is None or bool(np.any(mode)))
    return reading.make("dropout", reading.input) if is_training else reading.input


def _triangle(reading: Reading) -> Operand:
    op = "triu" if reading.attribute("upper", 1) else "tril"
    return reading.make(op, reading.input, **reading.parameters())


def _resized(reading: Reading) -> Operand:
    """An operation whose other operands only give sizes."""
    names = tuple(reading.node.input[1:])
    computed = [value for value in reading.given()[1:] if isinstance(value, Result)]
    return reading.make(reading.op, reading.input, *computed, sizes=names, **reading.parameters())


def _attention(reading: Reading) -> Operand:
    parts = [reading.operand(place) for place in range(4)]
    mask = parts[3] if isinstance(parts[3], Result) else None
    return reading.make("attention", *parts[:3], mask)


def _scatter(reading: Reading) -> Operand:
    data, indices, updates = (reading.operand(place) for place in range(3))
    computed = [value for value in (indices, updates) if isinstance(value, Result)]
    key = tuple(reading.node.input)
    return reading.make("scatter", data, *computed, **reading.parameters(), sources=key)


_READERS: dict[str, Callable[[Reading], Operand]] = {
    **dict.fromkeys(("Conv", "ConvTranspose"), _convolution),
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Sum"), _arithmetic),
    **dict.fromkeys(("Reshape", "Flatten"), _reshape),
    **dict.fromkeys(("Squeeze", "Unsqueeze"), _axes),
    **dict.fromkeys(("MaxPool", "AveragePool", "LpPool"), _pool),
    **dict.fromkeys(("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin"), _reduction),
    **dict.fromkeys(("ReduceProd", "ReduceL2"), _reduction),
    **dict.fromkeys(("Expand", "Tile", "Resize", "Upsample"), _resized),
    **dict.fromkeys(("ScatterND", "ScatterElements"), _scatter),
    "Attention": _attention,
    "Clip": _clamp,
    "Concat": _concat,
    "Dropout": _dropout,
    "Gather": _gather,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Mean": _several_means,
    "Pad": _pad,
    "Slice": _slice,
    "SequenceAt": _part,
    "Split": _split,
    "SplitToSequence": _split_to_list,
    "Transpose": _transpose,
    "Trilu": _triangle,
    "Where": _where,
}
