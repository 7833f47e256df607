"""The checkpoint of a pre-training: weights and moments after an epoch, and what they are of.

Its fingerprint holds everything that the weights depend on, so that a pre-training never goes on
from those of another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor, nn

from nasflow.encoders.base import Encoder
from nasflow.errors import CheckpointError
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import PretrainConfig
from nasflow.prediction import version_1
from nasflow.prediction.adamw import AdamW
from nasflow.prediction.pretrain_history import PretrainHistory, Proxies
from nasflow.pretext.make import completed
from nasflow.running.checkpoints import load_checkpoint, save_checkpoint
from nasflow.running.files import PathLike


def fingerprint_of(
    encoder: Encoder,
    table: ArchTable,
    config: PretrainConfig,
    surrogate: SurrogateConfig,
    proxies: Proxies,
) -> dict[str, Any]:
    """What must be the same for a checkpoint to go on."""
    digest = hashlib.sha256(table.content_hash().encode())
    # what the columns hold counts, not only their names: another draw is another pre-training
    for name in sorted(proxies):
        digest.update(name.encode() + np.ascontiguousarray(proxies[name]).tobytes())
    fingerprint = {
        "encoder": encoder.config.identity(),
        "pretrain": completed(config).identity(),
        "surrogate": surrogate.identity(),
        "data": digest.hexdigest(),
    }
    same: dict[str, Any] = json.loads(json.dumps(fingerprint))  # in JSON tuples are lists
    return same


def write_checkpoint(
    path: PathLike,
    fingerprint: dict[str, Any],
    model: nn.Module,
    optimizer: AdamW,
    history: PretrainHistory,
) -> None:
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for i, state in optimizer.state.items():
        for key, value in state.items():
            tensors[f"optimizer.{i}.{key}"] = value
    about = {"fingerprint": fingerprint, "history": vars(history)}
    save_checkpoint(path, "pretraining", tensors, about)


def resume(
    path: PathLike,
    fingerprint: dict[str, Any],
    model: nn.Module,
    optimizer: AdamW,
) -> PretrainHistory:
    tensors, about, version = load_checkpoint(path, "pretraining")
    stored = about["fingerprint"]
    if version == 1:
        stored = _fingerprint_from_v1(stored)
    for part, expected in fingerprint.items():
        if stored.get(part) != expected:
            raise CheckpointError(
                f"{path} belongs to another pre-training: its {part} is {stored.get(part)}, this"
                f" one's {expected}; name another checkpoint, or delete that file"
            )
    # tensors lie side by side in the file: weights, and the optimizer's moments by parameter
    weights: dict[str, Tensor] = {}
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        kind, _, rest = name.partition(".")
        if kind == "model":
            weights[rest] = tensor
        elif kind == "optimizer":
            i, key = rest.split(".")
            moments.setdefault(int(i), {})[key] = tensor
    model.load_state_dict(weights)
    optimizer.load_state(moments)
    return PretrainHistory(**about["history"])


def _fingerprint_from_v1(stored: Mapping[str, str]) -> dict[str, Any]:
    """A fingerprint of format version 1, its options as they are now."""
    parts = {
        "encoder": version_1.encoder_from_v1(json.loads(stored["encoder"])).identity(),
        "pretrain": completed(
            version_1.pretrain_from_v1(json.loads(stored["pretrain"]))
        ).identity(),
        "surrogate": version_1.surrogate_from_v1(json.loads(stored["surrogate"])).identity(),
        "data": stored["data"],
    }
    same: dict[str, Any] = json.loads(json.dumps(parts))
    return same
