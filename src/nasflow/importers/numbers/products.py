"""The products that a call adds up, for one example: multiply-adds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from nasflow.importers.calls import Call, Result, Shape, is_known_shape, weights_of
from nasflow.importers.numbers.sizes import per_example

MULTIPLY: tuple[str, ...] = (
    *("conv", "dwconv", "groupconv", "linear", "bilinear", "matmul", "einsum", "attention"),
    *("rnn", "lstm", "gru"),
)
"""How the names of all operations begin that have products."""


def products(call: Call, batch: int | None) -> float | None:
    """The products of a call; None if it has none, or the sizes that tell are not known."""
    rule = next((rule for names, rule in _RULES if call.op.startswith(names)), None)
    return None if rule is None or not batch else rule(call, batch)


def _convolution(call: Call, batch: int) -> float | None:
    weight = _weight(call, 3)
    # a kernel is laid on each place of the result; a transposed one's on each of the operand
    is_transposed = call.op.startswith("convtranspose")
    places = per_example(call.inputs[0].shape if is_transposed else call.shape, batch)
    return None if weight is None or places is None else places * math.prod(weight[1:])


def _linear(call: Call, batch: int) -> float | None:
    places = per_example(call.shape, batch)
    source = call.inputs[0].shape
    if places is None or source is None or not source or call.shape is None:
        return None
    weight, width = _weight(call, 2), call.numbers.get("width")
    if weight is not None and len(weight) == 2 and width:
        return places * math.prod(weight) / width
    # a weight from the left is laid on the last axis but one
    is_left = (
        weight is not None
        and len(source) > 1
        and sorted(weight[-2:]) != sorted([source[-1] or 0, call.shape[-1] or 0])
        and weight[-1] == source[-2]
    )
    contracted = source[-2] if is_left else source[-1]
    return None if contracted is None else places * contracted


def _product(call: Call, batch: int) -> float | None:
    places, left = per_example(call.shape, batch), call.inputs[0].shape
    if places is None or left is None or not left or left[-1] is None:
        return None
    return places * left[-1]


def _attention(call: Call, batch: int) -> float | None:
    if len(call.inputs) < 3:
        return None
    query, value = _known(call.inputs[0].shape), _known(call.inputs[2].shape)
    places = per_example(call.shape, batch)
    if places is None or len(query) < 2 or len(value) < 2 or not value[-1]:
        return None
    # of each place: a product with every key, and the sum of all values
    return places / value[-1] * value[-2] * (query[-1] + value[-1])


def _bilinear(call: Call, batch: int) -> float | None:
    places, weight = per_example(call.shape, batch), _weight(call, 3)
    return None if places is None or weight is None else places * math.prod(weight[1:])


def _recurrent(call: Call, batch: int) -> float | None:
    learned = [value for value in call.inputs if weights_of([value])]
    shapes = [value.shape for value in learned if is_known_shape(value.shape)]
    # PyTorch has a matrix for each direction, ONNX all in one; biases have an axis less
    rank = max((len(shape or ()) for shape in shapes), default=0)
    matrices = [_known(shape) for shape in shapes if len(shape or ()) == rank]
    steps = _steps(call, batch)
    if not matrices or steps is None:
        return None
    return steps * sum(math.prod(shape) for shape in matrices)


def _steps(call: Call, batch: int) -> float | None:
    """The length of the sequence that a recurrent layer reads; a cell reads one place."""
    if call.op.endswith("cell"):
        return 1
    source = call.inputs[0]
    total = per_example(source.shape, batch)
    if total is None or source.shape is None:
        return None
    # of a layer before it, ONNX has the two directions on an axis of their own
    before = source.call.numbers.get("width") if isinstance(source, Result) else None
    features = before or source.shape[-1]
    return total / features if features else None


def _sum_of_indices(call: Call, batch: int) -> float | None:
    """`einsum`: each combination of all its letters is one product."""
    # a function of Python has no name for its first argument
    texts = [value for value in call.parameters.values() if isinstance(value, str)]
    equation = next((text for text in texts if "->" in text or "," in text), "")
    terms = equation.replace(" ", "").partition("->")[0].split(",")
    if len(terms) != 2 or len(call.inputs) != 2:
        return None
    sizes: dict[str, int] = {}
    for term, operand in zip(terms, call.inputs, strict=True):
        shape = _known(operand.shape)
        # three dots stand for the axes that are left, counted from the last
        n_open = len(shape) - len(term.replace("...", ""))
        letters: list[str] = []
        for part in term.replace("...", "."):
            letters += [f".{n_open - i}" for i in range(n_open)] if part == "." else [part]
        if not shape or len(letters) != len(shape):
            return None
        for letter, size in zip(letters, shape, strict=True):
            # of an axis that is broadcast, the larger size counts
            sizes[letter] = max(size, sizes.get(letter, 1))
    return math.prod(sizes.values()) / batch


_RULES: Sequence[tuple[tuple[str, ...], Callable[[Call, int], float | None]]] = (
    (("conv", "dwconv", "groupconv"), _convolution),
    (("linear",), _linear),
    (("matmul",), _product),
    (("attention",), _attention),
    (("bilinear",), _bilinear),
    (("einsum",), _sum_of_indices),
    (("rnn", "lstm", "gru"), _recurrent),
)


def _weight(call: Call, rank: int) -> tuple[int, ...] | None:
    """The shape of the first operand behind the first with so many axes."""
    for operand in call.inputs[1:]:
        shape = operand.shape
        if shape is not None and len(shape) >= rank and is_known_shape(shape):
            return _known(shape)
    return None


def _known(shape: Shape) -> tuple[int, ...]:
    """A shape as sizes; none of one that is not known."""
    if not is_known_shape(shape):
        return ()
    return tuple(size or 0 for size in shape or ())
