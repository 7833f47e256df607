"""Indexing, assignment and attributes: nodes that pass tensors on, or write into them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import fx

from nasflow.errors import GraphError
from nasflow.importers.calls import NO_WEIGHTS, Constant, Result
from nasflow.importers.torch_models.cells import Cell
from nasflow.importers.torch_models.constants import constant_of, content_of_call, made_of
from nasflow.importers.torch_models.indexing import Step, steps_of
from nasflow.importers.torch_models.operations.reading import operand
from nasflow.importers.torch_models.reader import GraphReader, Several, Value, same_tensor
from nasflow.importers.torch_models.schemas import is_foreign, writes
from nasflow.importers.vocabulary import is_known, plain_name, words

# attributes of a tensor that are other views of it
_VIEWS = {"T": "transpose", "mT": "transpose", "H": "transpose", "mH": "transpose", "data": "alias"}


# and those that tell nothing of its content
_DESCRIPTIONS = words(
    "shape dtype device layout ndim itemsize nbytes is_cuda requires_grad is_leaf grad_fn"
)


def _item(reader: GraphReader, node: fx.Node) -> Value:
    """`x[index]`: one of several results, or a selection."""
    source, index = node.args
    held = reader.values.get(source) if isinstance(source, fx.Node) else None
    if isinstance(held, Several):
        if isinstance(index, int) and index < 0 and held.count is not None:
            index += held.count
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
        content = content_of_call(node, reader.contents)
        reader.contents[node] = content
        return Cell(made_of(constant_of(key, content), value.weights))
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
    if base is None or not writes(node, str(getattr(node.target, "__name__", node.target))):
        return Cell(value)
    base.change(value)
    return base


def _get_attribute(reader: GraphReader, node: fx.Node) -> Value:
    """`x.T`, `x.shape` and the like."""
    base, name = reader.cell(node.args[0]), str(node.args[1])
    view = _VIEWS.get(name)
    value = None if base is None else base.read()
    if base is None or isinstance(value, Constant) or name in _DESCRIPTIONS:
        weights = value.weights if isinstance(value, Constant) and view is not None else NO_WEIGHTS
        return Cell(Constant(("size", reader.prefix, node.name), weights=weights))
    if view == "alias":
        return same_tensor(base)
    if view is None:
        # it may hold anything: named for what it is, so that it is refused by name
        return Cell(reader.make(plain_name(name), [base.read()]))
    return reader.step(base, Step("transpose", {"swap": (-2, -1)}))


SPECIAL: dict[str, Callable[[GraphReader, fx.Node], Value]] = {
    "getitem": _item,
    "setitem": _set_item,
    "getattr": _get_attribute,
    "copy_": _filled,
    "copy": _filled,
    "fill": _filled,
    "fill_": _filled,
    "zero_": _filled,
}
"""What reads the nodes of some functions, by their name."""
