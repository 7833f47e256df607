"""TransNAS-Bench-101's micro cells (Duan et al., CVPR 2021): 4,096 cells, trained on seven tasks.

A cell is NAS-Bench-201's with four operations and no pooling; the graph, the two readings of `none`
and the two orders of the pairs are those of `nasflow.spaces.pair_cell`.

`skip_connect` is not called `skip`: in three of the five modules the operations on the cell's input
halve the resolution or double the channels, and a skip there is a convolution with parameters. So
it is not contracted by canonical ids.
"""

from __future__ import annotations

import re
from typing import ClassVar

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.names import NONE_OP
from nasflow.spaces.pair_cell import PairCell
from nasflow.spaces.tuples import numbers_of_tuple

_OFFICIAL = re.compile(r"(?:64-41414-)?([0-3])_([0-3]{2})_([0-3]{3})", re.ASCII)


class TransNASMicro(PairCell):
    """The 4,096 micro cells of TransNAS-Bench-101.

    Args:
        none: `"node"` or `"edge"`, the reading of `none` (see `nasflow.spaces.pair_cell`).
        prune: with `none="edge"`, also remove operations that are not fed or feed nothing.

    Example:
        >>> TransNASMicro().parse("64-41414-1_02_333").ops
        ('input', 'skip_connect', 'none', 'conv1x1', 'conv3x3', 'conv3x3', 'conv3x3', 'output')
    """

    name: ClassVar[str] = "transnas-micro"
    choices: tuple[str, ...] = (NONE_OP, "skip_connect", "conv1x1", "conv3x3")
    ops: tuple[str, ...] = ("input", *choices, "output")

    def parse(self, text: str) -> Architecture:
        """The cell of `64-41414-1_02_333`, `1_02_333` or `(1, 0, 2, 3, 3, 3)`.

        All list the operations by target: 0>1, then 0>2 and 1>2, then 0>3, 1>3 and 2>3, coded 0
        none, 1 skip_connect, 2 conv1x1, 3 conv3x3. The prefix names the skeleton, which all micro
        cells share.
        """
        official = _OFFICIAL.fullmatch(text.strip())
        codes = [int(digit) for digit in "".join(official.groups())] if official else None
        codes = codes or numbers_of_tuple(text) or []
        if len(codes) != self.n_choices or max(codes) >= len(self.choices):
            raise GraphError(
                f"{text[:60]!r} is no cell of {self.name}; legal: 64-41414-1_02_333, 1_02_333 or "
                "(1, 0, 2, 3, 3, 3), each digit 0..3"
            )
        return self.from_choices(codes)

    def format(self, architecture: Architecture) -> str:
        """The official string, `64-41414-1_02_333`."""
        digits = "".join(map(str, self.to_choices(architecture)))
        return f"64-41414-{digits[0]}_{digits[1:3]}_{digits[3:]}"
