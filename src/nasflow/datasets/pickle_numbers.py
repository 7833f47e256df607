"""Inert factories for the names that numbers take in a pickle: NumPy scalars, ordered dictionaries,
sets.

For `PickleMachine(admit=NUMBERS)`. Each returns plain data; none imports or calls what the name
stands for.
"""

from __future__ import annotations

from collections.abc import Mapping
from reprlib import repr as shown
from typing import Any

import numpy as np

from nasflow.datasets.pickle_machine import Factory, Stateful
from nasflow.errors import DataError


class NumberType(Stateful):
    """A NumPy dtype that holds numbers."""

    def __init__(self, spec: Any, *_flags: Any) -> None:
        if not isinstance(spec, str) or len(spec) > 4:
            raise DataError(f"a NumPy type {shown(spec)}; legal: booleans, integers and floats")
        self.dtype = np.dtype(spec)
        if self.dtype.kind not in "biuf":
            raise DataError(f"a NumPy type {spec!r}; legal: booleans, integers and floats")

    def set_state(self, state: Any) -> None:
        """NumPy's (version, byte order, ...)."""
        if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ("<", "|", "="):
            raise DataError(f"a NumPy type of byte order {shown(state)}; legal: little-endian")


def scalar(number_type: Any, content: Any) -> Any:
    """The Python number of a NumPy scalar's bytes."""
    if not isinstance(number_type, NumberType):
        raise DataError(
            f"a NumPy scalar of {type(number_type).__name__}; legal: booleans, integers and floats"
        )
    raw = content.encode("latin1") if isinstance(content, str) else content
    if not isinstance(raw, bytes) or len(raw) != number_type.dtype.itemsize:
        raise DataError(
            f"a NumPy scalar of {shown(content)}; legal: {number_type.dtype.itemsize} bytes"
        )
    return np.frombuffer(raw, number_type.dtype)[0].item()


def ordered(*arguments: Any) -> dict[Any, Any]:
    """The dictionary of an `OrderedDict`: empty, to be filled by the pickle, or of a list of pairs
    (Python 2).
    """
    pairs = list(arguments[0]) if arguments else []
    if not all(
        type(pair) in (list, tuple) and len(pair) == 2 and isinstance(pair[0], (str, int))
        for pair in pairs
    ):
        raise DataError(
            "an OrderedDict of something else than pairs of a name or number and a value"
        )
    return dict(pairs)


def items(*arguments: Any) -> list[Any]:
    """The list of a list, tuple or set that is made by a call, as protocol 2 makes sets."""
    if len(arguments) > 1 or not all(isinstance(argument, (list, tuple)) for argument in arguments):
        raise DataError(f"a container made of {shown(arguments)}; legal: a list")
    return list(arguments[0]) if arguments else []


def default(*_factory: Any) -> dict[Any, Any]:
    """The dictionary of a `defaultdict`; what makes its defaults is dropped."""
    return {}


def encode(text: Any = "", encoding: Any = "latin1") -> bytes:
    """The bytes that protocol 2 writes as text, or as a call without arguments."""
    if not isinstance(text, str) or encoding != "latin1":
        raise DataError(f"bytes encoded as {shown(encoding)}; legal: latin1")
    return text.encode("latin1")


NUMBERS: Mapping[tuple[str, str], Factory] = {
    ("collections", "OrderedDict"): ordered,
    ("collections", "defaultdict"): default,
    **dict.fromkeys(
        (("_codecs", "encode"), ("builtins", "bytes"), ("__builtin__", "bytes")), encode
    ),
    **{
        (module, name): items
        for module in ("builtins", "__builtin__")
        for name in ("list", "set", "frozenset")
    },
    ("numpy", "dtype"): NumberType,
    # NumPy moved `core` to `_core` in 2.0; old and new files name either
    ("numpy.core.multiarray", "scalar"): scalar,
    ("numpy._core.multiarray", "scalar"): scalar,
}
