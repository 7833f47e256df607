"""What small constants of an ONNX graph are: axes, bounds, factors, conditions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.importers.calls import NO_WEIGHTS, Shape, Weights, is_known_shape
from nasflow.importers.onnx_files.weights import weights_of_tensor
from nasflow.importers.vocabulary import words

Array = npt.NDArray[Any]

# what rules ask for is small; more is a weight
_MAX_ELEMENTS = 64
# what conditions, axes and targets of reshapes are computed with
_FOLDED = words(
    "Abs Add And Cast Ceil Concat ConstantOfShape Div Equal Expand Floor Gather Greater",
    "GreaterOrEqual Identity Less LessOrEqual Max Min Mod Mul Neg Not Or Pow Range Reciprocal",
    "ReduceProd ReduceSum Reshape Slice Sqrt Squeeze Sub Transpose Unsqueeze Where Xor",
)
_MOVES = words("Cast Concat Gather Identity Reshape Slice Squeeze Unsqueeze")
# stands for a size that the file leaves open, such as the batch's: no size is as large
_OPEN = -(2**62)
_FORMS = words("Cast Identity Reshape Squeeze Unsqueeze")
# a chain of more is no condition
_MAX_DEPTH = 40


class Contents:
    """The content of tensors that hang on no input, computed when asked for."""

    def __init__(self, model: Any, shapes: dict[str, Shape]) -> None:
        self.shapes = shapes
        self._opsets = list(model.opset_import)
        self._tensors: dict[str, Any] = {}
        self._makers: dict[str, Any] = {}
        self._known: dict[str, Array | None] = {}
        self.add(model.graph)

    def add(self, graph: Any) -> None:
        """Take in the weights and nodes of another graph of the model."""
        for tensor in graph.initializer:
            self._tensors[tensor.name] = tensor
        for node in graph.node:
            for name in node.output:
                self._makers[name] = node

    def of(self, name: str) -> Array | None:
        """The content of a tensor; None if it is large, or hangs on an input."""
        content = self._of(name, 0)
        return None if content is None or np.any(content == _OPEN) else content

    def _of(self, name: str, depth: int) -> Array | None:
        """As `of`; a size that is left open may be among the numbers."""
        if name not in self._known:
            # not known while it is being computed: a malformed file may have cycles
            self._known[name] = None
            self._known[name] = self._computed(name, depth)
        return self._known[name]

    def is_weight(self, name: str) -> bool:
        """Whether a tensor is stored with the model, and has an axis: literals have none."""
        return name in self._tensors and len(self._tensors[name].dims) > 0

    def weights(self, name: str) -> Weights:
        """The parameter that a tensor may be, if it is stored with the model."""
        return weights_of_tensor(self._tensors[name]) if name in self._tensors else NO_WEIGHTS

    def number(self, name: str) -> float | None:
        """The number that a tensor is, if it has one element."""
        shape = self.shapes.get(name)
        # a cheap question first: most weights have more
        if shape is not None and any(size != 1 for size in shape):
            return None
        content = self.of(name)
        if content is None or content.size != 1 or content.dtype.kind not in "biuf":
            return None
        return float(content.reshape(-1)[0])

    def is_size(self, name: str, tensor: str, axis: int) -> bool:
        """Whether a tensor is the size of another along an axis, even if that is left open."""
        # what lies between the size and its use changes the form only
        node = self._makers.get(name)
        for _ in range(_MAX_DEPTH):
            if node is None or node.op_type not in _FORMS:
                break
            node = self._makers.get(node.input[0])
        if node is None or not node.input:
            return False
        if node.op_type == "Gather" and len(node.input) == 2:
            index = self.number(node.input[1])
            sizes = self._makers.get(node.input[0])
            if sizes is None or sizes.op_type != "Shape":
                return False
            return bool(sizes.input[0] == tensor and index == axis)
        bounds = {attribute.name: attribute.i for attribute in node.attribute}
        is_shape = node.op_type == "Shape" and node.input[0] == tensor
        return is_shape and (bounds.get("start"), bounds.get("end")) == (axis, axis + 1)

    def _computed(self, name: str, depth: int) -> Array | None:
        if name in self._tensors:
            return _array(self._tensors[name])
        node = self._makers.get(name)
        if node is None or depth > _MAX_DEPTH or node.domain not in ("", "ai.onnx"):
            return None
        if node.op_type == "Constant":
            return _constant(node)
        if node.op_type in ("Shape", "Size"):
            return self._sizes(node)
        if node.op_type == "CastLike" and node.input:
            # like an activation's: a number of the network, not an axis or a size
            content = self._of(node.input[0], depth + 1)
            if content is None or np.any(content == _OPEN):
                return None
            return content.astype(np.float64)
        shape = self.shapes.get(name)
        is_small = shape is None or not is_known_shape(shape) or _product(shape) <= _MAX_ELEMENTS
        if node.op_type not in _FOLDED or len(node.output) != 1 or not is_small:
            return None
        inputs = [self._of(source, depth + 1) if source else None for source in node.input]
        if any(value is None and source for value, source in zip(inputs, node.input, strict=True)):
            return None
        return self._evaluated(node, inputs)

    def _evaluated(self, node: Any, inputs: list[Array | None]) -> Array | None:
        from onnx import helper
        from onnx.reference import ReferenceEvaluator

        feeds: dict[str, Any] = {}
        for name, value in zip(node.input, inputs, strict=True):
            if name:
                feeds[str(name)] = value
        # only names and content are asked for: types come with the content
        graph = helper.make_graph(
            [node],
            "constant",
            [helper.make_empty_tensor_value_info(name) for name in feeds],
            [helper.make_empty_tensor_value_info(node.output[0])],
        )
        # what an open size is reckoned with is open; what moves it keeps it as it is
        if node.op_type not in _MOVES and any(np.any(value == _OPEN) for value in feeds.values()):
            return None
        # a malformed file may hold anything
        try:
            model = helper.make_model(graph, opset_imports=self._opsets)
            results: Any = ReferenceEvaluator(model).run(None, feeds)
            value = np.asarray(results[0])
        except Exception:
            return None
        return value if value.size <= _MAX_ELEMENTS else None

    def _sizes(self, node: Any) -> Array | None:
        """The shape of a tensor, or its size; unknown sizes are `_OPEN`."""
        shape = self.shapes.get(node.input[0]) if node.input else None
        if shape is None:
            return None
        if node.op_type == "Size":
            return np.array(_product(shape), np.int64) if is_known_shape(shape) else None
        bounds = {attribute.name: attribute.i for attribute in node.attribute}
        sizes = shape[bounds.get("start", 0) : bounds.get("end")]
        return np.array([_OPEN if size is None else size for size in sizes], np.int64)


def _product(shape: Shape) -> int:
    size = 1
    for n in shape or ():
        size *= n or 1
    return size


def _array(tensor: Any) -> Array | None:
    """A tensor's content, if it is small and in the file."""
    from onnx import TensorProto, numpy_helper

    if tensor.data_location == TensorProto.EXTERNAL or _product(tuple(tensor.dims)) > _MAX_ELEMENTS:
        return None
    # a damaged file may hold fewer numbers than it says
    try:
        return np.asarray(numpy_helper.to_array(tensor))
    except Exception:
        return None


def _constant(node: Any) -> Array | None:
    """The content of a `Constant`, in any of the forms that it has."""
    for attribute in node.attribute:
        if attribute.name == "value":
            return _array(attribute.t)
        if attribute.name in ("value_float", "value_floats"):
            return np.array(attribute.f if attribute.name == "value_float" else attribute.floats)
        if attribute.name in ("value_int", "value_ints"):
            return np.array(attribute.i if attribute.name == "value_int" else attribute.ints)
    return None
