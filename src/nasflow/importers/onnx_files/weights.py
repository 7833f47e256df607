"""Which tensors of an ONNX file are parameters: the file has no word for it.

A tensor that is stored with the model is one if it holds real numbers and some operator computes
with them: a scale of a batch norm, and not its mean; the matrices of a recurrent layer, and not the
state that it begins with. A single number is a literal, unless a layer holds it.

Exporters keep one copy of equal vectors, such as the zeros that biases begin with. So vectors are
one parameter only where the matrices beside them are, too.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from nasflow.importers.calls import (
    NO_WEIGHTS,
    Constant,
    Operand,
    Shape,
    Weights,
    is_known_shape,
)
from nasflow.importers.vocabulary import words

_LAYERS = words(
    "Conv ConvTranspose Gemm MatMul BatchNormalization InstanceNormalization LayerNormalization",
    "GroupNormalization RMSNormalization PRelu RNN LSTM GRU",
)
_READ_INTEGERS = words("DequantizeLinear QLinearConv QLinearMatMul ConvInteger MatMulInteger")
# of these operators, the places of the operands that are learned
_LEARNED: Mapping[str, frozenset[int]] = {
    "BatchNormalization": frozenset((1, 2)),
    "RNN": frozenset((1, 2, 3)),
    "GRU": frozenset((1, 2, 3)),
    "LSTM": frozenset((1, 2, 3, 7)),
    "DequantizeLinear": frozenset((0,)),
    "Resize": frozenset(),
    "Upsample": frozenset(),
}
# of these, whatever stands there is learned, even if the file computes it: some exporters write
# weights as constants among the nodes, and models for tests leave out what they are
_ALWAYS: Mapping[str, frozenset[int]] = {
    "Conv": frozenset((1, 2)),
    "ConvTranspose": frozenset((1, 2)),
    "Gemm": frozenset((1, 2)),
    **{op: _LEARNED[op] for op in ("BatchNormalization", "RNN", "GRU", "LSTM")},
}


class Weight(NamedTuple):
    """A stored tensor: equal where it is one parameter."""

    name: str
    kind: str
    """matrix, vector, single, or integers."""
    readers: tuple[str, ...] = ()
    """Of a vector, the matrices beside it, or the node that reads it."""


def weights_of_tensor(tensor: Any) -> Weights:
    """What a stored tensor is, before it is known what reads it."""
    from onnx import TensorProto

    n_elements = 1
    for size in tensor.dims:
        n_elements *= size
    reals = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE)
    integers = (TensorProto.INT8, TensorProto.UINT8, TensorProto.INT4, TensorProto.UINT4)
    if tensor.data_type not in (*reals, *integers) or n_elements < 1:
        return NO_WEIGHTS
    # small integers are real numbers once they are multiplied by a scale; large ones are indices
    if tensor.data_type in integers:
        kind = "integers"
    elif n_elements == 1:
        kind = "single"
    else:
        kind = _kind_of_sizes(tensor.dims)
    return {Weight(tensor.name, kind): n_elements}


def read_by(node: Any, operands: Sequence[Operand | None]) -> list[Operand | None]:
    """The operands of a node, the constants among them with what is learned for this node."""
    places = _LEARNED.get(node.op_type)
    kept: list[Operand | None] = list(operands)
    # a copy of the constant for this node: another may read more of it, or less
    for place, operand in enumerate(operands):
        if isinstance(operand, Constant) and operand.weights:
            is_learned = places is None or place in places
            weights = _counted(node, operand.weights) if is_learned else NO_WEIGHTS
            kept[place] = replace(operand, weights=weights)
        elif isinstance(operand, Constant) and place in _ALWAYS.get(node.op_type, ()):
            kept[place] = replace(operand, weights=_weights_of_shape(operand))
    return kept


def _weights_of_shape(constant: Constant) -> Weights:
    """A constant as a parameter of its own, if its shape is known."""
    if constant.shape is None or not is_known_shape(constant.shape):
        return NO_WEIGHTS
    sizes = [size or 0 for size in constant.shape]
    return {Weight(str(constant.key), _kind_of_sizes(sizes)): math.prod(sizes)}


def _kind_of_sizes(sizes: Sequence[int]) -> str:
    return "matrix" if sum(size > 1 for size in sizes) > 1 else "vector"


def in_a_layer(node: Any, operands: Sequence[Operand | None]) -> list[Operand | None]:
    """The operands of a node that is a layer: vectors belong to it, or to the matrices beside."""
    constants = [value for value in operands if isinstance(value, Constant) and value.weights]
    weights = [key for constant in constants for key in constant.weights]
    stored = [key for key in weights if isinstance(key, Weight)]
    beside = tuple(sorted(key.name for key in stored if key.kind == "matrix"))
    readers = beside or tuple(node.output[:1])
    kept: list[Operand | None] = list(operands)
    for place, operand in enumerate(operands):
        if isinstance(operand, Constant) and operand.weights:
            placed: dict[Hashable, int] = {}
            for key, n_elements in operand.weights.items():
                # whoever reads a part of a vector shares it out: it is the same for all of them
                is_whole = not _is_part(operand.shape, n_elements)
                if isinstance(key, Weight) and key.kind != "matrix" and is_whole:
                    placed[key._replace(readers=readers)] = n_elements
                else:
                    placed[key] = n_elements
            kept[place] = replace(operand, weights=placed)
    return kept


def _is_part(shape: Shape, n_elements: int) -> bool:
    sizes = [size or 0 for size in shape or ()]
    return is_known_shape(shape) and math.prod(sizes) < n_elements


def _counted(node: Any, weights: Weights) -> Weights:
    counted: dict[Hashable, int] = {}
    for key, n_elements in weights.items():
        # of another importer, or of a constant that was named already
        if not isinstance(key, Weight):
            continue
        if key.kind == "integers" and node.op_type in _READ_INTEGERS:
            # real numbers from here on
            counted[Weight(key.name, "matrix")] = n_elements
        elif key.kind in ("matrix", "vector") or (key.kind == "single" and node.op_type in _LAYERS):
            counted[key] = n_elements
    return counted or NO_WEIGHTS
