"""A module as a torch.fx graph, its arguments with a default left at it."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

from torch import fx, nn

from nasflow.errors import GraphError


def traced(model: nn.Module) -> fx.GraphModule:
    """The symbolic trace of a module.

    Arguments of `forward` that have a default are left at it, as when the module is exported with
    an example for the others; if all have one, the first is an input.

    Raises:
        GraphError: it is no module, or cannot be traced.
    """
    if isinstance(model, fx.GraphModule):
        return model
    if not isinstance(model, nn.Module):
        raise GraphError(
            f"{type(model).__name__} is no torch module; legal: nn.Module, GraphModule,"
            " ExportedProgram"
        )
    # a layer of torch.nn is an operation, and not looked into where it is part of a model
    is_layer = fx.Tracer().is_leaf_module(model, "")
    root = nn.Sequential(model) if is_layer else model
    # the model's code runs here, and may raise anything
    try:
        with warnings.catch_warnings():
            # torch.fx cannot check that such arguments stay at their default
            warnings.simplefilter("ignore")
            return fx.symbolic_trace(root, concrete_args=_defaults(root) or None)
    except Exception as error:
        raise GraphError(
            f"{type(model).__name__} cannot be traced ({type(error).__name__}: {str(error)[:120]});"
            " give it as torch.export.export(model, example_inputs)"
        ) from error


def _defaults(model: nn.Module) -> dict[str, Any]:
    """The arguments of `forward` that need not be given, at their defaults."""
    parameters = list(inspect.signature(model.forward).parameters.values())
    named = [parameter for parameter in parameters if parameter.kind is not parameter.VAR_KEYWORD]
    named = [parameter for parameter in named if parameter.kind is not parameter.VAR_POSITIONAL]
    optional = [parameter for parameter in named if parameter.default is not parameter.empty]
    if len(optional) == len(named):
        optional = optional[1:]
    return {parameter.name: parameter.default for parameter in optional}


def is_left_at_default(node: fx.Node) -> bool:
    """Whether a placeholder has a default, so that nobody gives it."""
    return node.op == "placeholder" and bool(node.args)
