"""The space of Once-for-all's MobileNetV3 (Cai et al., ICLR 2020): 5.4e20 networks.

    conv3x3 16, stride 2 ── block 16 ── five stages of 2 to 4 blocks ── conv1x1 960 ── mean ──
    linear 1280 ── linear

A node is a layer, an edge leads to the next one. Every block of a stage chooses its kernel (3, 5,
7) and its expansion (3, 4, 6), every stage its depth, the network its resolution (128, 132, ...,
224). Blocks that a stage's depth leaves out do not exist, and what a table says of them is not
looked at. Blocks are MobileNetV3's: `mbconv_se` has squeeze-and-excite. In a stage the first block
has the stage's stride.
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
from nasflow.spaces.layer_costs import (
    convolution,
    halved,
    inverted_residual,
    linear,
    squeeze_excite,
    to_multiple_of_8,
)
from nasflow.spaces.sized import SizedSpace, legal_numbers, one_of
from nasflow.spaces.structure import Repeat

KERNELS, EXPANSIONS, DEPTHS = (3, 5, 7), (3, 4, 6), (2, 3, 4)
RESOLUTIONS = tuple(range(128, 225, 4))
WIDTHS, STRIDES = (24, 40, 80, 112, 160), (2, 2, 2, 1, 2)
HAS_SE = (False, True, False, True, True)
STEM, LAST_CONV, LAST_LINEAR = 16, 960, 1280
MAX_DEPTH = max(DEPTHS)
N_BLOCKS = MAX_DEPTH * len(WIDTHS)

_STAGE = re.compile(r"k[357]e[346](-k[357]e[346]){1,3}", re.ASCII)


class OfaMbv3(SizedSpace):
    """The sub-networks of Once-for-all's MobileNetV3, width multiplier 1.

    Args:
        n_classes: number of classes.

    Example:
        >>> space = OfaMbv3()
        >>> text = "r160 k3e3-k5e6 k7e4-k3e3 k3e3-k3e3 k3e3-k3e3 k3e3-k3e3-k3e3"
        >>> element = space.parse(text)
        >>> element.attrs["kernel"][:6], element.globals["resolution"]
        ((None, 3.0, 3.0, 3.0, 5.0, 7.0), 160.0)
    """

    name: ClassVar[str] = "ofa-mbv3"
    ops: tuple[str, ...] = ("input", "conv", "mbconv", "mbconv_se", "linear", "output")
    attr_names = ("expansion", "flops", "kernel", "outputs", "params", "stride", "width")

    def __init__(self, n_classes: int = 1000) -> None:
        self.n_classes = n_classes
        block = Product(Values(len(KERNELS)), Values(len(EXPANSIONS)))
        stages = [Repeat(block, DEPTHS)] * len(WIDTHS)
        self.choices = Product(Values(len(RESOLUTIONS)), *stages)

    @classmethod
    def of(cls, architecture: Architecture) -> OfaMbv3:
        """The space of an element, whatever its number of classes."""
        return cls(n_classes=int(architecture.attrs.get("width", (0,))[-1] or 0))

    def to_choices(self, architecture: Architecture) -> tuple[list[int], list[int], list[int], int]:
        """Kernels, expansions, depths and resolution: `from_choices(*to_choices(a)) == a`.

        What does not exist has kernel and expansion 0.

        Raises:
            GraphError: the architecture is no element of this space.
        """
        resolution, *stages = self.value(architecture)
        ks, e = [], []
        for blocks in stages:
            missing = [0] * (MAX_DEPTH - len(blocks))
            ks.extend([KERNELS[i] for i, _ in blocks] + missing)
            e.extend([EXPANSIONS[i] for _, i in blocks] + missing)
        return ks, e, [len(blocks) for blocks in stages], RESOLUTIONS[resolution]

    def from_choices(
        self, ks: Sequence[int], e: Sequence[int], d: Sequence[int], resolution: int
    ) -> Architecture:
        """The element of 20 kernels, 20 expansions, five depths and a resolution."""
        return self.table_from_choices([ks], [e], [d], [resolution])[0]

    def table_from_choices(
        self, ks: npt.ArrayLike, e: npt.ArrayLike, d: npt.ArrayLike, resolution: npt.ArrayLike
    ) -> ArchTable:
        """The table of many elements at once.

        Args:
            ks: (N, 20) kernels, four for each stage; those beyond its depth are not looked at.
            e: (N, 20) expansions, likewise.
            d: (N, 5) depths.
            resolution: (N,) sides of the images.

        Raises:
            GraphError: a number that is not legal, with its position; arrays of other shapes.
        """
        depths = legal_numbers("d", d, DEPTHS, (None, len(WIDTHS)))
        n = len(depths)
        exists = np.arange(MAX_DEPTH) < depths[:, :, None]  # (N, 5, 4)
        exists = exists.reshape(n, N_BLOCKS)
        kernels = _existing("ks", ks, KERNELS, exists)
        expansions = _existing("e", e, EXPANSIONS, exists)
        side = legal_numbers("resolution", resolution, RESOLUTIONS, (None,))
        if len(side) != n:
            raise GraphError(f"resolution has {len(side)} rows; d has {n}: give one for each graph")
        columns = ChainColumns(self.ops, self.attr_names, n)
        columns.add(0, 3, side**2)
        resolutions, side = side, halved(side, 2)
        stem = convolution(3, STEM, 3, side)
        columns.add(1, STEM, side**2, cost=stem, kernel=3, stride=2)
        n_in = self._add_block(columns, (STEM, STEM, 3, 1, side, 1), False, True)
        for stage, (width, stride) in enumerate(zip(WIDTHS, STRIDES, strict=True)):
            for i in range(MAX_DEPTH):
                column = stage * MAX_DEPTH + i
                shape = (n_in, width, kernels[:, column], expansions[:, column], side, stride)
                self._add_block(columns, shape, HAS_SE[stage], exists[:, column])
                # what follows the first block of a stage, which always exists
                n_in, side, stride = width, halved(side, stride), 1
        self._add_head(columns, n_in, side)
        return columns.table({"resolution": resolutions})

    def _add_block(
        self,
        columns: ChainColumns,
        shape: tuple[npt.ArrayLike, ...],
        has_se: bool,
        exists: npt.ArrayLike,
    ) -> int:
        """Add a block given by input and output channels, kernel, expansion, side and stride."""
        n_in, width, kernel, expansion, side, stride = map(np.asarray, shape)
        cost = inverted_residual(n_in, width, kernel, expansion, side, stride)
        if has_se:
            n = n_in * expansion
            cost += squeeze_excite(n, to_multiple_of_8(n // 4))
        columns.add(
            3 if has_se else 2,
            width,
            halved(side, stride) ** 2,
            cost=cost,
            present=exists,
            kernel=kernel,
            expansion=expansion,
            stride=stride,
        )
        return int(width)

    def _add_head(self, columns: ChainColumns, n_in: int, side: npt.NDArray[np.int64]) -> None:
        last = convolution(n_in, LAST_CONV, 1, side)
        columns.add(1, LAST_CONV, side**2, cost=last, kernel=1, stride=1)
        columns.add(4, LAST_LINEAR, cost=linear(LAST_CONV, LAST_LINEAR, bias=False))
        columns.add(5, self.n_classes, cost=linear(LAST_LINEAR, self.n_classes))

    def sample_table(self, n: int, rng: np.random.Generator) -> ArchTable:
        """The table of `n` elements as `sample` draws them: depths, then blocks, all uniform."""
        return self.table_from_choices(
            rng.choice(KERNELS, (n, N_BLOCKS)),
            rng.choice(EXPANSIONS, (n, N_BLOCKS)),
            rng.choice(DEPTHS, (n, len(WIDTHS))),
            rng.choice(RESOLUTIONS, n),
        )

    def table_of_values(self, values: Sequence[Value]) -> ArchTable:
        """The table of elements given by their choices."""
        n = len(values)
        # zero in what does not exist, as some sources write it
        ks, e = np.zeros((2, n, len(WIDTHS), MAX_DEPTH), np.int64)
        d = np.zeros((n, len(WIDTHS)), np.int64)
        resolution = np.zeros(n, np.int64)
        for row, (side, *stages) in enumerate(values):
            resolution[row] = RESOLUTIONS[side]
            for stage, blocks in enumerate(stages):
                depth = d[row, stage] = len(blocks)
                ks[row, stage, :depth] = [KERNELS[kernel] for kernel, _ in blocks]
                e[row, stage, :depth] = [EXPANSIONS[expansion] for _, expansion in blocks]
        return self.table_from_choices(
            ks.reshape(n, N_BLOCKS), e.reshape(n, N_BLOCKS), d, resolution
        )

    def read(self, architecture: Architecture) -> Value:
        """The resolution, and the blocks of each stage, which its width tells apart."""
        numbers = [architecture.attrs[name] for name in ("width", "kernel", "expansion")]
        stages: dict[float, list[tuple[int, int]]] = {float(width): [] for width in WIDTHS}
        nodes = list(zip(*numbers, strict=True))
        # behind input, stem and first block; before the last convolution and the two linear layers
        for width, kernel, expansion in nodes[3:-3]:
            block = KERNELS.index(int(kernel or 0)), EXPANSIONS.index(int(expansion or 0))
            stages[width or 0.0].append(block)
        resolution = RESOLUTIONS.index(int(architecture.globals["resolution"]))
        return (resolution, *map(tuple, stages.values()))

    def parse_value(self, text: str) -> Value:
        """`r160`, and for each stage its blocks, `k3e3-k5e6`, with blanks between the stages."""
        first, *stages = text.split() or [""]
        well_formed = re.fullmatch("r[0-9]{1,4}", first, re.ASCII) and len(stages) == len(WIDTHS)
        if not well_formed or not all(map(_STAGE.fullmatch, stages)):
            raise GraphError(
                f"{text[:120]!r} is no network of {self.name}; legal: a resolution and five stages"
                " of 2 to 4 blocks, each a kernel (3, 5, 7) and an expansion (3, 4, 6), such as"
                f" {self.format_value(self.choices.unrank(0))}"
            )
        resolution = one_of("resolution", int(first[1:]), RESOLUTIONS)
        return (resolution, *map(_blocks, stages))

    def format_value(self, value: Value) -> str:
        """`r160 k3e3-k5e6 ...`: the resolution, and kernel and expansion of each block."""
        resolution, *stages = value
        words = [f"r{RESOLUTIONS[resolution]}"]
        for blocks in stages:
            words.append("-".join(f"k{KERNELS[k]}e{EXPANSIONS[e]}" for k, e in blocks))
        return " ".join(words)


def _blocks(text: str) -> tuple[tuple[int, int], ...]:
    """The blocks of a stage, from text that is well formed."""
    blocks = text.split("-")
    return tuple((KERNELS.index(int(b[1])), EXPANSIONS.index(int(b[3]))) for b in blocks)


def _existing(
    title: str, numbers: npt.ArrayLike, legal: Sequence[int], exists: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """(N, 20) int64: numbers of the blocks, checked where there is a block, 1 elsewhere."""
    array = np.asarray(numbers)
    if array.shape != exists.shape:
        raise GraphError(f"{title} has shape {array.shape}; d needs {exists.shape}")
    seen = np.where(exists, array, legal[0])
    return legal_numbers(title, seen, legal, seen.shape)
