"""The windows of convolutions and pools, each side as one number."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from nasflow.importers.vocabulary import KERNELS

_NAME = re.compile(rf"(?:{'|'.join(KERNELS)})(\d+(?:x\d+)*)")


def side(sizes: Sequence[int]) -> float | None:
    """The geometric mean of some sides: so many places has a square window of that side."""
    if not sizes or min(sizes) < 1:
        return None
    # of equal sides exactly that side, which a root might miss
    if len(set(sizes)) == 1:
        return float(sizes[0])
    return float(math.prod(sizes) ** (1 / len(sizes)))


def kernel(op: str) -> float | None:
    """The side of the kernel that an operation's name carries.

    Example:
        >>> kernel("conv3x3"), kernel("conv1x4"), kernel("relu")
        (3.0, 2.0, None)
    """
    match = _NAME.fullmatch(op)
    return None if match is None else side([int(size) for size in match[1].split("x")])


def window(
    stride: Any, dilation: Any = None, groups: int | None = None, kernel: Any = None
) -> dict[str, float]:
    """The numbers of a window that are not in its name.

    Args:
        stride: one number, or one for each side; where there is none, `kernel` is taken.
        dilation: alike; 1 where there is none.
        groups: of a convolution.
        kernel: the stride of a pool that is given none.
    """
    numbers: dict[str, float | None] = {
        "stride": side(_listed(stride) or _listed(kernel) or [1]),
        "dilation": side(_listed(dilation) or [1]),
        "groups": groups,
    }
    return {name: float(number) for name, number in numbers.items() if number is not None}


def _listed(sizes: Any) -> list[int]:
    """Sizes that are whole numbers; none where one is computed."""
    listed = list(sizes) if isinstance(sizes, (list, tuple)) else [sizes]
    return listed if all(type(size) is int for size in listed) else []
