"""Accel-NASBench's MnasNet-like space (Ahmad et al., 2024): 1.0e11 networks.

    conv3x3 32, stride 2 ── blocks of 16, 24, 40, 80, 112, 192, 320 channels ── conv1x1 1280 ──
    mean, linear

A block is one to three layers (the sixth: one to four) of one kernel (3, 5), one expansion (1, 4,
6), with or without squeeze-and-excite. A node is a layer, an edge leads to the next one; the first
layer of a block has its stride. Images are of 224 x 224 pixels. Widths, strides and the size of
squeeze-and-excite are not in the published table; these give its parameters exactly, and its MACs
less those of normalisation (`tests/spaces/test_accel_mnasnet.py`).
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
)
from nasflow.spaces.sized import SizedSpace, legal_numbers, one_of

EXPANSIONS, KERNELS = (1, 4, 6), (3, 5)
WIDTHS, STRIDES = (16, 24, 40, 80, 112, 192, 320), (1, 2, 2, 2, 1, 2, 1)
MAX_LAYERS = (3, 3, 3, 3, 3, 4, 3)
STEM, LAST = 32, 1280

_BLOCK = re.compile(r"e([146])k([35])l([1-4])(s?)", re.ASCII)


class AccelMnasnet(SizedSpace):
    """The networks of Accel-NASBench.

    Args:
        resolution: side of the images.
        n_classes: number of classes.

    Example:
        >>> element = AccelMnasnet().parse("e1k3l1 e4k5l2s e4k3l1 e4k3l1 e4k3l1 e6k3l1 e6k3l1")
        >>> element.ops[:5]
        ('input', 'conv', 'mbconv', 'mbconv_se', 'mbconv_se')
    """

    name: ClassVar[str] = "accel-mnasnet"
    ops: tuple[str, ...] = ("input", "conv", "mbconv", "mbconv_se", "output")
    attr_names = ("expansion", "flops", "kernel", "outputs", "params", "stride", "width")

    def __init__(self, resolution: int = 224, n_classes: int = 1000) -> None:
        self.resolution, self.n_classes = resolution, n_classes
        expansion, kernel, has_se = Values(3), Values(2), Values(2)
        blocks = [Product(expansion, kernel, Values(most), has_se) for most in MAX_LAYERS]
        self.choices = Product(*blocks)

    def from_choices(
        self, e: Sequence[int], k: Sequence[int], layers: Sequence[int], se: Sequence[bool]
    ) -> Architecture:
        """The element of seven expansions, kernels, numbers of layers and truth values."""
        return self.table_from_choices([e], [k], [layers], [se])[0]

    def table_from_choices(
        self, e: npt.ArrayLike, k: npt.ArrayLike, layers: npt.ArrayLike, se: npt.ArrayLike
    ) -> ArchTable:
        """The table of many elements at once, from (N, 7) numbers of the blocks each.

        Args:
            e: expansions.
            k: kernels.
            layers: how many there are.
            se: whether there is squeeze-and-excite.

        Raises:
            GraphError: a number that is not legal, with its position; arrays of other shapes.
        """
        depths = legal_numbers("layers", layers, range(1, max(MAX_LAYERS) + 1), (None, len(WIDTHS)))
        # the sixth block alone may have four
        too_many = np.argwhere(depths > MAX_LAYERS)
        if len(too_many):
            row, block = too_many[0].tolist()
            raise GraphError(
                f"layers[{row}, {block}] is {depths[row, block]}; legal: 1..{MAX_LAYERS[block]}"
            )
        expansions = legal_numbers("e", e, EXPANSIONS, depths.shape)
        kernels = legal_numbers("k", k, KERNELS, depths.shape)
        has_se = legal_numbers("se", se, (0, 1), depths.shape)
        side = self.resolution
        # one column for every layer that any network has
        columns = ChainColumns(self.ops, self.attr_names, len(depths))
        columns.add(0, 3, side**2)
        side = halved(side, 2)
        stem = convolution(3, STEM, 3, side)
        columns.add(1, STEM, side**2, cost=stem, kernel=3, stride=2)
        n_in = STEM
        for block, (width, stride) in enumerate(zip(WIDTHS, STRIDES, strict=True)):
            expansion, kernel = expansions[:, block], kernels[:, block]
            for i in range(MAX_LAYERS[block]):
                cost = inverted_residual(n_in, width, kernel, expansion, side, stride)
                # a quarter of what enters the block, not of what the expansion makes of it
                excite = squeeze_excite(n_in * expansion, n_in // 4)
                cost += excite.where(has_se[:, block])
                side = halved(side, stride)
                columns.add(
                    2 + has_se[:, block],
                    width,
                    side**2,
                    cost=cost,
                    present=i < depths[:, block],
                    kernel=kernel,
                    expansion=expansion,
                    stride=stride,
                )
                # what follows the first layer of a block, which always exists
                n_in, stride = width, 1
        last = convolution(n_in, LAST, 1, side)
        columns.add(1, LAST, side**2, cost=last, kernel=1, stride=1)
        columns.add(4, self.n_classes, cost=linear(LAST, self.n_classes))
        return columns.table({"resolution": self.resolution})

    def table_of_values(self, values: Sequence[Value]) -> ArchTable:
        """The table of elements given by their choices."""
        chosen = np.array(values, np.int64).reshape(len(values), len(WIDTHS), 4)
        # (N, 7) each
        e, k, n_more, se = chosen.transpose(2, 0, 1)
        return self.table_from_choices(
            np.array(EXPANSIONS)[e], np.array(KERNELS)[k], n_more + 1, se
        )

    def sample_table(self, n: int, rng: np.random.Generator) -> ArchTable:
        """The table of `n` elements drawn uniformly."""
        shape = (n, len(WIDTHS))
        return self.table_from_choices(
            rng.choice(EXPANSIONS, shape),
            rng.choice(KERNELS, shape),
            rng.integers(1, np.array(MAX_LAYERS) + 1, shape),
            rng.integers(2, size=shape),
        )

    def read(self, architecture: Architecture) -> Value:
        """The blocks, which their widths tell apart."""
        attrs = architecture.attrs
        nodes = zip(
            attrs["width"], attrs["kernel"], attrs["expansion"], architecture.ops, strict=True
        )
        layers: dict[float, list[tuple[float, float, str]]] = {float(w): [] for w in WIDTHS}
        # between stem and last convolution
        for width, kernel, expansion, op in list(nodes)[2:-2]:
            layers[width or 0.0].append((kernel or 0.0, expansion or 0.0, op))
        blocks = []
        for of_block in layers.values():
            # a block's layers are alike; where they are not, the graph is not this one's
            kernel, expansion, op = of_block[0]
            indices = EXPANSIONS.index(int(expansion)), KERNELS.index(int(kernel))
            blocks.append((*indices, len(of_block) - 1, int(op == "mbconv_se")))
        return tuple(blocks)

    def parse_value(self, text: str) -> Value:
        """Seven blocks: expansion, kernel, layers, and s for squeeze-and-excite."""
        words = text.split()
        # a word that is no block is missing among the matches
        matches = [match for match in map(_BLOCK.fullmatch, words) if match]
        if not len(words) == len(matches) == len(WIDTHS):
            raise GraphError(
                f"{text[:120]!r} is no network of {self.name}; legal: seven blocks of expansion (1,"
                " 4, 6), kernel (3, 5), layers (1 to 3, the sixth to 4), and s for"
                f" squeeze-and-excite, such as {self.format_value(self.choices.unrank(1))}"
            )
        blocks = []
        for i, match in enumerate(matches):
            expansion, kernel, layers = map(int, match.groups()[:3])
            # how many are legal depends on the block, so the pattern cannot tell
            n_more = one_of(f"layers of block {i + 1}", layers, range(1, MAX_LAYERS[i] + 1))
            block = EXPANSIONS.index(expansion), KERNELS.index(kernel), n_more, int(match[4] == "s")
            blocks.append(block)
        return tuple(blocks)

    def format_value(self, value: Value) -> str:
        """`e1k3l1 e4k5l2s ...`: seven blocks."""
        words = []
        for expansion, kernel, n_more, has_se in value:
            suffix = "s" if has_se else ""
            words.append(f"e{EXPANSIONS[expansion]}k{KERNELS[kernel]}l{n_more + 1}{suffix}")
        return " ".join(words)
