"""What each operation of PyTorch is called, given its arguments by name.

Most are named by the vocabulary and read all tensors among their arguments. Those below carry what
the rules of the normal form need to know, or are several operations, or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from nasflow.errors import GraphError
from nasflow.importers.calls import Constant, Operand, Result, Shape
from nasflow.importers.vocabulary import convolution, is_known, simple_name, with_kernel

Arguments = dict[str, Any]


class Maker(Protocol):
    """Adds calls to a program."""

    def make(
        self, op: str, inputs: Sequence[Operand], shape: Shape = None, **parameters: Any
    ) -> Operand:
        """The result of a new call; a constant where it reads nothing else."""


@dataclass
class Reading:
    """A node that is being read: what its arguments are, and how to add calls for it."""

    maker: Maker
    op: str
    """The vocabulary's name of its function, or a simplified one."""
    official: str
    """The function's own name."""
    node: str
    arguments: Arguments = field(default_factory=dict)

    @property
    def n_spatial(self) -> int:
        """2 of `MaxPool2d` or `max_pool2d_with_indices`."""
        name = self.official.lower()
        return next((n for n in (1, 2, 3) if f"{n}d" in name), 1)

    @property
    def input(self) -> Operand:
        """The tensor that it is called on."""
        first = next(iter(self.arguments.values()), None)
        return operand(self.arguments.get("input", first))

    def get(self, *names: str, default: Any = None) -> Any:
        """The first argument of some names that was given."""
        for name in names:
            if name in self.arguments:
                return self.arguments[name]
        return default

    def tensors(self) -> list[Operand]:
        """All operands among the arguments, in order."""
        return list(_operands(list(self.arguments.values())))

    def make(self, op: str, *inputs: Any, shape: Shape = None, **parameters: Any) -> Operand:
        """A call for this node."""
        operands = [operand(value) for value in inputs if value is not None]
        return self.maker.make(op, operands, shape, **parameters)

    def other_parameters(self) -> dict[str, Any]:
        """The arguments that are no operands, to tell this call from others."""
        return {
            name: value
            for name, value in self.arguments.items()
            if not any(True for _ in _operands([value]))
        }


def operand(value: Any) -> Operand:
    """An argument as an operand."""
    if isinstance(value, (Constant, Result)):
        return value
    if isinstance(value, (bool, int, float)):
        return Constant(("number", value), (), float(value))
    return Constant(("value", repr(value)))


def _operands(values: Sequence[Any]) -> Iterator[Operand]:
    for value in values:
        if isinstance(value, (Constant, Result)):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _operands(value)


def whole_numbers(value: Any) -> tuple[int, ...] | None:
    """One integer, or several; None where one of them is not known."""
    if isinstance(value, int):
        return (value,)
    if isinstance(value, (list, tuple)) and all(isinstance(item, int) for item in value):
        return tuple(value)
    return None


# torchvision's and timm's function that drops whole paths in training
_PATHS = ("stochasticdepth", "droppath")


def read_operation(reading: Reading) -> Operand:
    """The first result of what a node calls."""
    reader = _READERS.get(simple_name(reading.official)) or _READERS.get(reading.op)
    if reader is not None:
        return reader(reading)
    return reading.make(reading.op, *reading.tensors(), **reading.other_parameters())


def read_foreign(reading: Reading) -> Operand:
    """The first result of a function that is not PyTorch's: an operation of its name, or none."""
    if simple_name(reading.official) in _PATHS:
        return _dropout(reading)
    # a helper inside of a library may share a name with what it does only sometimes
    is_private = reading.official.startswith("_") and is_known(reading.op)
    op = reading.official if is_private else reading.op
    return reading.make(op, *reading.tensors(), **reading.other_parameters())


def _binary(reading: Reading) -> Operand:
    left, right = reading.input, operand(reading.get("other", "exponent", "mat2", "1"))
    alpha = reading.get("alpha", default=1)
    if alpha != 1:
        right = reading.make("mul", right, alpha)
    if reading.official.startswith("rsub"):
        left, right = right, left
    return reading.make(reading.op, left, right)


def _rounded_quotient(reading: Reading) -> Operand:
    return reading.make("floor", _binary(reading))


def _sum_of_product(reading: Reading) -> Operand:
    """`addmm`, `baddbmm` and `addcmul`: a product, and a sum with it."""
    factors = [
        operand(reading.get(*names))
        for names in (("mat1", "batch1", "tensor1"), ("mat2", "batch2", "tensor2"))
    ]
    alpha, beta = reading.get("alpha", "value", default=1), reading.get("beta", default=1)
    product = reading.make("mul" if reading.official.startswith("addcmul") else "matmul", *factors)
    if alpha != 1:
        product = reading.make("mul", product, alpha)
    # 0 says that the summand is not read at all
    if beta == 0:
        return product
    summand = reading.input if beta == 1 else reading.make("mul", reading.input, beta)
    return reading.make("add", product, summand)


def _square(reading: Reading) -> Operand:
    return reading.make("pow", reading.input, 2.0)


def _linear(reading: Reading) -> Operand:
    bias = reading.get("bias")
    return reading.make("linear", reading.input, reading.get("weight"), bias, bias=bias is not None)


def _reduction(reading: Reading) -> Operand:
    if isinstance(reading.get("other"), (Result, Constant)):
        return reading.make({"max": "maximum", "min": "minimum"}[reading.op], *reading.tensors())
    axes = whole_numbers(reading.get("dim", "axis"))
    extra = {name: reading.get(name) for name in ("p", "ord", "unbiased", "correction")}
    return reading.make(
        reading.op, reading.input, axes=axes, keepdim=bool(reading.get("keepdim")), **extra
    )


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
        shape = (None, None) if (start, end) == (1, -1) else _unknown(rank)
    elif reading.official == "unflatten" and rank is not None:
        sizes = reading.get("sizes", "unflattened_size")
        shape = _unknown(rank + len(sizes) - 1 if isinstance(sizes, (list, tuple)) else None)
    elif isinstance(reading.get("other"), (Result, Constant)):
        # another tensor gives nothing but its shape
        return reading.make("reshape", reading.input, shape=_unknown_like(reading.get("other")))
    return reading.make("reshape", reading.input, shape=shape, sizes=repr((sizes, start, end)))


def _between(start: int, end: int, rank: int) -> int:
    return (end % rank) - (start % rank) if rank else 0


def _unknown(rank: int | None) -> Shape:
    return None if rank is None else (None,) * rank


def _unknown_like(value: Operand) -> Shape:
    return None if value.shape is None else (None,) * len(value.shape)


def _permute(reading: Reading) -> Operand:
    order = whole_numbers(reading.get("dims"))
    return reading.make(
        "transpose", reading.input, shape=_unknown(len(order or ()) or None), perm=order
    )


def _swap(reading: Reading) -> Operand:
    names = (("dim0", "dim1"), ("axis0", "axis1"))
    pairs = [tuple(reading.get(name) for name in pair) for pair in names]
    swap = next((pair for pair in pairs if whole_numbers(pair) is not None), None)
    if swap is None:
        # of `t`, `.T` and `.mT`, the last two axes
        swap = (-2, -1)
    return reading.make("transpose", reading.input, swap=swap)


def _move(reading: Reading) -> Operand:
    source = whole_numbers(reading.get("source"))
    target = whole_numbers(reading.get("destination"))
    rank = None if reading.input.shape is None else len(reading.input.shape)
    if source is None or target is None or rank is None:
        return reading.make("transpose", reading.input, moved=repr((source, target)))
    moved = dict(
        zip([axis % rank for axis in target], [axis % rank for axis in source], strict=True)
    )
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
        return reading.make("reshape", rolled, shape=_unknown_like(reading.input))
    rolled = reading.input
    steps = shifts if isinstance(shifts, (list, tuple)) else [shifts]
    for axis, shift in zip(axes, steps, strict=False):
        rolled = reading.make("roll", rolled, axis=axis, start=repr(shift))
    return rolled


def _concat(reading: Reading) -> Operand:
    axis = reading.get("dim", "axis", default=0)
    return reading.make(reading.op, *reading.tensors(), axis=axis)


def _split(reading: Reading) -> Operand:
    sizes = whole_numbers(reading.get("split_sizes", "split_size", "split_size_or_sections"))
    axis = reading.get("dim", default=0)
    is_listed = sizes is not None and not isinstance(reading.get("split_size"), int)
    known = {"sizes": sizes} if is_listed else {}
    count = repr([reading.get("chunks"), sizes, reading.get("indices", "sections")])
    return reading.make("split", reading.input, axis=axis, count=count, **known)


def _clamp(reading: Reading) -> Operand:
    result = reading.input
    low, high = reading.get("min", "min_val"), reading.get("max", "max_val")
    if reading.op == "hardtanh":
        low, high = (-1.0 if low is None else low), (1.0 if high is None else high)
    if isinstance(low, Result) or isinstance(high, Result):
        for op, limit in (("maximum", low), ("minimum", high)):
            result = result if limit is None else reading.make(op, result, limit)
        return result
    return reading.make("clamp", result, min=_number(low), max=_number(high))


def _number(limit: Any) -> float | None:
    if isinstance(limit, Constant):
        return limit.number
    return None if limit is None else float(limit)


def _convolution(reading: Reading) -> Operand:
    groups = reading.get("groups", default=1)
    transposed = reading.op == "convtranspose" or reading.get("transposed") is True
    shape = operand(reading.get("weight", default=0)).shape
    kernel = None if shape is None else shape[2:]
    is_known = kernel is not None and isinstance(groups, int) and None not in kernel
    if not is_known or shape is None or len(shape) < 3:
        raise GraphError(
            f"the weight of the convolution {reading.node!r} is computed, so that its kernel is not"
            " known before the model runs; give the model as"
            " torch.export.export(model, example_inputs)"
        )
    # a weight has (out_channels, in_channels / groups, *kernel)
    in_channels = None if shape[1] is None else shape[1] * groups
    name = convolution([size or 0 for size in kernel or ()], groups, in_channels, transposed)
    return reading.make(
        name, *reading.tensors(), **reading.other_parameters(), shape=_unknown(len(shape))
    )


_POOLS = {"maxpoolwithindices": "maxpool"}


def _pool(reading: Reading) -> Operand:
    kernel = whole_numbers(reading.get("kernel_size"))
    if kernel is None:
        raise GraphError(
            f"the kernel of the pool {reading.node!r} is computed, so that it is not known before"
            " the model runs; give the model as torch.export.export(model, example_inputs)"
        )
    if len(kernel) == 1:
        kernel *= reading.n_spatial
    op = with_kernel(_POOLS.get(reading.op, reading.op), kernel)
    rank = (None,) * (reading.n_spatial + 2)
    return reading.make(op, reading.input, shape=rank, **reading.other_parameters())


def _adaptive_pool(reading: Reading) -> Operand:
    """An adaptive pool's name: a global one's if it leaves one number a channel."""
    size = reading.get("output_size")
    sizes = [size] if isinstance(size, int) else [item for item in size or () if item is not None]
    is_global = bool(sizes) and set(map(repr, sizes)) == {"1"}
    op = reading.op.replace("adaptive", "global") if is_global else reading.op
    rank = (None,) * (reading.n_spatial + 2)
    parameters = {} if is_global else {"output_size": repr(size)}
    return reading.make(op, reading.input, shape=rank, **parameters)


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


def _masked(reading: Reading) -> Operand:
    mask, value = operand(reading.get("mask")), operand(reading.get("value"))
    if isinstance(value, Result):
        return reading.make("where", mask, value, reading.input)
    return reading.make("mask", reading.input, mask)


def _where(reading: Reading) -> Operand:
    branches = [reading.get("input", "self"), reading.get("other")]
    return reading.make("where", reading.get("condition"), *branches)


def _embedding(reading: Reading) -> Operand:
    indices = operand(reading.get("indices", "input"))
    if reading.official == "embedding" and "indices" not in reading.arguments:
        indices = reading.input
    return reading.make("embedding", indices, reading.get("weight"))


def _attention(reading: Reading) -> Operand:
    mask = reading.get("attn_mask")
    parts = [reading.get(name) for name in ("query", "key", "value")]
    return reading.make("attention", *parts, mask if isinstance(mask, Result) else None)


def _dropout(reading: Reading) -> Operand:
    is_training = reading.get("training", "train", default=True)
    if is_training is False or reading.get("p") == 0:
        return reading.input
    return reading.make(reading.op, reading.input, **reading.other_parameters())


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


_READERS: dict[str, Callable[[Reading], Operand]] = {
    **dict.fromkeys(("add", "sub", "mul", "div", "pow", "maximum", "minimum"), _binary),
    **dict.fromkeys(("mean", "sum", "max", "min", "norm", "var", "std", "prod"), _reduction),
    **dict.fromkeys(("reshape", "flatten", "unflatten"), _reshape),
    **dict.fromkeys(("dropout", "alphadropout", "featurealphadropout"), _dropout),
    **dict.fromkeys(("conv", "convtranspose", "convolution"), _convolution),
    **dict.fromkeys(("maxpool", "avgpool", "maxpoolwithindices"), _pool),
    **dict.fromkeys(("adaptiveavgpool", "adaptivemaxpool"), _adaptive_pool),
    **dict.fromkeys(("squeeze", "unsqueeze"), _axes),
    **dict.fromkeys(("concat", "stack"), _concat),
    **dict.fromkeys(("clamp", "hardtanh"), _clamp),
    **dict.fromkeys(("expand", "repeat", "flip"), _unary_layout),
    **dict.fromkeys(("addcmul", "addmm", "baddbmm"), _sum_of_product),
    **dict.fromkeys(("movedim", "moveaxis"), _move),
    "square": _square,
    "attention": _attention,
    "embedding": _embedding,
    "floordivide": _rounded_quotient,
    "gather": _gather,
    "linear": _linear,
    "mask": _masked,
    "pad": _pad,
    "permute": _permute,
    "roll": _roll,
    "scatter": _scatter,
    "select": _select,
    "slice": _slice,
    "split": _split,
    "transpose": _swap,
    "where": _where,
}
