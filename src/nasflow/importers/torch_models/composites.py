"""Layers of torch.nn that are networks: attention with several heads, and what is built on it.

Exporters write them out, so a traced graph must have them written out too. torch.fx cannot look
into them; torch.export can, and their weights tell the sizes of what they take.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, fx, nn

from nasflow.errors import GraphError
from nasflow.importers.calls import Constant, Result
from nasflow.importers.torch_models.cells import Cell
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
# the lengths of the first and of the other sequences, and a batch: neither 1 nor equal
_LENGTHS, _BATCH = (5, 7), 3


class _Place(int):
    """Stands for the example of that number."""


class _Called(nn.Module):
    """A layer called on examples, each of which may be given in several places."""

    def __init__(self, layer: nn.Module, args: list[Any], named: dict[str, Any]) -> None:
        super().__init__()
        self.layer = layer
        self.arguments, self.named = args, named

    def forward(self, *tensors: Tensor) -> Any:
        args = [tensors[value] if type(value) is _Place else value for value in self.arguments]
        named = {
            name: tensors[value] if type(value) is _Place else value
            for name, value in self.named.items()
        }
        return self.layer(*args, **named)


def is_composite(layer: nn.Module) -> bool:
    """Whether a layer is a network that torch.fx takes for one operation."""
    return isinstance(layer, tuple(_SEQUENCES))


def read_composite(reader: GraphReader, node: fx.Node, layer: nn.Module) -> Value:
    """The results of a composite layer, its operations read into the program.

    Raises:
        GraphError: a mask is computed, so that its kind is not known, or the export fails.
    """
    names = next(names for kind, names in _SEQUENCES.items() if isinstance(layer, kind))
    operands: list[Result] = []
    examples: list[Tensor] = []
    lengths = _lengths(reader, node)

    def given(value: Any, name: str | None) -> Any:
        now = reader.now(value)
        if isinstance(now, Result) and name in names:
            # the same tensor in two places is one input: what is done to it is done once
            if now not in operands:
                operands.append(now)
                examples.append(_example(layer, names.index(name), lengths))
            return _Place(operands.index(now))
        if isinstance(now, (Result, Constant)):
            return _constant(reader, node, layer, value)
        return now

    args = [given(value, dict(enumerate(names)).get(i)) for i, value in enumerate(node.args)]
    named = {name: given(value, name) for name, value in node.kwargs.items()}
    # the layer's code runs here, and may raise anything
    try:
        with _no_fused_operator():
            program = torch.export.export(_Called(layer, args, named), tuple(examples))
    except Exception as error:
        raise GraphError(
            f"the layer {node.name!r} ({type(layer).__name__}) cannot be written out"
            f" ({type(error).__name__}: {str(error)[:120]}); {_WHOLE}"
        ) from error
    inner = reader.inner(program.graph_module, node.name)
    give_weights(inner, program)
    for placeholder, value in zip(user_inputs(program), operands, strict=True):
        inner.give(placeholder, value)
    results = read_outputs(inner, program)
    if isinstance(layer, nn.MultiheadAttention):
        # the weights are not among the results where they are not asked for
        results.append(Constant(("no weights", node.name)))
        return Several(lambda index: Cell(results[index]))
    return Cell(results[0])


def _constant(reader: GraphReader, node: fx.Node, layer: nn.Module, value: Any) -> Tensor:
    """A mask that is a constant."""
    content = reader.contents.get(value)
    if isinstance(content, Tensor):
        return content
    raise GraphError(
        f"the layer {node.name!r} ({type(layer).__name__}) is given a mask that is computed, so"
        f" that it is not known how it is applied; {_WHOLE}"
    )


def _lengths(reader: GraphReader, node: fx.Node) -> tuple[int, int]:
    """The lengths of two sequences: those of a mask that is a constant, if there is one."""
    for value in [*node.args, *node.kwargs.values()]:
        content = reader.contents.get(value) if isinstance(value, fx.Node) else None
        if isinstance(content, Tensor) and content.ndim >= 2:
            return int(content.shape[-2]), int(content.shape[-1])
    return _LENGTHS


def _example(layer: nn.Module, place: int, lengths: tuple[int, int]) -> Tensor:
    """A sequence of the width that the layer takes at a place."""
    attention = next(
        module for module in layer.modules() if isinstance(module, nn.MultiheadAttention)
    )
    widths = [attention.embed_dim] * 3
    if layer is attention:
        widths[1:] = attention.kdim, attention.vdim
    sizes = [lengths[min(place, 1)], _BATCH, widths[place]]
    if attention.batch_first:
        sizes[:2] = sizes[1::-1]
    weight = next(layer.parameters())
    return torch.zeros(sizes, dtype=weight.dtype, device=weight.device)


@contextmanager
def _no_fused_operator() -> Iterator[None]:
    """Without the one operator that PyTorch has for whole layers in inference."""
    was_enabled = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(was_enabled)
