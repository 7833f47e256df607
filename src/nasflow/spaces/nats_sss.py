"""NATS-Bench's size space (Dong et al., TPAMI 2021): five widths, 32,768 networks.

    conv3x3 w1 ── cell w1 ── residual w2 ── cell w3 ── residual w4 ── cell w5 ── mean, linear
    32 x 32       32 x 32    16 x 16        16 x 16    8 x 8          8 x 8

A node is a layer, an edge leads to the next one. Each width is one of 8, 16, ..., 64. All cells are
the same cell of NAS-Bench-201, the best one on CIFAR-100 there; only its widths differ. In a cell
whose input is of another width the identity becomes a convolution 1x1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.spaces.chain_columns import ChainColumns
from nasflow.spaces.choices import Product, Value, Values
from nasflow.spaces.layer_costs import Cost, Size, convolution, halved, linear
from nasflow.spaces.sized import SizedSpace, legal_numbers, one_of

CELL = (
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|"
    "+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
)
"""The cell, in the notation of NAS-Bench-201."""

WIDTHS = tuple(range(8, 65, 8))

_TEXT = re.compile(r"[0-9]{1,3}(:[0-9]{1,3}){4}", re.ASCII)


class NatsSize(SizedSpace):
    """The 8^5 networks of NATS-Bench's size space.

    Args:
        resolution: side of the images.
        n_classes: number of classes.

    Example:
        >>> NatsSize().parse("64:8:16:32:48").attrs["width"]
        (3.0, 64.0, 64.0, 8.0, 16.0, 32.0, 48.0, 10.0)
    """

    name: ClassVar[str] = "nats-sss"
    ops: tuple[str, ...] = ("input", "conv", "cell", "residual", "output")
    attr_names = ("flops", "kernel", "outputs", "params", "stride", "width")

    def __init__(self, resolution: int = 32, n_classes: int = 10) -> None:
        self.resolution, self.n_classes = resolution, n_classes
        self.choices = Product(*[Values(len(WIDTHS))] * 5)

    @classmethod
    def of(cls, architecture: Architecture) -> NatsSize:
        """The space of an element, whatever its resolution and number of classes."""
        resolution = int(architecture.globals.get("resolution", 0))
        return cls(resolution, int(architecture.attrs.get("width", (0,))[-1] or 0))

    def from_choices(self, widths: Sequence[int]) -> Architecture:
        """The element of five widths."""
        return self.table_from_choices([widths])[0]

    def table_from_choices(self, widths: npt.ArrayLike) -> ArchTable:
        """The table of many elements at once: (N, 5) widths.

        Raises:
            GraphError: a width that is not legal; names its position.
        """
        w = legal_numbers("widths", widths, WIDTHS, (None, 5))
        side = self.resolution
        columns = ChainColumns(self.ops, self.attr_names, len(w))
        columns.add(0, 3, side**2)
        stem = convolution(3, w[:, 0], 3, side)
        columns.add(1, w[:, 0], side**2, cost=stem, kernel=3, stride=1)
        # the first cell gets what the stem gives, which is as wide
        n_in = w[:, 0]
        for i in range(5):
            stride = 1 + i % 2
            side = halved(side, stride)
            cost = _residual(n_in, w[:, i], side) if stride == 2 else _cell(n_in, w[:, i], side)
            columns.add(1 + stride, w[:, i], side**2, cost=cost, kernel=3, stride=stride)
            n_in = w[:, i]
        last = linear(n_in, self.n_classes) + Cost(2 * n_in, 0)
        columns.add(4, self.n_classes, cost=last)
        return columns.table({"resolution": self.resolution})

    def sample_table(self, n: int, rng: np.random.Generator) -> ArchTable:
        """The table of `n` elements drawn uniformly."""
        return self.table_from_choices(np.array(WIDTHS)[rng.integers(len(WIDTHS), size=(n, 5))])

    def table_of_values(self, values: Sequence[Value]) -> ArchTable:
        """The table of elements given by the indices of their widths."""
        chosen = np.array(values, np.int64).reshape(len(values), 5)
        return self.table_from_choices(np.array(WIDTHS)[chosen])

    def widths(self, architecture: Architecture) -> tuple[int, ...]:
        """The five widths of an element.

        Raises:
            GraphError: the architecture is no element of this space.
        """
        return tuple(WIDTHS[i] for i in self.value(architecture))

    def read(self, architecture: Architecture) -> Value:
        """The widths of the five layers between stem and output."""
        return tuple(WIDTHS.index(int(w or 0)) for w in architecture.attrs["width"][2:7])

    def parse_value(self, text: str) -> Value:
        """Five widths with colons between them."""
        if _TEXT.fullmatch(text.strip()) is None:
            raise GraphError(
                f"{text[:60]!r} is no network of {self.name}; legal: five widths such as"
                " 64:8:16:32:48"
            )
        widths = [int(width) for width in text.strip().split(":")]
        return tuple(one_of(f"width {i + 1}", w, WIDTHS) for i, w in enumerate(widths))

    def format_value(self, value: Value) -> str:
        """The published notation, `64:8:16:32:48`."""
        return ":".join(str(WIDTHS[i]) for i in value)


def _cell(n_in: Size, n_out: Size, side: int) -> Cost:
    """`CELL`: two convolutions of its input, three of inner nodes, and the identity."""
    inner = convolution(n_out, n_out, 3, side)
    identity = convolution(n_in, n_out, 1, side).where(n_in != n_out)
    of_input = convolution(n_in, n_out, 3, side)
    return of_input + of_input + inner + inner + inner + identity


def _residual(n_in: Size, n_out: Size, side: int) -> Cost:
    """Two convolutions 3x3, and the mean of 2x2 pixels through one of 1x1 beside them."""
    shortcut = convolution(n_in, n_out, 1, side, norm=False)
    return convolution(n_in, n_out, 3, side) + convolution(n_out, n_out, 3, side) + shortcut
