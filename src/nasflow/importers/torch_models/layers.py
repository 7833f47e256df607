"""Layers of torch.nn that a traced graph calls whole."""

from __future__ import annotations

from typing import Any

from torch import fx, nn

from nasflow.importers.calls import Call, Operand, Result
from nasflow.importers.torch_models import composites, nested
from nasflow.importers.torch_models.cells import Cell
from nasflow.importers.torch_models.constants import constant_of
from nasflow.importers.torch_models.operations import Reading, operand, read_operation
from nasflow.importers.torch_models.reader import GraphReader, Several, Value, same_tensor
from nasflow.importers.vocabulary import is_known, plain_name

# attributes of a layer that are arguments of the function that it stands for
_ARGUMENTS = (
    "kernel_size output_size start_dim end_dim dim min_val max_val padding value training p groups"
).split()
_SEVERAL_RESULTS = (nn.RNNBase, nn.LSTMCell, nn.MultiheadAttention)
# plain names of attributes that are modes of padding
_NO_PADDING = (None, "zeros")


def read_layer(reader: GraphReader, node: fx.Node) -> Value:
    """What the call of a layer gives."""
    layer = reader.module.get_submodule(str(node.target))
    name = name_of_layer(layer)
    is_kept = plain_name(name) in reader.target.kept
    if isinstance(layer, fx.GraphModule) and not is_kept:
        arguments = [*node.args, *node.kwargs.values()]
        return nested.read_inner(reader, node, layer, arguments)
    if composites.is_composite(layer) and not is_kept:
        return composites.read_composite(reader, node, layer)
    base = reader.cell(node.args[0]) if node.args else None
    result = _computed(reader, node, layer, name)
    if base is not None and result == base.read():
        return same_tensor(base)
    if base is not None and getattr(layer, "inplace", False) is True:
        base.change(result)
        return base
    if isinstance(result, Result) and _has_several_results(layer):
        return Several(lambda index: Cell(Result(result.call, index)))
    return Cell(result)


def name_of_layer(layer: nn.Module) -> str:
    """The name of a layer's class, or of the one of torch.nn that it is derived from."""
    for kind in type(layer).__mro__:
        if is_known(plain_name(kind.__name__)):
            return kind.__name__
    return type(layer).__name__


def _computed(reader: GraphReader, node: fx.Node, layer: nn.Module, name: str) -> Operand:
    arguments = _arguments(reader, node, layer)
    op = plain_name(name)
    official = "flatten" if isinstance(layer, nn.Flatten) else name
    if isinstance(layer, nn.Unflatten):
        official = "unflatten"
    reading = Reading(reader, op, official, reader.prefix + node.name, arguments)
    mode = getattr(layer, "padding_mode", None)
    if isinstance(layer, nn.modules.conv._ConvNd) and mode != "zeros":
        padded = reading.make("pad", reading.input, mode=mode, sizes=repr(layer.padding))
        arguments["input"] = padded
    result = read_operation(reading)
    if isinstance(result, Result) and not is_known(result.call.op):
        children = [
            (path, plain_name(type(child).__name__)) for path, child in layer.named_children()
        ]
        result.call.inside = children or None
    return result


def _arguments(reader: GraphReader, node: fx.Node, layer: nn.Module) -> dict[str, Any]:
    """The arguments of the function that a layer's call stands for, by name."""
    given = [reader.now(value) for value in node.args]
    arguments: dict[str, Any] = {
        "input" if place == 0 else str(place): value for place, value in enumerate(given)
    }
    arguments.update({key: reader.now(value) for key, value in node.kwargs.items()})
    # weights count as operands, so that two layers are never taken for one
    for key, weight in layer.named_parameters():
        path = f"{node.target}.{key}"
        arguments[key] = constant_of(("attribute", reader.prefix, path), weight)
    for key in _ARGUMENTS:
        value = getattr(layer, key, None)
        if value is not None and not isinstance(value, nn.Module):
            arguments.setdefault(key, value)
    if isinstance(layer, nn.Unflatten):
        arguments["sizes"] = layer.unflattened_size
    if isinstance(layer, nn.ReLU6):
        arguments.update(min=0.0, max=6.0)
    arguments["layer"] = layer.extra_repr()
    return {
        key: operand(value) if isinstance(value, Call) else value
        for key, value in arguments.items()
    }


def _has_several_results(layer: nn.Module) -> bool:
    is_told = getattr(layer, "return_indices", False) is True
    return is_told or isinstance(layer, _SEVERAL_RESULTS)
