"""The inputs of a traced graph: tensors, and the parts of lists and dictionaries of tensors."""

from __future__ import annotations

import operator
import typing
from typing import Any

from torch import Tensor, fx

from nasflow.errors import GraphError
from nasflow.importers.calls import Call, Result
from nasflow.importers.torch_models.cells import Cell
from nasflow.importers.torch_models.constants import constant_of, shape_of
from nasflow.importers.torch_models.reader import GraphReader, Several


def new_input(reader: GraphReader, node: fx.Node, part: object = None) -> Result:
    """A new input, named after a placeholder and, of several tensors in one, the part."""
    name = node.name if part is None else f"{node.name}[{part}]"
    value: Any = node.meta.get("val")
    if part is not None and value is not None:
        value = value[part]
    call = Call("input", name, shapes={0: shape_of(value, reader.target.as_in_example)})
    reader.target.program.calls.append(call)
    return call.result


def give_inputs(reader: GraphReader) -> None:
    """Set the values of a traced graph's placeholders.

    What has a default is left at it, unless all have one: then the first is given.

    Raises:
        GraphError: it is not clear whether an input is a tensor or a list of tensors.
    """
    placeholders = [node for node in reader.module.graph.nodes if node.op == "placeholder"]
    given = [node for node in placeholders if not node.args] or placeholders[:1]
    for node in placeholders:
        if node not in given:
            default = node.args[0]
            reader.give(node, constant_of(("default", node.name), default), default)
        elif _is_collection(node):
            _give_parts(reader, node)
        else:
            reader.give(node, new_input(reader, node))


def _is_collection(node: fx.Node) -> bool:
    """Whether an input is a list, tuple or dictionary of tensors."""
    picks = [user for user in node.users if user.target is operator.getitem]
    keys = [user.args[1] for user in picks]
    if any(isinstance(key, str) for key in keys):
        return True
    kind: Any = typing.get_origin(node.type) or node.type
    if isinstance(kind, type) and issubclass(kind, (list, tuple, dict)):
        return True
    picks_only = bool(picks) and len(picks) == len(node.users)
    if kind is not Tensor and picks_only and all(isinstance(key, int) for key in keys):
        raise GraphError(
            f"the input {node.name!r} is read only as {node.name}[{keys[0]}] and the like: a"
            " tensor, or a list of tensors? Say so in the signature of forward, such as"
            f" `{node.name}: Tensor` or `{node.name}: list[Tensor]`, or give the model as"
            " torch.export.export(model, example_inputs)"
        )
    return False


def _give_parts(reader: GraphReader, node: fx.Node) -> None:
    """Make an input of each part of a collection that the graph reads."""
    keys: dict[Any, None] = {}
    for user in node.users:
        if user.target is operator.getitem:
            keys[user.args[1]] = None
    if any(user.target is not operator.getitem for user in node.users):
        raise GraphError(
            f"the input {node.name!r} is a list of tensors that is read as a whole, so that their"
            " number is not known; give the model as torch.export.export(model, example_inputs)"
        )
    cells = {key: Cell(new_input(reader, node, key)) for key in keys}
    reader.values[node] = Several(lambda key: cells[key])
