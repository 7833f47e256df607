"""The arguments of a call in a torch.fx graph, by name.

A traced graph calls Python functions, built-in ones and methods, each with arguments by place or by
name; an exported one calls operators that have a schema. All come out under the schema's names,
with `input` for the first tensor, which schemas call `self`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import fx

# methods that take sizes or axes one by one, too
_SPREAD = ("view", "reshape", "expand", "repeat", "permute", "flip", "tile")
_OPERATORS = {"truediv": "div", "floordiv": "floor_divide", "itruediv": "div"}


def function_name(target: Any) -> str:
    """`conv2d` of `torch.ops.aten.conv2d.default`, `torch.conv2d`, `operator.add` and the like."""
    schema = getattr(target, "_schema", None)
    if schema is not None:
        return str(schema.name).rpartition("::")[2]
    return str(getattr(target, "__name__", target))


def is_foreign(node: fx.Node) -> bool:
    """Whether a node calls a function that is not PyTorch's or Python's, whatever its name."""
    if node.op != "call_function" or hasattr(node.target, "_schema"):
        return False
    origin = str(getattr(node.target, "__module__", None) or "torch").partition(".")[0]
    return origin not in ("torch", "_operator", "operator", "math", "builtins")


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


def returns_several(node: fx.Node) -> bool:
    """Whether a call gives a tuple or list of tensors."""
    # functions that return indices on demand have another schema for it
    if node.kwargs.get("return_indices") is True:
        return True
    if is_foreign(node):
        return False
    schema = schema_of(node, node.args, node.kwargs)
    if schema is not None:
        return _gives_several(schema)
    # Python's wrapper of an operator gives what the operator gives
    schemas = _schemas(function_name(node.target))
    return bool(schemas) and all(_gives_several(schema) for schema in schemas)


def _gives_several(schema: Any) -> bool:
    kinds = [str(result.type) for result in schema.returns]
    return len(kinds) > 1 or any(kind.startswith("List") for kind in kinds)


def schema_of(node: fx.Node, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """The operator schema that a call's arguments fit best; None if there is none."""
    given = getattr(node.target, "_schema", None)
    if given is not None:
        return given
    if node.op == "call_function" and _python_signature(node.target) is not None:
        return None
    name = str(node.target) if node.op == "call_method" else function_name(node.target)
    name = _OPERATORS.get(name, name)
    schemas = _schemas(name) or _schemas(name.rstrip("_"))
    # arguments of Python's wrapper
    kwargs = {key: value for key, value in kwargs.items() if key != "return_indices"}
    scores = [_score(schema, args, kwargs) for schema in schemas]
    best = max(scores, default=-1)
    return schemas[scores.index(best)] if best >= 0 else None


@functools.cache
def _schemas(name: str) -> tuple[Any, ...]:
    return tuple(torch._C._jit_get_schemas_for_operator(f"aten::{name}"))


def _python_signature(target: Any) -> inspect.Signature | None:
    """The signature of a function written in Python that names its arguments."""
    if not inspect.isfunction(target):
        return None
    signature = inspect.signature(target)
    kinds = [parameter.kind for parameter in signature.parameters.values()]
    return None if inspect.Parameter.VAR_POSITIONAL in kinds else signature


def _bound_by_signature(target: Any, args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    signature = _python_signature(target)
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


def _score(schema: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> int:
    """How well arguments fit a schema: 2 for each of its own type; -1 if they do not fit."""
    positional = [argument for argument in schema.arguments if not argument.kwarg_only]
    by_name = {argument.name: argument for argument in schema.arguments}
    if len(args) > len(positional) or not by_name.keys() >= kwargs.keys():
        return -1
    given = dict(zip([argument.name for argument in positional], args, strict=False))
    if given.keys() & kwargs.keys():
        return -1
    given.update(kwargs)
    score = 0
    for name, argument in by_name.items():
        if name not in given:
            if not argument.has_default_value():
                return -1
            continue
        fit = _fit(str(argument.type), given[name])
        if fit == 0:
            return -1
        score += fit
    return score


def _fit(kind: str, value: Any) -> int:
    """2 if a value is of a schema's type, 1 if it can stand for one, 0 if not."""
    if value is None:
        # as if left out
        return 1
    if kind.startswith("Optional["):
        return _fit(kind[9:-1], value)
    is_list = kind.startswith("List[")
    if isinstance(value, (list, tuple)):
        return 2 * is_list
    if isinstance(value, (fx.Node, torch.Tensor)):
        return 2 if kind == "Tensor" else int(kind not in ("str", "Device"))
    if isinstance(value, bool):
        return 2 if kind == "bool" else int(kind == "number")
    if isinstance(value, int):
        return 2 if kind in ("int", "number") or is_list else int(kind in ("float", "Tensor"))
    if isinstance(value, float):
        return 2 if kind in ("float", "number") else int(kind == "Tensor")
    if isinstance(value, str):
        return 2 * (kind == "str")
    # types, devices and layouts are integers in a schema, or have a type of their own
    return 1
