"""PyTorch models: an `nn.Module` that torch.fx can trace, a `GraphModule`, an `ExportedProgram`.

A module's call and the function it stands for get the same name, so that the traced and the
exported graph of one model are the same architecture. Weights are no nodes, and neither is what
computes shapes, or depends on no input.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import fx, nn
from torch.export import ExportedProgram

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.importers.assemble import RawGraph, assemble_model
from nasflow.importers.mapping import Names, read_mapping
from nasflow.importers.vocabulary import DROPPED, convolution, plain_name, with_kernel

_POOLS = {"maxpool": "maxpool", "avgpool": "avgpool", "maxpoolwithindices": "maxpool"}
_CONVOLUTIONS = ("conv", "convtranspose", "convolution")
_ATTRIBUTES = {"T": "transpose", "mT": "transpose", "data": "alias"}


def from_torch(
    model: nn.Module | ExportedProgram, mapping: Names = None, cycles: str = "refuse"
) -> Architecture:
    """The architecture of a PyTorch model.

    Args:
        model: a module (traced symbolically, so without data-dependent branches), a `GraphModule`,
            or what `torch.export.export(module, example_inputs)` gives.
        mapping: names for operations that the vocabulary lacks, or a mapping file.
        cycles: as in `assemble`; a PyTorch graph has none.

    Raises:
        UnknownOperationsError: operations that neither the vocabulary nor the mapping names; lists
            them all.
        GraphError: the module cannot be traced, or has no input.

    Example:
        >>> from_torch(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())).ops
        ('input', 'conv3x3', 'relu', 'output')
    """
    renaming = read_mapping(mapping)
    if isinstance(model, ExportedProgram):
        module, weights = model.graph_module, _weights(model)
    else:
        module, weights = _traced(model), set()
    raw = RawGraph()
    position: dict[fx.Node, int] = {}
    # torch.fx lists nodes in topological order, so sources have their positions
    for node in module.graph.nodes:
        # weights are no nodes: a traced graph gets them as attributes, an exported one as inputs
        if node.op == "get_attr" or (node.op == "placeholder" and node.name in weights):
            continue
        op = _operation(node, module)
        # what the user names is kept, even where the vocabulary would drop it
        if op in DROPPED and op not in renaming:
            continue
        sources = [position[source] for source in node.all_input_nodes if source in position]
        # depends on no input: a constant
        if node.op != "placeholder" and not sources:
            continue
        position[node] = raw.add(node.name, op)
        raw.edges += [(source, position[node]) for source in sources]
    if "input" not in raw.ops:
        raise GraphError("the model has no input; an architecture starts from one")
    return assemble_model(raw, renaming, cycles)


def _traced(model: nn.Module) -> fx.GraphModule:
    if isinstance(model, fx.GraphModule):
        return model
    if not isinstance(model, nn.Module):
        raise GraphError(
            f"{type(model).__name__} is no torch module; legal: nn.Module, GraphModule,"
            " ExportedProgram"
        )
    # a layer of torch.nn is an operation, and not looked into where it is part of a model
    is_layer = fx.Tracer().is_leaf_module(model, "")
    # the model's code runs here, and may raise anything
    try:
        return fx.symbolic_trace(nn.Sequential(model) if is_layer else model)
    except Exception as error:
        raise GraphError(
            f"{type(model).__name__} cannot be traced ({type(error).__name__}: {str(error)[:120]});"
            " give it as torch.export.export(model, example_inputs)"
        ) from error


def _weights(program: ExportedProgram) -> set[str]:
    """The placeholders of an exported program that are no inputs of the user."""
    placeholders = {node.name for node in program.graph.nodes if node.op == "placeholder"}
    return placeholders - set(program.graph_signature.user_inputs)


def _operation(node: fx.Node, module: fx.GraphModule) -> str:
    if node.op == "placeholder":
        return "input"
    if node.op == "output":
        return "output"
    if node.op == "call_module":
        return _of_module(module.get_submodule(str(node.target)))
    if node.op == "call_method":
        return plain_name(str(node.target))
    return _of_function(node, module)


def _of_module(layer: nn.Module) -> str:
    kind = type(layer).__name__
    name = plain_name(kind)
    if isinstance(layer, nn.modules.conv._ConvNd):
        return convolution(layer.kernel_size, layer.groups, layer.in_channels, layer.transposed)
    if name in _POOLS:
        kernel = _sizes(getattr(layer, "kernel_size", None), _dimensions(kind))
        return with_kernel(_POOLS[name], kernel)
    if name in ("adaptiveavgpool", "adaptivemaxpool"):
        return _adaptive(name, getattr(layer, "output_size", None))
    return name


def _of_function(node: fx.Node, module: fx.GraphModule) -> str:
    official = _function_name(node.target)
    name = plain_name(official)
    # a call may leave out the last arguments, and give some by name
    arguments = dict(zip(_parameters(node.target), node.args, strict=False)) | dict(node.kwargs)
    if name in _CONVOLUTIONS:
        transposed = name == "convtranspose" or arguments.get("transposed") is True
        groups = arguments.get("groups", 1)
        if not isinstance(groups, int):
            groups = 1
        shape = _shape(arguments.get("weight"), module)
        if not shape:
            return convolution(None, groups, None, transposed)
        # a weight has (out_channels, in_channels / groups, *kernel)
        return convolution(shape[2:], groups, shape[1] * groups, transposed)
    if name in _POOLS:
        kernel = _sizes(arguments.get("kernel_size"), _dimensions(official))
        return with_kernel(_POOLS[name], kernel)
    if name in ("adaptiveavgpool", "adaptivemaxpool"):
        return _adaptive(name, arguments.get("output_size"))
    if name == "getattr":
        # x.shape computes nothing, x.T does
        attribute = str(node.args[1]) if len(node.args) > 1 else ""
        return _ATTRIBUTES.get(attribute, name)
    # ReLU6 is exported as what it is made of
    if name == "hardtanh" and (arguments.get("min_val"), arguments.get("max_val")) == (0, 6):
        return "relu6"
    return name


def _function_name(target: Any) -> str:
    """`conv2d` of `torch.ops.aten.conv2d.default`, `torch.conv2d`, `operator.add` and the like."""
    schema = getattr(target, "_schema", None)
    if schema is not None:
        return str(schema.name).rpartition("::")[2]
    return str(getattr(target, "__name__", target))


# the first arguments of functions that torch gives no schema for
_COMMON = {
    "conv": ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    "convtranspose": ("input", "weight", "bias", "stride", "padding", "output_padding", "groups"),
    "maxpool": ("input", "kernel_size"),
    "avgpool": ("input", "kernel_size"),
    "adaptiveavgpool": ("input", "output_size"),
    "adaptivemaxpool": ("input", "output_size"),
    "hardtanh": ("input", "min_val", "max_val"),
}


def _parameters(target: Any) -> Sequence[str]:
    """The names of a function's positional arguments, as far as they matter here."""
    schema = getattr(target, "_schema", None)
    if schema is not None:
        return [argument.name for argument in schema.arguments]
    return _COMMON.get(plain_name(_function_name(target)), ())


def _shape(weight: Any, module: fx.GraphModule) -> tuple[int, ...] | None:
    """The shape of a weight, from an exported node's metadata or from a traced module."""
    if not isinstance(weight, fx.Node):
        return None
    value = weight.meta.get("val")
    if value is None and weight.op == "get_attr":
        value = module
        for part in str(weight.target).split("."):
            value = getattr(value, part, None)
    return tuple(map(int, value.shape)) if isinstance(value, torch.Tensor) else None


def _dimensions(name: str) -> int:
    """2 of `MaxPool2d` or `max_pool2d_with_indices`."""
    digits = [int(digit) for digit in "123" if f"{digit}d" in name.lower()]
    return digits[0] if digits else 1


def _sizes(value: Any, n: int) -> tuple[int, ...] | None:
    """A kernel's sizes in n dimensions; one number stands for all."""
    if isinstance(value, int):
        return (value,) * n
    sizes = tuple(_integers(value))
    return sizes * n if len(sizes) == 1 else sizes or None


def _integers(value: Any) -> Iterator[int]:
    if isinstance(value, (list, tuple)):
        yield from (item for item in value if isinstance(item, int))


def _adaptive(name: str, size: Any) -> str:
    """An adaptive pool's name: a global one's if it leaves one number a channel."""
    sizes = [size] if isinstance(size, int) else list(_integers(size))
    return name.replace("adaptive", "global") if sizes and set(sizes) == {1} else name
