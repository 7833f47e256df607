"""Inert factories for the names that numbers and their containers take in a pickle.

NumPy scalars, ordered dictionaries, sets: for `PickleMachine(admit=NUMBERS)`. Each returns plain
data; none imports or calls what the name stands for.
"""

from __future__ import annotations

from collections.abc import Mapping
from reprlib import repr as short_repr
from typing import Any

import numpy as np

from nasflow.datasets.pickle_machine import Factory, Stateful
from nasflow.errors import DataError, UnsafeFileError


class NumberType(Stateful):
    """A NumPy dtype that holds numbers."""

    def __init__(self, spec: Any, *_flags: Any) -> None:
        if not isinstance(spec, str) or len(spec) > 4:
            raise DataError(
                f"a NumPy type {short_repr(spec)}; legal: booleans, integers and floats"
            )
        self.dtype = np.dtype(spec)
        # a scalar of objects would carry a pickle of its own
        if self.dtype.kind not in "biuf":
            raise UnsafeFileError(f"a NumPy type {spec!r}; legal: booleans, integers and floats")

    def set_state(self, state: Any) -> None:
        """NumPy's (version, byte order, ...)."""
        if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ("<", "|", "="):
            raise DataError(f"a NumPy type of byte order {short_repr(state)}; legal: little-endian")


def numpy_scalar(number_type: Any, content: Any) -> np.generic:
    """The NumPy scalar of some bytes."""
    if not isinstance(number_type, NumberType):
        raise DataError(
            f"a NumPy scalar of {type(number_type).__name__}; legal: booleans, integers and floats"
        )
    raw = content.encode("latin1") if isinstance(content, str) else content
    if not isinstance(raw, bytes) or len(raw) != number_type.dtype.itemsize:
        raise DataError(
            f"a NumPy scalar of {short_repr(content)}; legal: {number_type.dtype.itemsize} bytes"
        )
    value: np.generic = np.frombuffer(raw, number_type.dtype)[0]
    return value


def scalar(number_type: Any, content: Any) -> Any:
    """The Python number of a NumPy scalar's bytes."""
    return numpy_scalar(number_type, content).item()


def ordered(*arguments: Any) -> dict[Any, Any]:
    """The dictionary of an `OrderedDict`: empty, to be filled, or of a list of pairs (Python 2)."""
    pairs = list(arguments[0]) if arguments else []
    for pair in pairs:
        is_pair = type(pair) in (list, tuple) and len(pair) == 2
        # names and numbers only: a key of another kind could take for ever to hash
        if not is_pair or not isinstance(pair[0], (str, int)):
            raise DataError(
                "an OrderedDict of something else than pairs of a name or number and a value"
            )
    return dict(pairs)


def items(*arguments: Any) -> list[Any]:
    """The list of a list, tuple or set that is made by a call, as protocol 2 makes sets."""
    if len(arguments) > 1 or not all(isinstance(argument, (list, tuple)) for argument in arguments):
        raise DataError(f"a container made of {short_repr(arguments)}; legal: a list")
    return list(arguments[0]) if arguments else []


def default(*_factory: Any) -> dict[Any, Any]:
    """The dictionary of a `defaultdict`; what makes its defaults is dropped."""
    return {}


def encode(text: Any = "", encoding: Any = "latin1") -> bytes:
    """The bytes that protocol 2 writes as text, or as a call without arguments."""
    if not isinstance(text, str) or encoding != "latin1":
        raise DataError(f"bytes encoded as {short_repr(encoding)}; legal: latin1")
    return text.encode("latin1")


def scalar_names(factory: Factory) -> dict[tuple[str, str], Factory]:
    """The two names that NumPy's scalars are made by, for the type and, by `factory`, the value."""
    # NumPy moved `core` to `_core` in 2.0; old and new files name either
    return {
        ("numpy", "dtype"): NumberType,
        ("numpy.core.multiarray", "scalar"): factory,
        ("numpy._core.multiarray", "scalar"): factory,
    }


NUMBERS: Mapping[tuple[str, str], Factory] = {
    ("collections", "OrderedDict"): ordered,
    ("collections", "defaultdict"): default,
    ("_codecs", "encode"): encode,
    ("builtins", "bytes"): encode,
    ("builtins", "frozenset"): items,
    ("builtins", "list"): items,
    ("builtins", "set"): items,
    # Python 2's name of the same module
    ("__builtin__", "bytes"): encode,
    ("__builtin__", "frozenset"): items,
    ("__builtin__", "list"): items,
    ("__builtin__", "set"): items,
    **scalar_names(scalar),
}
"""What the benchmarks' files may name; NumPy's scalars become Python's numbers."""
