"""Files that are one pickle of numbers, read without executing anything they ask for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from nasflow.datasets.pickle_machine import PickleMachine, StandIn
from nasflow.datasets.pickle_numbers import numpy_scalar, scalar_names
from nasflow.running.files import PathLike, require_file


def load_pickle(path: PathLike, stand_ins: Collection[tuple[str, str]] = ()) -> Any:
    """The content of a pickle made of built-in containers, numbers, strings and NumPy scalars.

    Args:
        path: the file.
        stand_ins: (module, class) pairs whose instances become `StandIn` objects.

    Raises:
        UnsafeFileError: the pickle names anything else; the name is in the message, nothing was
            executed.
        MissingDataError, DataError: no such file, or no pickle.
    """
    admitted = {**scalar_names(numpy_scalar), **dict.fromkeys(stand_ins, StandIn)}
    with require_file(path).open("rb") as file:
        return PickleMachine(file, str(path), admitted).load()
