"""Layers of torch.nn that a traced graph calls whole, as the functions that they stand for."""

from __future__ import annotations

from typing import Any

from torch import nn

from nasflow.importers.vocabulary import is_known, plain_name

# attributes of a layer that are arguments of its function, under the same name
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
    "stride",
    "dilation",
    "num_layers",
)
_SEVERAL_RESULTS = (nn.RNNBase, nn.LSTMCell, nn.MultiheadAttention)


def name_of_layer(layer: nn.Module) -> str:
    """The name of a layer's class, or of the one of torch.nn that it is derived from."""
    for kind in type(layer).__mro__:
        if is_known(plain_name(kind.__name__)):
            return kind.__name__
    return type(layer).__name__


def function_of_layer(layer: nn.Module) -> str:
    """The name of the function that a layer stands for."""
    # derived classes have other names; what they inherit tells their arguments
    for kind, function in ((nn.Flatten, "flatten"), (nn.Unflatten, "unflatten")):
        if isinstance(layer, kind):
            return function
    return name_of_layer(layer)


def settings_of_layer(layer: nn.Module) -> dict[str, Any]:
    """The arguments of a layer's function that the layer itself holds, by name."""
    settings: dict[str, Any] = {}
    for name in _ATTRIBUTES:
        value = getattr(layer, name, None)
        if value is not None and not isinstance(value, nn.Module):
            settings[name] = value
    if isinstance(layer, nn.Unflatten):
        settings["sizes"] = layer.unflattened_size
    if isinstance(layer, nn.ReLU6):
        settings.update(min=0.0, max=6.0)
    # all that it was made with: it tells two layers without weights apart
    settings["layer"] = layer.extra_repr()
    return settings


def has_several_results(layer: nn.Module) -> bool:
    """Whether a layer gives a tuple."""
    returns_indices = getattr(layer, "return_indices", False) is True
    return returns_indices or isinstance(layer, _SEVERAL_RESULTS)


def changes_in_place(layer: nn.Module) -> bool:
    """Whether a layer writes its result where its input was."""
    return getattr(layer, "inplace", False) is True


def parts_of_layer(layer: nn.Module) -> list[tuple[str, str]]:
    """The names and operations of the layers inside of a layer."""
    return [(path, plain_name(type(part).__name__)) for path, part in layer.named_children()]
