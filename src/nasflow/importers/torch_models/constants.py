"""Values of a graph that hang on no input: their shapes, and the number where they are one."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import fx
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from nasflow.importers.calls import NO_WEIGHTS, Constant, Shape, Weights
from nasflow.importers.torch_models.schemas import function_name, writes

# stands for what is not known before the model runs
_UNKNOWN = object()

# to compute so little costs nothing; of more, only the shape is computed
_MAX_ELEMENTS = 64


def constant_of(key: Any, value: Any) -> Constant:
    """A constant that is a tensor, a number, or anything else."""
    if isinstance(value, torch.Tensor):
        # a number without axes is written alike by exporters, whether learned or not
        is_parameter = isinstance(value, torch.nn.Parameter)
        # one tensor under two names is one object
        weights: dict[Hashable, int] = {id(value): value.numel()} if is_parameter else {}
        return Constant(
            key,
            shape_of(value),
            _number(value),
            is_learned=is_parameter and value.ndim > 0,
            weights=weights or NO_WEIGHTS,
        )
    if isinstance(value, (bool, int, float)):
        return Constant(("number", value), (), float(value))
    return Constant(key)


def made_of(constant: Constant, weights: Weights) -> Constant:
    """A constant that is computed from others, with the learned tensors among them."""
    return replace(constant, weights={**weights, **constant.weights}) if weights else constant


def shape_of(value: Any, as_in_example: bool = False) -> Shape:
    """The sizes of a tensor.

    Args:
        value: a tensor; of anything else, no shape is known.
        as_in_example: sizes that an exported graph leaves open are those of the example that it was
            exported with; else they are None.
    """
    if not isinstance(value, torch.Tensor):
        return None
    if not as_in_example:
        return tuple(size if isinstance(size, int) else None for size in value.shape)
    return tuple(size if isinstance(size, int) else _size_in_example(size) for size in value.shape)


def _size_in_example(size: torch.SymInt) -> int | None:
    # of what hangs on data, such as the number of places that a mask leaves, there is none
    try:
        hint = size.node.hint
    except Exception:
        return None
    return int(hint) if isinstance(hint, int) else None


def _number(value: torch.Tensor) -> float | None:
    if isinstance(value, FakeTensor) or value.device.type == "meta" or value.is_complex():
        return None
    return float(value.detach()) if value.numel() == 1 else None


def content_of_call(node: fx.Node, contents: Mapping[fx.Node, Any]) -> Any:
    """What a node that hangs on no input gives; None if that is not known."""
    name = str(node.target) if node.op == "call_method" else function_name(node.target)
    # to compute it would change a weight of the user's model
    if writes(node, name):
        return None
    args = [_content_of(value, contents) for value in node.args]
    named = {key: _content_of(value, contents) for key, value in node.kwargs.items()}
    is_unknown = any(value is _UNKNOWN for value in [*args, *named.values()])
    return None if is_unknown else _evaluated(node, args, named)


def _content_of(value: Any, contents: Mapping[fx.Node, Any]) -> Any:
    if isinstance(value, fx.Node):
        content = contents.get(value)
        return _UNKNOWN if content is None else content
    if isinstance(value, (list, tuple)):
        items = [_content_of(item, contents) for item in value]
        return _UNKNOWN if any(item is _UNKNOWN for item in items) else type(value)(items)
    return value


def _evaluated(node: fx.Node, values: list[Any], named: dict[str, Any]) -> Any:
    """What a call gives on known arguments; of large tensors, one without content.

    None if it cannot be computed.
    """
    tensors = [value for value in [*values, *named.values()] if isinstance(value, torch.Tensor)]
    is_small = all(
        tensor.numel() <= _MAX_ELEMENTS and not isinstance(tensor, FakeTensor) for tensor in tensors
    )
    # the model's code may raise anything
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            if is_small:
                return _run(node, values, named)
            mode = next((t.fake_mode for t in tensors if isinstance(t, FakeTensor)), None)
            with mode or FakeTensorMode(allow_non_fake_inputs=True):
                return _run(node, values, named)
    except Exception:
        return None


def _run(node: fx.Node, values: list[Any], named: dict[str, Any]) -> Any:
    if node.op == "call_method":
        return getattr(values[0], str(node.target))(*values[1:], **named)
    target: Any = node.target
    return target(*values, **named)
