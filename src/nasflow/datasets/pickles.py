"""Reading foreign pickles without executing anything they ask for.

A pickle is a program: `GLOBAL os.system` followed by `REDUCE` runs a command. `load_pickle` admits
exactly two NumPy names, both needed to store a number, and inert stand-ins for classes that the
caller lists: objects that keep their attributes in a dictionary and have no code. Any other name is
refused before it is imported.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Collection
from typing import Any

import numpy as np

from nasflow.errors import DataError, UnsafeFileError
from nasflow.running.files import PathLike, require_file

# NumPy moved `core` to `_core` in 2.0; old and new files name either.
_SCALAR = {
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
}


class StandIn:
    """An object of a foreign class: its attributes, and nothing else."""


def load_pickle(path: PathLike, stand_ins: Collection[tuple[str, str]] = ()) -> Any:
    """The content of a pickle made of built-in containers, numbers, strings and NumPy scalars.

    Args:
        path: the file.
        stand_ins: (module, class) pairs whose instances become `StandIn` objects.

    Raises:
        UnsafeFileError: the pickle names anything else; the name is in the message, nothing was
        executed. MissingDataError, DataError: no such file, or no pickle.
    """
    content = require_file(path).read_bytes()
    try:
        return _RestrictedUnpickler(io.BytesIO(content), str(path), frozenset(stand_ins)).load()
    except UnsafeFileError:
        raise
    except Exception as error:  # a damaged pickle may raise nearly any built-in error
        raise DataError(f"{path} is no readable pickle ({type(error).__name__}: {error})") from None


class _RestrictedUnpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, path: str, stand_ins: frozenset[tuple[str, str]]) -> None:
        super().__init__(file)
        self._path, self._stand_ins = path, stand_ins

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in self._stand_ins:
            return StandIn
        if (module, name) in _SCALAR:
            return _scalar_dtype if name == "dtype" else _scalar
        raise UnsafeFileError(
            f"{self._path} asks for {module}.{name}, which is no plain number; "
            "nothing was executed. Legal: built-in containers, numbers, strings, "
            "NumPy scalars"
        )


def _scalar_dtype(spec: str, *_flags: object) -> Any:
    """A numeric dtype; an object dtype could carry a pickle of its own."""
    dtype = np.dtype(spec)
    if dtype.kind not in "biuf":
        raise UnsafeFileError(
            f"a NumPy scalar of type {spec!r}; legal: booleans, integers and floats"
        )
    return dtype


def _scalar(dtype: Any, content: Any) -> Any:
    """The NumPy scalar of some bytes."""
    if not isinstance(dtype, np.dtype) or dtype.kind not in "biuf":
        raise UnsafeFileError(
            f"a NumPy scalar of type {dtype!r}; legal: booleans, integers and floats"
        )
    raw = content.encode("latin1") if isinstance(content, str) else content
    return np.frombuffer(raw, dtype, count=1)[0]
