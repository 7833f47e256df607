"""What each node of a torch.fx graph gives, by its kind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import fx

from nasflow.importers.calls import Constant, Operand, Result
from nasflow.importers.torch_models import layers, nested
from nasflow.importers.torch_models.arguments import arguments_of
from nasflow.importers.torch_models.cells import Cell
from nasflow.importers.torch_models.constants import (
    constant_of,
    content_of_call,
    made_of,
    shape_of,
)
from nasflow.importers.torch_models.indexing import Step
from nasflow.importers.torch_models.items import SPECIAL
from nasflow.importers.torch_models.operations import read_foreign, read_operation
from nasflow.importers.torch_models.operations.reading import Reading
from nasflow.importers.torch_models.reader import GraphReader, Several, Value, same_tensor
from nasflow.importers.torch_models.schemas import (
    function_name,
    is_foreign,
    is_view,
    returns_several,
    writes,
)
from nasflow.importers.vocabulary import DROPPED, JOINED, plain_name, words

# of these, only the description of a tensor changes, not its content
_CHANGE_DESCRIPTION = words("detach_ requires_grad_ squeeze_ unsqueeze_ transpose_ t_")


# arguments that say how a result is stored
_STORAGE = ("inplace", "out", "dtype", "device", "layout", "non_blocking", "_stacklevel")


def read_node(reader: GraphReader, node: fx.Node) -> Value:
    """What a node gives that is neither an input nor the output."""
    if node.op == "get_attr":
        name = str(node.target)
        return reader.constant(node, reader.attribute(name), ("attribute", reader.prefix, name))
    if node.op == "call_module":
        return layers.read_layer(reader, node)
    if nested.holds_graphs(reader, node):
        return nested.read_nested(reader, node)
    name = str(node.target) if node.op == "call_method" else function_name(node.target)
    special = None if is_foreign(node) else SPECIAL.get(name)
    return _read_call(reader, node, name) if special is None else special(reader, node)


def _read_call(reader: GraphReader, node: fx.Node, name: str) -> Value:
    op = plain_name(name)
    is_kept = op in reader.target.kept
    if op in DROPPED and not is_kept:
        return Cell(Constant(("size", reader.prefix, node.name)))
    base = reader.cell(node.args[0] if node.args else node.kwargs.get("input"))
    if base is not None and op in JOINED and not is_kept:
        return same_tensor(base)
    compute = partial(_computed, reader, node, name, op)
    if returns_several(node):
        return _several(reader, node, name, base, compute)
    if base is not None and writes(node, name) and name not in _CHANGE_DESCRIPTION:
        base.change(compute())
        return base
    if base is not None and is_view(node):
        return reader.view(base, lambda _: compute())
    value = compute()
    out = reader.cell(node.kwargs.get("out"))
    if out is not None:
        out.change(value)
    return Cell(value)


def _computed(reader: GraphReader, node: fx.Node, name: str, op: str, part: int = 0) -> Operand:
    """A result of a call on the values of now."""
    before, reader.node = reader.node, node.name
    arguments = {key: reader.now(value) for key, value in arguments_of(node).items()}
    for key in _STORAGE:
        arguments.pop(key, None)
    reading = Reading(reader, op, name, reader.prefix + node.name, arguments)
    result = read_foreign(reading) if is_foreign(node) else read_operation(reading)
    reader.node = before
    return _described(reader, node, result, part)


def _described(reader: GraphReader, node: fx.Node, result: Operand, part: int) -> Operand:
    """A result with the shape that an exported graph knows; a constant with what it is."""
    value = node.meta.get("val")
    values = value if isinstance(value, (list, tuple)) else [value]
    described = [shape_of(item, reader.target.as_in_example) for item in values]
    shapes = {i: shape for i, shape in enumerate(described) if shape is not None}
    if isinstance(result, Result):
        result.call.shapes.update(shapes)
        return Result(result.call, result.index + part)
    content = content_of_call(node, reader.contents)
    reader.contents[node] = content
    constant = constant_of(result.key, content)
    if constant.shape is None:
        constant = Constant(result.key, shapes.get(part))
    return made_of(constant, result.weights)


def _several(
    reader: GraphReader,
    node: fx.Node,
    name: str,
    base: Cell | None,
    compute: Callable[..., Operand],
) -> Several:
    """The results of a node that gives a tuple or a list."""
    if name == "unbind" and base is not None:
        axis = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim", 0)

        def selected(index: int) -> Cell:
            return reader.step(base, Step("select", {"axis": axis, "index": index}))

        return Several(selected)
    first = compute()

    def part(index: int) -> Cell:
        # parts of a constant are constants, each of its own shape
        value = Result(first.call, index) if isinstance(first, Result) else compute(index)
        if base is not None and is_view(node):
            return reader.part_of(base, value, lambda _: compute(index))
        return Cell(value)

    sizes = first.call.parameters.get("sizes") if isinstance(first, Result) else None
    return Several(part, None if sizes is None else len(sizes))
