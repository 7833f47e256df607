"""Layers of torch.nn that a traced graph calls whole, as the functions that they stand for."""

from __future__ import annotations

from typing import Any

from torch import nn

# arguments of the function, which the layer has as attributes of the same name
_ATTRIBUTES = (
    "kernel_size",
    "output_size",
    "start_dim",
    "end_dim",
    "dim",
    "min_val",
    "max_val",
    "padding",
    "value",
    "training",
    "p",
    "groups",
    "mode",
)
_SEVERAL_RESULTS = (nn.RNNBase, nn.LSTMCell, nn.MultiheadAttention)


def arguments_of_layer(
    layer: nn.Module, tensors: list[Any], named: dict[str, Any]
) -> dict[str, Any]:
    """The arguments of the function that a layer's call stands for, by name."""
    arguments: dict[str, Any] = dict(
        zip(["input", *map(str, range(1, len(tensors)))], tensors, strict=False)
    )
    arguments.update(named)
    for name in _ATTRIBUTES:
        if hasattr(layer, name):
            arguments.setdefault(name, getattr(layer, name))
    if isinstance(layer, nn.Unflatten):
        arguments["sizes"] = layer.unflattened_size
    if isinstance(layer, nn.ReLU6):
        arguments.update(min_val=0.0, max_val=6.0)
    if isinstance(layer, (nn.ConstantPad1d, nn.ConstantPad2d, nn.ConstantPad3d)):
        arguments["mode"] = "constant"
    if isinstance(layer, nn.Softmax2d):
        arguments["dim"] = -3
    return arguments


def has_several_results(layer: nn.Module) -> bool:
    """Whether a layer gives a tuple."""
    returns_indices = getattr(layer, "return_indices", False) is True
    # a GRU's and an RNN's cell give one state
    is_cell = isinstance(layer, nn.RNNCellBase) and not isinstance(layer, nn.LSTMCell)
    return returns_indices or (isinstance(layer, _SEVERAL_RESULTS) and not is_cell)


def changes_in_place(layer: nn.Module) -> bool:
    """Whether a layer writes its result where its input was."""
    return getattr(layer, "inplace", False) is True


def identity_of(layer: nn.Module, target: str) -> str:
    """Equal for layers that compute the same: of those without weights, all of one description."""
    has_state = (
        next(layer.parameters(), None) is not None or next(layer.buffers(), None) is not None
    )
    return target if has_state else f"{type(layer).__name__}({layer.extra_repr()})"
