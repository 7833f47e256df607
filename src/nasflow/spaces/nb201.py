"""NAS-Bench-201 (Dong and Yang, ICLR 2020), which is also NATS-Bench's topology space.

A cell has four feature maps; each of the six pairs i < j is joined by one of five operations. The
graph, the two readings of `none` and the two orders of the pairs are those of
`nasflow.spaces.pair_cell`.

The benchmark also numbers the cells, 0 to 15,624: the lexicographic list, shuffled once with a
fixed seed. `parse` takes such a number. It is the official files' index; within nasflow, an index
belongs to a table, and `canonical_id` names an architecture.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from functools import lru_cache
from reprlib import repr as short_repr
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.names import NONE_OP
from nasflow.spaces.pair_cell import PAIRS, PAIRS_BY_SOURCE, PairCell, cell_edges
from nasflow.spaces.tuples import numbers_of_tuple

__all__ = ["NB201", "OFFICIAL", "PAIRS", "PAIRS_BY_SOURCE", "cell_edges", "official_order"]

# Official operation name -> nasflow's, the order that of the paper's vocabulary.
OFFICIAL = {
    "none": NONE_OP,
    "skip_connect": "skip",
    "nor_conv_1x1": "conv1x1",
    "nor_conv_3x3": "conv3x3",
    "avg_pool_3x3": "avgpool3x3",
}
# The numbers of NASLib's tuples, which NAS-Bench-Suite-Zero's and analog-nasbench's are.
_CODES = ("skip", "none", "conv3x3", "conv1x1", "avgpool3x3")
_TOKEN = re.compile(r"([a-z0-9_]+)~([0-9])")


class NB201(PairCell):
    """The 15,625 cells of NAS-Bench-201.

    Args:
        none: `"node"` or `"edge"`, the reading of `none` (see `nasflow.spaces.pair_cell`).
        prune: with `none="edge"`, also remove operations that are not fed or feed nothing.

    Example:
        >>> space = NB201()
        >>> space.parse("|none~0|+|none~0|none~1|+|skip_connect~0|nor_conv_3x3~1|none~2|").ops
        ('input', 'none', 'none', 'none', 'skip', 'conv3x3', 'none', 'output')
    """

    name: ClassVar[str] = "nb201"
    ops: tuple[str, ...] = ("input", *OFFICIAL.values(), "output")
    choices: tuple[str, ...] = tuple(OFFICIAL.values())

    def parse(self, text: str) -> Architecture:
        """The cell of an official string or index, or of NASLib's tuple.

        `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`, `235`, or `(4, 0, 3, 1, 4, 3)` (`from_codes`). The
        operations of one group may come in any
        order; each says by `~i` where it starts. Order and spacing are otherwise as in the official
        files.
        """
        if text.strip().isdecimal() and text.isascii():
            listed = official_order()
            if len(text.strip()) > 9 or int(text) >= len(listed):
                raise GraphError(
                    f"{text.strip()[:20]} is no index of {self.name}; legal: 0..{len(listed) - 1}"
                )
            return self.from_choices(listed[int(text)].tolist())
        codes = numbers_of_tuple(text)
        if codes is not None:
            return self.from_codes(codes)
        groups = text.strip().split("+")
        if len(groups) != 3:
            raise GraphError(
                f"{text!r} has {len(groups)} groups joined by '+'; a NAS-Bench-201 cell has 3, "
                "such as |none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
            )
        chosen: dict[tuple[int, int], int] = {}
        for end, group in enumerate(groups, start=1):
            for part in group.strip().strip("|").split("|"):
                token = _TOKEN.fullmatch(part.strip())
                if token is None or token[1] not in OFFICIAL:
                    raise GraphError(
                        f"{part!r} in {text!r} is no operation; legal: one of "
                        f"{', '.join(OFFICIAL)} followed by ~ and its start, such as none~0"
                    )
                pair = (int(token[2]), end)
                if pair not in PAIRS or pair in chosen:
                    starts = ", ".join([f"~{i}" for i in range(end)])
                    raise GraphError(
                        f"group {end} of {text!r} has {part!r}; it needs exactly one operation "
                        f"from each of {starts}"
                    )
                chosen[pair] = list(OFFICIAL).index(token[1])
        if len(chosen) != len(PAIRS):
            raise GraphError(
                f"{text!r} joins {len(chosen)} pairs of feature maps; a cell joins all 6"
            )
        return self.from_choices([chosen[pair] for pair in PAIRS])

    def from_codes(self, codes: Sequence[int]) -> Architecture:
        """The cell of NASLib's tuple, which NAS-Bench-Suite-Zero's files have.

        Six numbers by the source of the edges, 0>1, 0>2, 0>3, 1>2, 1>3, 2>3: 0 skip, 1 none, 2
        conv3x3, 3 conv1x1, 4 avgpool3x3. They are no indices into `choices`: for those, see
        `from_tuple`.

        Raises:
            GraphError: not six numbers of 0 to 4.
        """
        if not all(0 <= code < len(_CODES) for code in codes):
            raise GraphError(f"{short_repr(codes)} has an operation out of 0..{len(_CODES) - 1}")
        return self.from_tuple([_CODES[code] for code in codes], by="source")

    def format(self, architecture: Architecture) -> str:
        """The official string of a cell."""
        names = list(OFFICIAL)
        groups: dict[int, list[str]] = {1: [], 2: [], 3: []}
        # the pairs come by target and then by source, as the string lists them
        for (source, target), choice in zip(PAIRS, self.to_choices(architecture), strict=True):
            groups[target].append(f"{names[choice]}~{source}")
        return "+".join(f"|{'|'.join(group)}|" for group in groups.values())


@lru_cache(maxsize=1)
def official_order() -> npt.NDArray[np.int64]:
    """(15625, 6) int64: the choices (see `NB201.choices`) of every cell, by the benchmark's index.

    The benchmark lists all cells with the last operation changing fastest, then shuffles the list
    with Python's generator seeded with 88.
    """
    order = list(range(len(OFFICIAL) ** len(PAIRS)))
    random.Random(88).shuffle(order)
    grid = np.indices((len(OFFICIAL),) * len(PAIRS)).reshape(len(PAIRS), -1).T
    listed: npt.NDArray[np.int64] = grid[order]
    return listed
