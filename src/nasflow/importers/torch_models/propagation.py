"""The sizes of all tensors of a traced graph, from those of its inputs; nothing is computed.

The graph is run on fake tensors, which have a shape and no content: a network of any size takes no
memory and little time.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor, fx
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.passes.fake_tensor_prop import FakeTensorProp

from nasflow.errors import ConfigError, GraphError

InputShapes: TypeAlias = Sequence[Any] | Mapping[str, Any]
"""For each input a shape, or a tensor as an example; in the order of `forward`, or by name."""

_LEGAL = (
    "a shape such as (1, 3, 224, 224), or a list with a shape or a tensor for each input, in the"
    " order of forward or by name"
)


def with_sizes(module: fx.GraphModule, shapes: InputShapes) -> fx.GraphModule:
    """A copy of a traced graph that knows the sizes of its tensors.

    Args:
        module: a graph; it is left as it is.
        shapes: what its inputs are. Where only a shape is given, the input is of floats, or, if the
            network takes none, of whole numbers.

    Raises:
        ConfigError: `shapes` is something else, or not one for each input.
        GraphError: the network does not run on such inputs; names the node.
    """
    # the nodes are copied, the layers and weights shared
    sized = fx.GraphModule(module, copy.deepcopy(module.graph))
    given = _by_placeholder(sized, shapes)
    errors: list[Exception] = []
    node = ""
    for dtype in (torch.get_default_dtype(), torch.int64):
        run = _Run(sized)
        # the model's code runs here, and may raise anything
        try:
            with warnings.catch_warnings(), torch.no_grad():
                warnings.simplefilter("ignore")
                run.propagate(*_examples(sized, given, run.mode, dtype))
            return sized
        except Exception as error:
            errors.append(error)
            node = node or run.last
    raise GraphError(
        f"the network does not run on inputs of the shapes {_shown(given)}: the node {node!r} says"
        f" {str(errors[0]).splitlines()[0][:160]}; legal: {_LEGAL}"
    ) from errors[0]


class _Run(FakeTensorProp):
    """A run that remembers where it is."""

    last = ""

    def __init__(self, module: fx.GraphModule) -> None:
        self.mode = FakeTensorMode(allow_non_fake_inputs=True)
        super().__init__(module, self.mode)

    def run_node(self, n: fx.Node) -> Any:
        """What a node gives."""
        self.last = n.name
        return super().run_node(n)


def _by_placeholder(module: fx.GraphModule, shapes: Any) -> dict[fx.Node, Any]:
    """What is given for each input."""
    placeholders = [node for node in module.graph.nodes if node.op == "placeholder"]
    inputs = [node for node in placeholders if not node.args] or placeholders[:1]
    names = ", ".join([node.name for node in inputs])
    if isinstance(shapes, Mapping):
        by_name = {node.name: node for node in inputs}
        if by_name.keys() != shapes.keys():
            raise ConfigError(
                f"input_shapes names {', '.join(map(str, shapes))}; the model's inputs: {names}"
            )
        return {by_name[name]: shape for name, shape in shapes.items()}
    listed = [shapes] if isinstance(shapes, Tensor) or _is_shape(shapes) else shapes
    if not isinstance(listed, (list, tuple)) or len(listed) != len(inputs):
        raise ConfigError(
            f"input_shapes is {str(shapes)[:80]} for {len(inputs)} inputs ({names}); legal:"
            f" {_LEGAL}"
        )
    return dict(zip(inputs, listed, strict=True))


def _is_shape(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(type(size) is int for size in value)


def _examples(
    module: fx.GraphModule, given: Mapping[fx.Node, Any], mode: FakeTensorMode, dtype: torch.dtype
) -> list[Any]:
    """An argument for each placeholder; one that nobody gives stays at its default."""
    examples: list[Any] = []
    # where the weights are, for nothing else can be computed with them
    parameter = next(module.parameters(), None)
    device = torch.device("cpu") if parameter is None else parameter.device
    for node in module.graph.nodes:
        if node.op == "placeholder":
            default = node.args[0] if node.args else None
            with mode:
                example = _example(given[node], dtype, device) if node in given else default
            examples.append(example)
    return examples


def _example(value: Any, dtype: torch.dtype, device: torch.device) -> Any:
    """A tensor of a shape; lists and dictionaries of shapes alike."""
    if isinstance(value, Tensor):
        return value
    if _is_shape(value):
        if min(value, default=1) < 1:
            raise ConfigError(f"input_shapes has the shape {tuple(value)}; legal: sizes from 1")
        return torch.empty(tuple(value), dtype=dtype, device=device)
    if isinstance(value, Mapping):
        return {key: _example(item, dtype, device) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_example(item, dtype, device) for item in value]
    raise ConfigError(f"input_shapes has {str(value)[:60]} for an input; legal: {_LEGAL}")


def _shown(given: Mapping[fx.Node, Any]) -> str:
    shown = []
    for node, value in given.items():
        shown.append(f"{node.name}: {tuple(value.shape) if isinstance(value, Tensor) else value}")
    return ", ".join(shown)[:200]
