"""Numbers in texts and values: one strict reading for tables and for what trainings print.

`float` reads more than people mean by a number: `1_000` and `8_1` are 1000 and 81 to it, the name
of a run, `20241129_101500`, is twenty trillion, and digits of any script count. Of values it takes
texts and booleans, and an integer beyond all floats makes it raise.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

import numpy as np

# no part of it can be matched in two ways, so a text of a million digits is read in one go
_NUMBER = re.compile(
    r"[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?|nan|inf|infinity)",
    re.ASCII | re.IGNORECASE,
)
_SPACE = " \t\r\n\f\v"


def number_in(text: str) -> float | None:
    """The number that a text is, with nothing beside it but spaces; None for any other text.

    Digits 0 to 9, one point, an exponent; `nan`, `inf` and `infinity` in any case. Whether the
    number must be finite is for the caller to say: `nan` is what a failed training prints.

    Example:
        >>> number_in(" -1.5e3 "), number_in("1_000"), number_in("93.5 %")
        (-1500.0, None, None)
    """
    stripped = text.strip(_SPACE)
    return float(stripped) if _NUMBER.fullmatch(stripped) else None


def number_of(value: Any) -> float | None:
    """The number that a value is, of Python or NumPy; None for any other, texts and booleans too.

    What is beyond the floats is infinite.

    Example:
        >>> number_of(10**400), number_of(True), number_of("1")
        (inf, None, None)
    """
    # the two commonest first: tables have millions of them
    if isinstance(value, float):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, np.integer, np.floating)):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except ValueError:  # a signalling NaN of Decimal
        return math.nan


def element_of(value: Any) -> Any:
    """The one element of an array or a tensor; any other value as it is.

    Example:
        >>> element_of(np.array([0.5])), element_of("text")
        (0.5, 'text')
    """
    # by what it can do: PyTorch need not be there, nor any other that has such
    is_array = callable(getattr(value, "item", None)) and hasattr(value, "shape")
    if not is_array or math.prod(value.shape) != 1:
        return value
    return value.item()
