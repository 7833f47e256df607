"""Layers of torch.nn that are networks: attention with several heads, and what is built on it.

Exporters write them out, so a traced graph must have them written out too. torch.fx cannot look
into them; torch.export can, and their weights tell the sizes of what they take.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, fx, nn

from nasflow.errors import GraphError
from nasflow.importers.calls import Constant, Result
from nasflow.importers.torch_models.cells import Cell
from nasflow.importers.torch_models.examples import (
    DEFAULT_LENGTHS,
    MASKS,
    Examples,
    Place,
    mask,
    sequence,
)
from nasflow.importers.torch_models.exported import give_weights, read_outputs, user_inputs
from nasflow.importers.torch_models.reader import GraphReader, Several, Value

_WHOLE = "give the model as torch.export.export(model, example_inputs)"
# for each kind the arguments that are sequences, in order; what else is computed is a mask
_SEQUENCES: dict[type[nn.Module], tuple[str, ...]] = {
    nn.MultiheadAttention: ("query", "key", "value"),
    nn.TransformerEncoderLayer: ("src",),
    nn.TransformerEncoder: ("src",),
    nn.TransformerDecoderLayer: ("tgt", "memory"),
    nn.TransformerDecoder: ("tgt", "memory"),
    nn.Transformer: ("src", "tgt"),
}


class _Called(nn.Module):
    """A layer called on examples, each of which may be given in several places."""

    def __init__(self, layer: nn.Module, arguments: dict[str, Any]) -> None:
        super().__init__()
        self.layer, self.arguments = layer, arguments

    def forward(self, *tensors: Tensor) -> Any:
        given = {
            name: tensors[value] if type(value) is Place else value
            for name, value in self.arguments.items()
        }
        return self.layer(**given)


def is_composite(layer: nn.Module) -> bool:
    """Whether a layer is a network that torch.fx takes for one operation."""
    return isinstance(layer, tuple(_SEQUENCES))


def read_composite(reader: GraphReader, node: fx.Node, layer: nn.Module) -> Value:
    """The results of a composite layer, its operations read into the program.

    Raises:
        GraphError: what is computed is no sequence and no mask, or the export fails.
    """
    sequences = next(names for kind, names in _SEQUENCES.items() if isinstance(layer, kind))
    names = list(inspect.signature(layer.forward).parameters)
    arguments = {**dict(zip(names, node.args, strict=False)), **node.kwargs}
    lengths = _lengths(reader, node)
    examples, given = Examples(), dict[str, Any]()
    for place, name in enumerate(sequences):
        now = reader.now(arguments[name])
        if isinstance(now, Result):
            make = partial(sequence, layer, place, lengths, now.shape)
            given[name] = examples.place(now, make)
        else:
            given[name] = _constant(reader, node, layer, arguments[name])
    # masks are of the lengths that the sequences have
    shown = {name: examples.tensors[at] if type(at) is Place else at for name, at in given.items()}
    for name in [name for name in arguments if name not in sequences]:
        now = reader.now(arguments[name])
        if isinstance(now, Result) and name in MASKS:
            given[name] = examples.place(now, partial(mask, layer, name, shown))
        elif isinstance(now, (Result, Constant)):
            given[name] = _constant(reader, node, layer, arguments[name])
        else:
            given[name] = now
    # the layer's code runs here, and may raise anything
    try:
        with _no_fused_operator():
            program = torch.export.export(_Called(layer, given), tuple(examples.tensors))
    except Exception as error:
        raise GraphError(
            f"the layer {node.name!r} ({type(layer).__name__}) cannot be written out"
            f" ({type(error).__name__}: {str(error)[:120]}); {_WHOLE}"
        ) from error
    inner = reader.inner(program.graph_module, node.name)
    give_weights(inner, program)
    for placeholder, value in zip(user_inputs(program), examples.operands, strict=True):
        inner.give(placeholder, value)
    results = read_outputs(inner, program)
    if isinstance(layer, nn.MultiheadAttention):
        # the weights are not among the results where they are not asked for
        results.append(Constant(("no weights", node.name)))
        return Several(lambda index: Cell(results[index]))
    return Cell(results[0])


def _constant(reader: GraphReader, node: fx.Node, layer: nn.Module, value: Any) -> Tensor:
    """A sequence or mask that is a constant."""
    content = reader.contents.get(value)
    if isinstance(content, Tensor):
        return content
    raise GraphError(
        f"the layer {node.name!r} ({type(layer).__name__}) is given an argument that is"
        f" computed, and neither a sequence nor a mask; {_WHOLE}"
    )


def _lengths(reader: GraphReader, node: fx.Node) -> tuple[int, int]:
    """The lengths of two sequences: those of a mask that is a constant, if there is one."""
    for value in [*node.args, *node.kwargs.values()]:
        content = reader.contents.get(value) if isinstance(value, fx.Node) else None
        if isinstance(content, Tensor) and content.ndim >= 2:
            return int(content.shape[-2]), int(content.shape[-1])
    return DEFAULT_LENGTHS


@contextmanager
def _no_fused_operator() -> Iterator[None]:
    """Without the one operator that PyTorch has for whole layers in inference."""
    was_enabled = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(was_enabled)
