"""ONNX models from files: names checked, functions written out, shapes inferred."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from nasflow.errors import DataError
from nasflow.importers.calls import Shape
from nasflow.importers.onnx_files.axes import Sizes, fix_sizes
from nasflow.importers.vocabulary import plain_name
from nasflow.running.extras import require_extra
from nasflow.running.files import PathLike, require_file

# Inference reads the content of small tensors, such as the target of a reshape. Of larger ones it
# needs the shape only, and copying them would take long.
_MAX_CONTENT = 1024


def load(model: Any | PathLike) -> Any:
    """The model in a file, or one that is loaded already; its weights may be left outside.

    Raises:
        MissingExtraError: onnx is not installed.
        MissingDataError, DataError: no such file, or no ONNX.
    """
    onnx = require_extra("onnx", "onnx", "reading ONNX files")
    if isinstance(model, onnx.ModelProto):
        return model
    path = require_file(model)
    # the errors are built-in ones and protobuf's DecodeError, which has no public name
    try:
        return onnx.load(str(path), load_external_data=False, format="protobuf")
    except Exception as error:
        raise DataError(
            f"{path} is no readable ONNX file ({type(error).__name__}: {str(error)[:80]})"
        ) from None


def subgraphs(node: Any) -> Iterator[Any]:
    """The graphs that a node holds: branches, and bodies of loops."""
    for attribute in node.attribute:
        # an attribute that is not set reads as an empty graph
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def check_names(graph: Any) -> None:
    """Return if all names are text: of a damaged file, protobuf hands out bytes for some.

    Raises:
        DataError: one is not.
    """
    # all kinds of names at once: one error for whatever is damaged
    names: list[Any] = []
    for part in (graph.input, graph.output, graph.initializer, graph.node):
        names += [item.name for item in part]
    for node in graph.node:
        names += [node.op_type, *node.input, *node.output]
        names += [attribute.name for attribute in node.attribute]
        for inner in subgraphs(node):
            check_names(inner)
    for name in names:
        if not isinstance(name, str):
            raise DataError(
                f"the model holds the name {name[:60]!r}, which is no UTF-8 text; the file is"
                " damaged"
            )


def with_functions_written_out(model: Any, kept: Collection[str]) -> Any:
    """The model with calls of its own functions replaced by what these do.

    Args:
        model: the model.
        kept: operations that the user names: a function of such a name stays one operation.
    """
    if not model.functions:
        return model
    import onnx.inliner

    names = [
        (function.domain, function.name)
        for function in model.functions
        if plain_name(function.name) not in kept
    ]
    # a function that calls itself, or one of a version that nobody can convert
    try:
        return onnx.inliner.inline_selected_functions(model, names)
    except Exception as error:
        raise DataError(
            f"the model's functions cannot be written out ({type(error).__name__}:"
            f" {str(error)[:120]}); the file is damaged"
        ) from None


def inferred_shapes(model: Any, sizes: Sizes | None = None) -> dict[str, Shape]:
    """The shapes of all tensors, by name, as far as they follow from those that the file gives.

    `sizes` says what the file leaves open. Raises as `fix_sizes`.
    """
    import onnx.shape_inference

    light = _without_contents(model)
    if sizes is not None:
        fix_sizes(light.graph, sizes)
    shapes: dict[str, Shape] = {}
    _collect(light.graph, shapes)
    # exporters note wrong types for some tensors: if what is noted contradicts itself, without it
    for _ in range(2):
        try:
            inferred = onnx.shape_inference.infer_shapes(light, data_prop=True)
        except Exception:
            del light.graph.value_info[:]
            continue
        _collect(inferred.graph, shapes)
        break
    return shapes


def _without_contents(model: Any) -> Any:
    """A copy with large weights turned into inputs, which have a shape but no content."""
    import onnx

    copy = onnx.ModelProto()
    copy.ir_version = model.ir_version
    copy.opset_import.extend(model.opset_import)
    copy.functions.extend(model.functions)
    graph = copy.graph
    graph.name = model.graph.name or "graph"
    graph.input.extend(model.graph.input)
    graph.output.extend(model.graph.output)
    graph.value_info.extend(model.graph.value_info)
    listed = {value.name for value in model.graph.input}
    # content counts where it tells a shape: the target of a reshape, the axes of a reduction
    for tensor in model.graph.initializer:
        if _n_elements(tensor) <= _MAX_CONTENT:
            graph.initializer.append(tensor)
        elif tensor.name not in listed:
            graph.input.append(_as_input(tensor.name, tensor))
    for node in model.graph.node:
        content = _constant_tensor(node)
        if content is not None and _n_elements(content) > _MAX_CONTENT:
            graph.input.append(_as_input(node.output[0], content))
        else:
            graph.node.append(node)
    return copy


def _as_input(name: str, tensor: Any) -> Any:
    from onnx import helper

    return helper.make_tensor_value_info(name, tensor.data_type, list(tensor.dims))


def _constant_tensor(node: Any) -> Any:
    """The tensor of a `Constant`, if it has one."""
    if node.op_type != "Constant" or not node.output:
        return None
    return next((a.t for a in node.attribute if a.name == "value" and a.HasField("t")), None)


def _n_elements(tensor: Any) -> int:
    size = 1
    for n in tensor.dims:
        size *= n
    return size


def _collect(graph: Any, shapes: dict[str, Shape]) -> None:
    # a size of 0 that is set is a size; one that is open has a name, or nothing
    for value in (*graph.input, *graph.value_info, *graph.output):
        kind = value.type.tensor_type
        if kind.HasField("shape"):
            sizes = [d.dim_value if d.HasField("dim_value") else None for d in kind.shape.dim]
            shapes[value.name] = _joined(shapes.get(value.name), tuple(sizes))
    for tensor in graph.initializer:
        shapes[tensor.name] = tuple(tensor.dims)
    for node in graph.node:
        content = _constant_tensor(node)
        if content is not None:
            shapes[node.output[0]] = tuple(content.dims)
        for inner in subgraphs(node):
            _collect(inner, shapes)


def _joined(known: Shape, found: Shape) -> Shape:
    """What two descriptions of one shape tell together; the first, if they do not agree."""
    if known is None or found is None or len(known) != len(found):
        return found if known is None else known
    return tuple(b if a is None else a for a, b in zip(known, found, strict=True))
