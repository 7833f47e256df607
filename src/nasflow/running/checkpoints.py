"""Tensors on disk: safetensors with a versioned JSON header, written atomically.

Nothing is ever unpickled. The header says what the file is:

    metadata["nasflow"] = {"kind": "predictor", "version": 2, "about": {...}}

A file of an older version is read by whoever knows what its `about` meant; one of a newer version
is refused. In version 1 the options of all encoders and tasks were one class
(`nasflow.prediction.version_1`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from nasflow.errors import CheckpointError
from nasflow.running.files import PathLike, atomic_write, require_file

VERSION = 2


def save_checkpoint(
    path: PathLike, kind: str, tensors: Mapping[str, Tensor], about: Mapping[str, Any]
) -> None:
    """Write the tensors and the JSON-able `about` under `kind`, atomically."""
    header = json.dumps({"kind": kind, "version": VERSION, "about": about}, allow_nan=False)
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    content = safetensors.torch.save(contiguous, metadata={"nasflow": header})
    with atomic_write(path) as file:
        file.write(content)


def load_checkpoint(path: PathLike, kind: str) -> tuple[dict[str, Tensor], dict[str, Any], int]:
    """The tensors (on the CPU), `about` and the format version of a file of `save_checkpoint`.

    Raises:
        MissingDataError: there is no such file.
        CheckpointError: it is truncated, not nasflow's, of another kind, or of a newer version.
    """
    # of what `require_file` saw: `model.safetensors/` is the file to it, and none to the system
    present = require_file(path)
    try:
        with safetensors.safe_open(present, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
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
    return tensors, about, version
