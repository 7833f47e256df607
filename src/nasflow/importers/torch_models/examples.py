"""Examples of what layers of torch.nn with attention take: sequences, and masks of them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from nasflow.importers.calls import Result, Shape, is_known_shape

# the lengths of the first and of the other sequences, and a batch: neither 1 nor equal
DEFAULT_LENGTHS, _BATCH = (5, 7), 3
MASKS: dict[str, tuple[str, ...]] = {
    "key_padding_mask": ("key",),
    "src_key_padding_mask": ("src",),
    "tgt_key_padding_mask": ("tgt",),
    "memory_key_padding_mask": ("memory",),
    "attn_mask": ("query", "key"),
    "mask": ("src", "src"),
    "src_mask": ("src", "src"),
    "tgt_mask": ("tgt", "tgt"),
    "memory_mask": ("tgt", "memory"),
}
"""The sequence that a mask hides places of, or the two that it lets see each other."""


class Place(int):
    """Stands for the example of that number."""


class Examples:
    """Tensors that stand for operands, each for one."""

    def __init__(self) -> None:
        self.operands: list[Result] = []
        self.tensors: list[Tensor] = []

    def place(self, operand: Result, make: Callable[[], Tensor]) -> Place:
        """Where the example for an operand is; made if there is none yet."""
        # the same tensor in two places is one input: what is done to it is done once
        if operand not in self.operands:
            self.operands.append(operand)
            self.tensors.append(make())
        return Place(self.operands.index(operand))


def sequence(layer: nn.Module, place: int, lengths: tuple[int, int], shape: Shape = None) -> Tensor:
    """A sequence of the width that a layer takes at a place; of a shape, if all of it is known."""
    weight = next(layer.parameters())
    if shape is not None and is_known_shape(shape):
        sizes_given = [size or 0 for size in shape]
        return torch.zeros(sizes_given, dtype=weight.dtype, device=weight.device)
    attention = _attention(layer)
    widths = [attention.embed_dim] * 3
    if layer is attention:
        widths[1:] = attention.kdim, attention.vdim
    sizes = [lengths[min(place, 1)], _BATCH, widths[place]]
    if attention.batch_first:
        sizes[:2] = sizes[1::-1]
    return torch.zeros(sizes, dtype=weight.dtype, device=weight.device)


def mask(layer: nn.Module, name: str, sequences: dict[str, Tensor]) -> Tensor:
    """A mask of that name: truth values of places, or numbers for pairs of places."""
    is_batch_first = _attention(layer).batch_first
    # an nn.Transformer has no memory before it makes one of the source
    of = [sequences[key if key in sequences else "src"] for key in MASKS[name]]
    lengths = [tensor.shape[1 if is_batch_first else 0] for tensor in of]
    weight = next(layer.parameters())
    if len(of) == 1:
        batch = of[0].shape[0 if is_batch_first else 1]
        return torch.zeros(batch, *lengths, dtype=torch.bool, device=weight.device)
    return torch.zeros(lengths, dtype=weight.dtype, device=weight.device)


def _attention(layer: nn.Module) -> nn.MultiheadAttention:
    return next(m for m in layer.modules() if isinstance(m, nn.MultiheadAttention))
