"""Layers that a traced graph calls whole: read as their function, or looked into."""

from __future__ import annotations

from typing import Any

from torch import fx, nn

from nasflow.importers.calls import Operand, Result
from nasflow.importers.torch_models import composites, nested
from nasflow.importers.torch_models.cells import Cell
from nasflow.importers.torch_models.constants import constant_of
from nasflow.importers.torch_models.modules import (
    changes_in_place,
    function_of_layer,
    has_several_results,
    name_of_layer,
    parts_of_layer,
    settings_of_layer,
)
from nasflow.importers.torch_models.operations import read_operation
from nasflow.importers.torch_models.operations.reading import Reading
from nasflow.importers.torch_models.reader import GraphReader, Several, Value, same_tensor
from nasflow.importers.vocabulary import is_known, plain_name


def read_layer(reader: GraphReader, node: fx.Node) -> Value:
    """What the call of a layer gives."""
    layer = reader.module.get_submodule(str(node.target))
    is_kept = plain_name(name_of_layer(layer)) in reader.target.kept
    if isinstance(layer, fx.GraphModule) and not is_kept:
        arguments = [*node.args, *node.kwargs.values()]
        return nested.read_inner(reader, node, layer, arguments)
    if composites.is_composite(layer) and not is_kept:
        return composites.read_composite(reader, node, layer)
    base = reader.cell(node.args[0]) if node.args else None
    result = _computed(reader, node, layer)
    if base is not None and result == base.read():
        return same_tensor(base)
    if base is not None and changes_in_place(layer):
        base.change(result)
        return base
    if isinstance(result, Result) and has_several_results(layer):
        return Several(lambda index: Cell(Result(result.call, index)))
    return Cell(result)


def _computed(reader: GraphReader, node: fx.Node, layer: nn.Module) -> Operand:
    op, function = plain_name(name_of_layer(layer)), function_of_layer(layer)
    arguments = _arguments(reader, node, layer)
    reading = Reading(reader, op, function, reader.prefix + node.name, arguments)
    mode = getattr(layer, "padding_mode", "zeros")
    # such a convolution pads by a function of its own
    if isinstance(layer, nn.modules.conv._ConvNd) and mode != "zeros":
        sizes = repr(layer.padding)
        arguments["input"] = reading.make("pad", reading.input, mode=mode, sizes=sizes)
    result = read_operation(reading)
    if isinstance(result, Result) and not is_known(result.call.op):
        result.call.inside = parts_of_layer(layer) or None
    return result


def _arguments(reader: GraphReader, node: fx.Node, layer: nn.Module) -> dict[str, Any]:
    """The arguments of the function that a layer's call stands for, by name."""
    arguments: dict[str, Any] = {}
    for place, value in enumerate(node.args):
        arguments["input" if place == 0 else str(place)] = reader.now(value)
    for name, value in node.kwargs.items():
        arguments[name] = reader.now(value)
    # what it holds counts as operands, so that two layers are never taken for one
    for name, tensor in [*layer.named_parameters(), *layer.named_buffers()]:
        path = f"{node.target}.{name}"
        arguments[name] = constant_of(("attribute", reader.prefix, path), tensor)
    return {**settings_of_layer(layer), **arguments}
