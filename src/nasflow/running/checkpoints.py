"""Tensors and arrays on disk: safetensors with a versioned JSON header, written atomically.

Nothing is ever unpickled. The header says what the file is:

    metadata["nasflow"] = {"kind": "predictor", "version": 3, "about": {...}}

A file of an older version is read by whoever knows what its `about` meant; one of a newer version
is refused. In version 1 the options of all encoders and tasks were one class
(`nasflow.prediction.version_1`); in version 2 a blend's trees were not kept, but grown again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

from nasflow.errors import CheckpointError
from nasflow.running.files import PathLike, atomic_write, require_file

if TYPE_CHECKING:
    from torch import Tensor

    Values = Mapping[str, Tensor | npt.NDArray[Any]]

VERSION = 3


def save_checkpoint(path: PathLike, kind: str, values: Values, about: Mapping[str, Any]) -> None:
    """Write tensors and arrays and the JSON-able `about` under `kind`, atomically."""
    header = json.dumps({"kind": kind, "version": VERSION, "about": about}, allow_nan=False)
    content = _content(values, {"nasflow": header})
    with atomic_write(path) as file:
        file.write(content)


def _content(values: Values, metadata: dict[str, str]) -> bytes:
    """The bytes of a file, which are the same for an array and for a tensor of its values."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    tensors: dict[str, Tensor] = {}
    for name, value in values.items():
        if isinstance(value, np.ndarray):
            arrays[name] = np.asarray(value, order="C")
        else:
            tensors[name] = value.detach().cpu().contiguous()
    if not tensors:
        return safetensors.numpy.save(arrays, metadata)
    # here: a file of arrays alone is written without torch. And a tensor may be of a type that
    # NumPy lacks, while torch has all that arrays are of
    import torch
    from safetensors.torch import save

    for name, array in arrays.items():
        tensors[name] = torch.from_numpy(array)
    return save(tensors, metadata)


def load_checkpoint(
    path: PathLike, kind: str, is_array: Callable[[str], bool] = lambda _: False
) -> tuple[dict[str, Any], dict[str, Any], int]:
    """The values, `about` and the format version of a file of `save_checkpoint`.

    Args:
        path: the file.
        kind: what it must be.
        is_array: whether the value of a name is wanted as an array; others are tensors on the CPU.

    Raises:
        MissingDataError: there is no such file.
        CheckpointError: it is truncated, not nasflow's, of another kind, or of a newer version.
    """
    # of what `require_file` saw: `model.safetensors/` is the file to it, and none to the system
    present = require_file(path)
    try:
        with safetensors.safe_open(present, framework="np") as file:
            metadata = file.metadata() or {}
            names = list(file.keys())
            values = {name: file.get_tensor(name) for name in filter(is_array, names)}
        # this imports torch, which who reads arrays alone does not wait for
        if len(values) < len(names):
            with safetensors.safe_open(present, framework="pt") as file:
                for name in names:
                    if name not in values:
                        values[name] = file.get_tensor(name)
    except PermissionError:  # nothing is wrong with what is in it
        raise
    except (safetensors.SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path} is truncated or no safetensors file ({error})") from None
    try:
        header = json.loads(metadata["nasflow"])
        seen, version, about = header["kind"], header["version"], header["about"]
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(
            f"{path} holds tensors, but nasflow did not write it: its header is missing"
        ) from None
    if seen != kind:
        raise CheckpointError(f"{path} is a {seen}, not a {kind}")
    if not isinstance(version, int) or not 1 <= version <= VERSION:
        raise CheckpointError(
            f"{path} has format version {version}; this nasflow reads 1 to {VERSION}: "
            "update nasflow"
        )
    return values, about, version
