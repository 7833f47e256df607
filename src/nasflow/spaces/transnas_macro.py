"""TransNAS-Bench-101's macro space (Duan et al., CVPR 2021, section 3.1): 3,256 networks.

    stem ── 4 to 6 modules ── output

A node is a module of two residual blocks, an edge leads to the next one. The first block of a
module may double the channels, halve the size of the image, do both or neither. One to three
modules double the channels, one to four halve the size.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.spaces.chain_columns import ChainColumns
from nasflow.spaces.choices import Product, Value, Values
from nasflow.spaces.layer_costs import Cost, Size, convolution, halved, linear
from nasflow.spaces.sized import SizedSpace, legal_numbers
from nasflow.spaces.structure import Among, Repeat

DEPTHS = (4, 5, 6)
N_ELEMENTS = 3256
STEM = 64
"""Channels behind the stem; half as many behind its first convolution."""

_TEXT = re.compile(r"64-([1-4]{4,6})-basic", re.ASCII)


class TransNASMacro(SizedSpace):
    """The networks of TransNAS-Bench-101's macro space.

    Args:
        resolution: side of the images.
        n_classes: number of classes; the published 47 are those of scene classification.

    Example:
        >>> TransNASMacro().parse("64-4143-basic").attrs["width"]
        (3.0, 64.0, 128.0, 128.0, 256.0, 256.0, 47.0)
    """

    name: ClassVar[str] = "transnas-macro"
    ops: tuple[str, ...] = ("input", "stem", "module", "output")
    attr_names = ("flops", "kernel", "outputs", "params", "stride", "width")

    def __init__(self, resolution: int = 256, n_classes: int = 47) -> None:
        self.resolution, self.n_classes = resolution, n_classes
        self.choices = _choices()

    @classmethod
    def of(cls, architecture: Architecture) -> TransNASMacro:
        """The space of an element, whatever its resolution and number of classes."""
        resolution = int(architecture.globals.get("resolution", 0))
        return cls(resolution, int(architecture.attrs.get("width", (0,))[-1] or 0))

    def from_choices(self, codes: Sequence[int]) -> Architecture:
        """The element of the codes of its modules: 1 neither, 2 channels, 3 size, 4 both."""
        return self.table_from_choices([[*codes, *[0] * (max(DEPTHS) - len(codes))]])[0]

    def to_choices(self, architecture: Architecture) -> list[int]:
        """The codes of an element's modules.

        Raises:
            GraphError: the architecture is no element of this space.
        """
        return [1 + 2 * halves + doubles for halves, doubles in self.value(architecture)]

    def table_from_choices(self, codes: npt.ArrayLike) -> ArchTable:
        """The table of many elements at once: (N, 6) codes, 0 behind the last module.

        Raises:
            GraphError: codes that are not legal; names the row or the position.
        """
        c = legal_numbers("codes", codes, range(5), (None, max(DEPTHS)))
        exists = c > 0
        doubles, halves = exists & (c % 2 == 0), c > 2
        depth = exists.sum(1)
        n_doubled, n_halved = doubles.sum(1), halves.sum(1)
        legal = (depth >= min(DEPTHS)) & (exists == (np.arange(max(DEPTHS)) < depth[:, None])).all(
            1
        )
        legal &= (n_doubled >= 1) & (n_doubled <= 3) & (n_halved >= 1) & (n_halved <= 4)
        if not legal.all():
            row = int(np.argmin(legal))
            raise GraphError(f"row {row}: codes {c[row].tolist()}; legal: {_RULE}, then zeros")
        columns = ChainColumns(self.ops, self.attr_names, len(c))
        columns.add(0, 3, self.resolution**2)
        half = halved(self.resolution, 2)
        side: Size = halved(half, 2)
        stem = convolution(3, STEM // 2, 3, half) + convolution(STEM // 2, STEM, 3, side)
        columns.add(1, STEM, side**2, cost=stem, kernel=3, stride=4)
        n_in: Size = np.full(len(c), STEM)
        for i in range(max(DEPTHS)):
            width, stride = n_in * (1 + doubles[:, i]), 1 + halves[:, i]
            side = halved(side, stride)
            columns.add(
                2,
                width,
                side**2,
                cost=_module(n_in, width, stride, side),
                present=exists[:, i],
                kernel=3,
                stride=stride,
            )
            n_in = width
        columns.add(3, self.n_classes, cost=linear(n_in, self.n_classes))
        return columns.table({"resolution": self.resolution})

    def table_of_values(self, values: Sequence[Value]) -> ArchTable:
        """The table of elements given by what their modules halve and double."""
        codes = np.zeros((len(values), max(DEPTHS)), np.int64)
        for row, modules in enumerate(values):
            codes[row, : len(modules)] = [1 + 2 * halves + doubles for halves, doubles in modules]
        return self.table_from_choices(codes)

    def read(self, architecture: Architecture) -> Value:
        """What the modules do, from their strides and widths."""
        widths, strides = architecture.attrs["width"], architecture.attrs["stride"]
        modules = []
        for node in range(2, architecture.n_nodes - 1):
            doubles = (widths[node] or 0) > (widths[node - 1] or 0)
            modules.append((int(strides[node] == 2), int(doubles)))
        return tuple(modules)

    def parse_value(self, text: str) -> Value:
        """The published string, `64-4143-basic`, or the codes alone."""
        stripped = text.strip()
        match = _TEXT.fullmatch(stripped) or _TEXT.fullmatch(f"64-{stripped}-basic")
        codes = [int(digit) - 1 for digit in match[1]] if match else []
        value = tuple(divmod(code, 2) for code in codes)
        if not match or not _is_legal(value):
            raise GraphError(
                f"{text[:60]!r} is no network of {self.name}; legal: {_RULE}, such as 64-4143-basic"
            )
        return value

    def format_value(self, value: Value) -> str:
        """The published string: `64-4143-basic`."""
        codes = [str(1 + 2 * halves + doubles) for halves, doubles in value]
        return f"64-{''.join(codes)}-basic"


_RULE = (
    "4 to 6 codes 1..4, of which 1 to 3 double the channels (2, 4) and 1 to 4 halve the size (3, 4)"
)


@cache
def _choices() -> Among:
    """The codes of all elements, listed once."""
    # whether the size is halved, whether the channels double: the code less 1, in base 2
    module = Product(Values(2), Values(2))
    return Among(Repeat(module, DEPTHS), _is_legal, N_ELEMENTS)


def _is_legal(value: Value) -> bool:
    n_halved, n_doubled = (sum(digits) for digits in zip(*value, strict=True))
    return n_halved in (1, 2, 3, 4) and n_doubled in (1, 2, 3)


def _module(n_in: Size, width: Size, stride: Size, side: Size) -> Cost:
    """Two residual blocks of two convolutions 3x3; where the shape changes, a 1x1 beside them."""
    inner = convolution(width, width, 3, side)
    changes = (n_in != width) | (stride != 1)
    shortcut = convolution(n_in, width, 1, side).where(changes)
    return convolution(n_in, width, 3, side) + inner + inner + inner + shortcut
