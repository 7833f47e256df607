"""The arguments of a call in a torch.fx graph, by name.

A traced graph calls Python functions, built-in ones and methods, each with arguments by place or by
name; an exported one calls operators that have a schema. All come out under the schema's names,
with `input` for the first tensor, which schemas call `self`.
"""

from __future__ import annotations

from typing import Any

from torch import fx

from nasflow.importers.torch_models.schemas import function_name, python_signature, schema_of

# methods that take sizes or axes one by one, too
_SPREAD = ("view", "reshape", "expand", "repeat", "permute", "flip", "tile")


def arguments_of(node: fx.Node) -> dict[str, Any]:
    """The arguments of a node that calls a function or method, by name.

    Those of functions whose signature cannot be read are called `input`, `1`, `2` and so on.
    """
    args, kwargs = list(node.args), dict(node.kwargs)
    name = str(node.target) if node.op == "call_method" else function_name(node.target)
    if node.op == "call_method" and name in _SPREAD:
        args = _gathered(args)
    schema = schema_of(node, args, kwargs)
    if schema is not None:
        names = [argument.name for argument in schema.arguments]
        bound = {**dict(zip(names, args, strict=False)), **kwargs}
    else:
        bound = _bound_by_signature(node.target, args, kwargs)
    if "self" in bound:
        bound = {"input": bound.pop("self"), **bound}
    return bound


def _bound_by_signature(target: Any, args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    signature = python_signature(target)
    if signature is not None:
        names = list(signature.parameters)
        return {**dict(zip(names, args, strict=False)), **kwargs}
    places = ["input", *map(str, range(1, len(args)))]
    return {**dict(zip(places, args, strict=False)), **kwargs}


def _gathered(args: list[Any]) -> list[Any]:
    """Arguments with sizes that are given one by one put in a list."""
    sizes = args[1:]
    is_spread = len(sizes) > 0 and not any(isinstance(size, (list, tuple)) for size in sizes)
    # a single node may be a size, or all of them (`x.view(y.shape)`)
    if is_spread and not (len(sizes) == 1 and not isinstance(sizes[0], int)):
        return [args[0], sizes]
    return args
