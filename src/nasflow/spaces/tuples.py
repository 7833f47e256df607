"""Tuples of small whole numbers, which benchmarks write for cells: `(4, 0, 3, 1, 4, 3)`."""

from __future__ import annotations

import re

_LONGEST = 2000  # characters; NAS-Bench-101's have 170
_NUMBERS = re.compile(r"[(\[]\s*([0-9]{1,3}(?:\s*,\s*[0-9]{1,3})*)\s*,?\s*[)\]]", re.ASCII)


def numbers_of_tuple(text: str) -> list[int] | None:
    """The numbers of a text that is a tuple or list of them; None of any other text.

    Example:
        >>> numbers_of_tuple("(4, 0, 3, 1, 4, 3)"), numbers_of_tuple("4|0")
        ([4, 0, 3, 1, 4, 3], None)
    """
    match = _NUMBERS.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    return [int(number) for number in match[1].split(",")] if match else None
