"""What each node of a torch.fx graph gives, by its kind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import fx

from nasflow.errors import GraphError
from nasflow.importers.calls import Constant, Operand, Result
from nasflow.importers.torch_models import layers, nested
from nasflow.importers.torch_models.arguments import (
    arguments_of,
    function_name,
    is_foreign,
    returns_several,
    schema_of,
)
from nasflow.importers.torch_models.cells import Cell
from nasflow.importers.torch_models.constants import UNKNOWN, constant_of, evaluate, shape_of
from nasflow.importers.torch_models.indexing import Step, steps_of
from nasflow.importers.torch_models.operations import (
    Reading,
    operand,
    read_foreign,
    read_operation,
)
from nasflow.importers.torch_models.reader import GraphReader, Several, Value, same_tensor
from nasflow.importers.vocabulary import DROPPED, JOINED, is_known, plain_name

# attributes of a tensor that are other views of it
_VIEWS = {"T": "transpose", "mT": "transpose", "H": "transpose", "mH": "transpose", "data": "alias"}
# and those that tell nothing of its content
_DESCRIPTIONS = frozenset(
    "shape dtype device layout ndim itemsize nbytes is_cuda requires_grad is_leaf grad_fn".split()
)
_IN_PLACE_OPERATORS = frozenset("iadd isub imul itruediv ifloordiv ipow iand ior ixor".split())
# of these, only the description of a tensor changes, not its content
_CHANGE_DESCRIPTION = frozenset("detach_ requires_grad_ squeeze_ unsqueeze_ transpose_ t_".split())
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
    special = None if is_foreign(node) else _SPECIAL.get(name)
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
    if base is not None and _writes(node, name) and name not in _CHANGE_DESCRIPTION:
        base.change(compute())
        return base
    if base is not None and _is_view(node):
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
    shapes = {i: shape_of(item) for i, item in enumerate(values) if shape_of(item) is not None}
    if isinstance(result, Result):
        result.call.shapes.update(shapes)
        return Result(result.call, result.index + part)
    content = _content(reader, node)
    reader.contents[node] = content
    constant = constant_of(result.key, content)
    return constant if constant.shape is not None else Constant(result.key, shapes.get(part))


def _content(reader: GraphReader, node: fx.Node) -> Any:
    """What a node that hangs on no input gives; None if that is not known."""
    name = str(node.target) if node.op == "call_method" else function_name(node.target)
    # to compute it would change a weight of the user's model
    if _writes(node, name):
        return None
    args = [_content_of(reader, value) for value in node.args]
    named = {key: _content_of(reader, value) for key, value in node.kwargs.items()}
    is_unknown = any(value is UNKNOWN for value in [*args, *named.values()])
    return None if is_unknown else evaluate(node, args, named)


def _content_of(reader: GraphReader, value: Any) -> Any:
    if isinstance(value, fx.Node):
        content = reader.contents.get(value)
        return UNKNOWN if content is None else content
    if isinstance(value, (list, tuple)):
        items = [_content_of(reader, item) for item in value]
        return UNKNOWN if any(item is UNKNOWN for item in items) else type(value)(items)
    return value


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
        if base is not None and _is_view(node):
            value = Result(first.call, index) if isinstance(first, Result) else first
            return reader.part_of(base, value, lambda _: compute(index))
        return Cell(Result(first.call, index) if isinstance(first, Result) else first)

    return Several(part)


def _writes(node: fx.Node, name: str) -> bool:
    """Whether a call changes its first argument."""
    schema = getattr(node.target, "_schema", None)
    if schema is not None:
        first = schema.arguments[0].alias_info if schema.arguments else None
        return first is not None and bool(first.is_write)
    is_marked = name.endswith("_") and not name.endswith("__")
    return is_marked or name in _IN_PLACE_OPERATORS or node.kwargs.get("inplace") is True


def _is_view(node: fx.Node) -> bool:
    """Whether a call's result shares the memory of its first argument."""
    schema: Any = schema_of(node, node.args, node.kwargs)
    if schema is None or not schema.arguments:
        return False
    info = schema.arguments[0].alias_info
    returned = schema.returns[0].alias_info if schema.returns else None
    return info is not None and not info.is_write and returned is not None


def _item(reader: GraphReader, node: fx.Node) -> Value:
    """`x[index]`: one of several results, or a selection."""
    source, index = node.args
    held = reader.values.get(source) if isinstance(source, fx.Node) else None
    if isinstance(held, Several):
        if isinstance(index, int) and index >= 0:
            return held.part(index)
        raise GraphError(
            f"the node {node.name!r} takes {str(index)[:40]} of a list of tensors whose length is"
            " not known; give the model as torch.export.export(model, example_inputs)"
        )
    cell = Cell(operand(reader.now(source))) if held is None else held
    value, current = cell.read(), reader.now(index)
    if isinstance(value, Constant):
        computed = [part for part in _parts(current) if isinstance(part, Result)]
        if computed:
            return Cell(reader.make("embedding", [*computed, value]))
        key = ("item", value.key, repr(current))
        return reader.constant(node, _content(reader, node), key)
    # of an operation that nobody knows, a number picks one of its results
    is_unknown = isinstance(source, fx.Node) and is_foreign(source)
    if isinstance(index, int) and (is_unknown or not is_known(value.call.op)):
        return Cell(Result(value.call, index))
    for step in steps_of(current):
        cell = reader.step(cell, step)
    return cell if cell is not held else same_tensor(cell)


def _parts(index: Any) -> list[Any]:
    return list(index) if isinstance(index, tuple) else [index]


def _set_item(reader: GraphReader, node: fx.Node) -> Value:
    """`x[index] = value`: the tensor that is changed."""
    source, index, value = node.args
    base = reader.cell(source)
    changed = operand(reader.now(value))
    if base is None:
        return Cell(changed)
    cell = base
    for step in steps_of(reader.now(index)):
        cell = reader.step(cell, step)
    cell.change(changed)
    return base


def _filled(reader: GraphReader, node: fx.Node) -> Value:
    """`copy_`, `fill_` and `zero_`: a tensor whose content is another's, or a number."""
    base = reader.cell(node.args[0])
    value = operand(reader.now(node.args[1]) if len(node.args) > 1 else 0.0)
    if base is None or not _writes(node, str(getattr(node.target, "__name__", node.target))):
        return Cell(value)
    base.change(value)
    return base


def _get_attribute(reader: GraphReader, node: fx.Node) -> Value:
    """`x.T`, `x.shape` and the like."""
    base, name = reader.cell(node.args[0]), str(node.args[1])
    if base is None or isinstance(base.read(), Constant) or name in _DESCRIPTIONS:
        return Cell(Constant(("size", reader.prefix, node.name)))
    view = _VIEWS.get(name)
    if view == "alias":
        return same_tensor(base)
    if view is None:
        # it may hold anything: named for what it is, so that it is refused by name
        return Cell(reader.make(plain_name(name), [base.read()]))
    return reader.step(base, Step("transpose", {"swap": (-2, -1)}))


_SPECIAL: dict[str, Callable[[GraphReader, fx.Node], Value]] = {
    "getitem": _item,
    "setitem": _set_item,
    "getattr": _get_attribute,
    "copy_": _filled,
    "copy": _filled,
    "fill": _filled,
    "fill_": _filled,
    "zero_": _filled,
}
_ = torch
