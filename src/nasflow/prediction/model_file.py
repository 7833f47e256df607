"""The file of a predictor: what its header says, in this version and in earlier ones.

A file may need an encoder that is no part of this package. Nothing foreign is imported that only
the file names: the user names it, or has installed the package that brings it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nasflow.encoders.registry import ENCODERS, EncoderConfig
from nasflow.errors import CheckpointError
from nasflow.prediction import version_1
from nasflow.running.checkpoints import load_checkpoint, save_checkpoint
from nasflow.running.files import PathLike
from nasflow.running.registry import Registry, is_place

if TYPE_CHECKING:
    from torch import Tensor

    from nasflow.encoders.base import Encoder

KIND = "predictor"
_OF_ARRAYS = ("reference", "blend")
"""The parts that hold arrays; weights are tensors."""


def write_model(
    path: PathLike,
    start: Mapping[str, Tensor],
    fitted: Mapping[str, Tensor],
    reference: Mapping[str, npt.NDArray[np.float64]],
    about: Mapping[str, Any],
    blend: Mapping[str, npt.NDArray[Any]] | None = None,
) -> None:
    """Write a predictor, atomically.

    Args:
        path: the file.
        start: weights of the encoder that fitting starts from.
        fitted: weights of encoder and head, once fitted.
        reference: what proxies are ranked against.
        about: the rest, as JSON values.
        blend: the state of a blend.
    """
    values: dict[str, Tensor | npt.NDArray[Any]] = {}
    for name, tensor in start.items():
        values[f"start.encoder.{name}"] = tensor
    for name, tensor in fitted.items():
        values[f"fitted.{name}"] = tensor
    for name, array in reference.items():
        values[f"reference.{name}"] = array
    for name, array in (blend or {}).items():
        # torch, by which earlier versions read them, has no unsigned numbers of two bytes
        is_wide = array.dtype.kind == "u" and array.dtype.itemsize > 1
        values[f"blend.{name}"] = array.astype(np.int64) if is_wide else array
    save_checkpoint(path, KIND, values, about)


def read_model(path: PathLike) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Tensors of weights, and arrays, by the part that they are of; and the header, its options as
    they are now.

    Raises:
        MissingDataError, CheckpointError: no such file; truncated, foreign, of a newer version.
    """
    values, about, version = load_checkpoint(
        path, KIND, lambda name: name.partition(".")[0] in _OF_ARRAYS
    )
    parts: dict[str, dict[str, Any]] = {"start": {}, "fitted": {}, "reference": {}, "blend": {}}
    for name, value in values.items():
        part, _, rest = name.partition(".")
        parts.setdefault(part, {})[rest] = value
    return parts, about_from_v1(about) if version == 1 else about


def method_in(path: PathLike) -> str:
    """The method that a file was written for: blend or fgp.

    Raises:
        MissingDataError, CheckpointError: as `read_model`.
    """
    return str(read_model(path)[1].get("model", "fgp"))


def stored_encoder(
    options: Mapping[str, Any], given: str | type[Encoder] | None, path: PathLike
) -> EncoderConfig:
    """The options of a file's encoder.

    Args:
        options: what the file says.
        given: the class or the name that the user says it has.
        path: the file, for the error.

    Raises:
        CheckpointError: it is not at hand; says what to install or to name.
    """
    name = str(options["name"])
    if given is not None:
        from nasflow.encoders.make import encoder_config  # with torch, which a class has imported

        chosen = encoder_config(given)
        return type(chosen).from_dict({**options, "name": chosen.name})
    if name in ENCODERS and (not is_place(name) or ENCODERS.is_registered(name)):
        return EncoderConfig.from_dict(options)
    wanted = (
        f"give its class: Predictor.load(path, encoder={name.rpartition(':')[2]}), or on the"
        " command line --encoder file.py:Class"
        if is_place(name)
        else "install the package that brings it"
    )
    raise CheckpointError(
        f"{path} needs the encoder {name!r}, which is none of nasflow's"
        f" ({', '.join(ENCODERS.names())}); {wanted}"
    )


def checked_names(names: Iterable[str], registry: Registry[Any], path: PathLike) -> None:
    """Return if all parts that a file names are at hand without importing what it alone names.

    Raises:
        CheckpointError: one is not; says what to do.
    """
    for name in names:
        if name not in registry or (is_place(name) and not registry.is_registered(name)):
            raise CheckpointError(
                f"{path} needs the {registry.kind} {name!r}, which is none of"
                f" {', '.join(registry.names())}; register it first, or install the package that"
                " brings it"
            )


def about_from_v1(about: Mapping[str, Any]) -> dict[str, Any]:
    """The header of a file of format version 1, its options as they are now."""
    return {
        **about,
        "label": None,  # it did not say
        "seen": None,
        "encoder": version_1.encoder_from_v1(about["encoder"]).to_dict(),
        "surrogate": version_1.surrogate_from_v1(about["surrogate"]).to_dict(),
        "pretraining": version_1.pretrain_from_v1(about["pretraining"]).to_dict(),
        "fitting": version_1.fit_from_v1(about["fitting"]).to_dict(),
    }
