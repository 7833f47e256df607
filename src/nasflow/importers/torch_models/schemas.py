"""The schemas of PyTorch's operators: which one a call fits, what it gives, what it changes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import fx

_OPERATORS_OF_PYTHON = {"truediv": "div", "floordiv": "floor_divide", "itruediv": "div"}
_IN_PLACE_OPERATORS = frozenset(
    ["iadd", "isub", "imul", "itruediv", "ifloordiv", "ipow", "iand", "ior", "ixor"]
)


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


def schema_of(node: fx.Node, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """The operator schema that a call's arguments fit best; None if there is none."""
    given = getattr(node.target, "_schema", None)
    if given is not None:
        return given
    if node.op == "call_function" and python_signature(node.target) is not None:
        return None
    name = str(node.target) if node.op == "call_method" else function_name(node.target)
    name = _OPERATORS_OF_PYTHON.get(name, name)
    schemas = _schemas(name) or _schemas(name.rstrip("_"))
    # arguments of Python's wrapper
    kwargs = {key: value for key, value in kwargs.items() if key != "return_indices"}
    scores = [_score(schema, args, kwargs) for schema in schemas]
    best = max(scores, default=-1)
    return schemas[scores.index(best)] if best >= 0 else None


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


def writes(node: fx.Node, name: str) -> bool:
    """Whether a call changes its first argument."""
    schema = getattr(node.target, "_schema", None)
    if schema is not None:
        first = schema.arguments[0].alias_info if schema.arguments else None
        return first is not None and bool(first.is_write)
    # functions of Python tell it by their name only
    is_marked = name.endswith("_") and not name.endswith("__")
    return is_marked or name in _IN_PLACE_OPERATORS or node.kwargs.get("inplace") is True


def is_view(node: fx.Node) -> bool:
    """Whether a call's result shares the memory of its first argument."""
    schema: Any = schema_of(node, node.args, node.kwargs)
    if schema is None or not schema.arguments:
        return False
    info = schema.arguments[0].alias_info
    returned = schema.returns[0].alias_info if schema.returns else None
    return info is not None and not info.is_write and returned is not None


def python_signature(target: Any) -> inspect.Signature | None:
    """The signature of a function written in Python that names its arguments."""
    if not inspect.isfunction(target):
        return None
    signature = inspect.signature(target)
    kinds = [parameter.kind for parameter in signature.parameters.values()]
    return None if inspect.Parameter.VAR_POSITIONAL in kinds else signature


@functools.cache
def _schemas(name: str) -> tuple[Any, ...]:
    return tuple(torch._C._jit_get_schemas_for_operator(f"aten::{name}"))


def _score(schema: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> int:
    """How well arguments fit a schema: 2 for each of its own type; -1 if they do not fit."""
    positional = [argument for argument in schema.arguments if not argument.kwarg_only]
    by_name = {argument.name: argument for argument in schema.arguments}
    if len(args) > len(positional) or not by_name.keys() >= kwargs.keys():
        return -1
    # by place and by name alike: a schema has one name for both
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
    # a node may give a size or a number, so it fits almost anything
    if isinstance(value, (fx.Node, torch.Tensor)):
        return 2 if kind == "Tensor" else int(kind not in ("str", "Device"))
    # before int, which a bool is too
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
