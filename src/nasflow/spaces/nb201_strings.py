"""NATS-Bench's unique strings: which of NAS-Bench-201's 15,625 cells the benchmark counts as one.

A feature map is written as its incoming operations, `(map)@operation`, sorted and joined by `+`;
`skip_connect` writes the map itself. Over all cells this gives 12,751 strings. The zero-aware
string writes `#` for `none` and for whatever follows a map that is `#`, which gives 6,466.

These are published counts of *strings*, not of graphs: `a+b` written in one place need not be
recognised in another, and `#+#` is not read as zero. Isomorphism, which `Architecture.canonical_id`
decides, gives 5,425.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nasflow.graphs.names import NONE_OP, SKIP_OP
from nasflow.spaces.nb201 import NB201, OFFICIAL

_OFFICIAL_NAME = {ours: theirs for theirs, ours in OFFICIAL.items()}
_ZERO = "#"


def unique_string(choices: Sequence[int], zero_aware: bool = False) -> str:
    """The unique string of the cell with these six indices into `NB201.choices`.

    Args:
        choices: as `NB201.to_choices` gives them.
        zero_aware: whether `none` and what only depends on it are written as zero.

    Example:
        >>> unique_string([1, 0, 3, 2, 1, 1])  # 0>1, 0>2, 1>2, 0>3, 1>3, 2>3
        '(0)@none+(0)@nor_conv_3x3+(0)@nor_conv_1x1+0'
    """
    return _strings(np.array([choices]), zero_aware)[0]


def string_classes(choices: npt.ArrayLike, zero_aware: bool = False) -> npt.NDArray[np.int64]:
    """(N,) int64: a number for each row of (N, 6) choices, equal where the unique strings are."""
    _, classes = np.unique(np.array(_strings(np.asarray(choices), zero_aware)), return_inverse=True)
    return classes.reshape(-1).astype(np.int64)


def _strings(choices: npt.NDArray[np.int64], zero_aware: bool) -> list[str]:
    """The unique string of every row."""
    names = NB201.choices
    # the maps before the last take 5 and 125 values: each is written once
    written: dict[tuple[int, ...], str] = {}

    def edge(op: str, source: str) -> str:
        if zero_aware and (op == NONE_OP or source == _ZERO):
            return _ZERO
        return source if op == SKIP_OP else f"({source})@{_OFFICIAL_NAME[op]}"

    def feature_map(ops: tuple[int, ...]) -> str:
        """The map that the first 1, 3 or 6 operations lead to."""
        if not ops:
            return "0"
        if ops not in written:
            # the operations that end in this map, one from each earlier map
            n_arriving = {1: 1, 3: 2, 6: 3}[len(ops)]
            sources = [feature_map(ops[:n]) for n in (0, 1, 3)[:n_arriving]]
            arriving = zip(ops[-n_arriving:], sources, strict=True)
            written[ops] = "+".join(sorted(edge(names[op], source) for op, source in arriving))
        return written[ops]

    return [feature_map(tuple(row)) for row in choices.tolist()]
