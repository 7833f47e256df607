"""`pretrain`: train an encoder on tasks that need no labels (section 3 of the paper).

Decisions:

* AdamW, one-cycle schedule: cosine warm-up over 30 % of the steps from lr / 25, then cosine down to
  lr / 1e5.
* All randomness of an epoch (order of rows, dropout, sampled pairs) comes from a seed made of the
  configured one and the epoch's number. So a run resumed from its checkpoint gives the weights of
  one never stopped, bit for bit.
* The checkpoint, written after every epoch, carries a fingerprint of options and data: it never
  goes on with others.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from nasflow.encoders.base import Encoder
from nasflow.errors import CheckpointError, DataError
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import PretrainConfig
from nasflow.pretext.base import Pretext, PretextSetting, Step
from nasflow.pretext.registry import make_pretexts
from nasflow.running.checkpoints import load_checkpoint, save_checkpoint
from nasflow.running.files import PathLike
from nasflow.running.progress import progress_bar
from nasflow.running.seeding import seeded

Proxies = Mapping[str, npt.NDArray[np.float64]]


@dataclass
class PretrainHistory:
    """What happened, one entry per epoch."""

    loss: list[float] = field(default_factory=list)
    """Mean total loss."""
    tasks: dict[str, list[float]] = field(default_factory=dict)
    """Mean loss of each task, before its weight."""
    seconds: list[float] = field(default_factory=list)
    """Wall-clock seconds."""


def pretrain(
    encoder: Encoder,
    table: ArchTable,
    config: PretrainConfig,
    surrogate: SurrogateConfig | None = None,
    proxies: Proxies | None = None,
    *,
    checkpoint: PathLike | None = None,
    progress: bool = False,
) -> PretrainHistory:
    """Train `encoder` in place on every row of `table`, without labels.

    Args:
        encoder: trained where it is; its device is used.
        table: the architectures, over the encoder's vocabulary.
        config: tasks, schedule, seed. Without tasks (`pretext="none"`) nothing happens.
        surrogate: how the flow surrogate is made.
        proxies: columns (N,) by name: proxies that need no training, vectors to reconstruct.
        checkpoint: file to go on from, if it is there, and to write after every epoch.
        progress: whether to draw a progress bar.

    Raises:
        CheckpointError: the file is foreign, truncated, or from other options or data.
        ConfigError, UnknownNameError: an unknown task; a proxy that is missing or constant.
        DataError: the loss is not finite (a learning rate far too high).
    """
    history = PretrainHistory(tasks={name: [] for name in config.tasks})
    if not config.tasks:
        return history
    surrogate, proxies = surrogate or SurrogateConfig(), proxies or {}
    device = next(encoder.parameters()).device
    with seeded(config.seed, "decoders"):
        tasks = make_pretexts(PretextSetting(encoder, config, surrogate, tuple(proxies))).to(device)
    targets = {
        name: _pretext(tasks[name]).targets(table, proxies).to(device) for name in config.tasks
    }
    weights = config.task_weights
    model = nn.ModuleDict({"encoder": encoder, "tasks": tasks})
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=config.lr, weight_decay=config.weight_decay, fused=True
    )
    fingerprint = _fingerprint(encoder, table, config, surrogate, proxies)
    if checkpoint is not None and Path(checkpoint).exists():
        history = _resume(checkpoint, fingerprint, model, optimizer)

    n_batches = math.ceil(len(table) / config.batch_size)
    n_done = len(history.loss)
    model.train()
    with progress_bar(
        f"pre-training ({config.pretext})", config.epochs, done=n_done, show=progress
    ) as advance:
        for epoch in range(n_done, config.epochs):
            started = time.perf_counter()
            sums = dict.fromkeys(config.tasks, 0.0)
            with seeded(config.seed, f"epoch {epoch}"):
                order = torch.randperm(len(table))
                for i, rows in enumerate(order.split(config.batch_size)):
                    factor = schedule(config, (epoch * n_batches + i) / (config.epochs * n_batches))
                    optimizer.param_groups[0]["lr"] = config.lr * factor
                    step = Step(encoder, GraphBatch.from_table(table[rows.numpy()], device))
                    at = rows.to(device)
                    losses = {
                        n: _pretext(tasks[n]).loss(step, targets[n].index_select(0, at))
                        for n in config.tasks
                    }
                    total = sum(weights[name] * loss for name, loss in losses.items())
                    assert isinstance(total, Tensor)
                    optimizer.zero_grad()
                    total.backward()
                    optimizer.step()
                    for name, loss in losses.items():
                        sums[name] += float(loss.detach()) * len(rows)
            _record(
                history,
                {n: s / len(table) for n, s in sums.items()},
                weights,
                time.perf_counter() - started,
            )
            if checkpoint is not None:
                _write(checkpoint, fingerprint, model, optimizer, history)
            advance(f"loss {history.loss[-1]:.4f}")
    encoder.eval()
    return history


def schedule(config: PretrainConfig, progress: float) -> float:
    """Factor on the learning rate after a share `progress` (0 to 1) of all steps."""
    if config.schedule == "constant":
        return 1.0
    start, peak_at, end = 1 / 25, 0.3, 1e-5
    if progress < peak_at:
        return _cosine(start, 1.0, progress / peak_at)
    return _cosine(1.0, end, (progress - peak_at) / (1 - peak_at))


def _cosine(start: float, end: float, t: float) -> float:
    """Half a cosine wave from `start` (t = 0) to `end` (t = 1)."""
    return end + (start - end) * (1 + math.cos(math.pi * t)) / 2


def _pretext(module: nn.Module) -> Pretext:
    assert isinstance(module, Pretext)
    return module


def _record(
    history: PretrainHistory, means: dict[str, float], weights: dict[str, float], seconds: float
) -> None:
    total = sum(weights[name] * mean for name, mean in means.items())
    if not math.isfinite(total):
        raise DataError(
            f"the pre-training loss became {total} in epoch {len(history.loss) + 1}; use a lower lr"
        )
    history.loss.append(total)
    history.seconds.append(seconds)
    for name, mean in means.items():
        history.tasks[name].append(mean)


def _fingerprint(
    encoder: Encoder,
    table: ArchTable,
    config: PretrainConfig,
    surrogate: SurrogateConfig,
    proxies: Proxies,
) -> dict[str, str]:
    """What must be the same for a checkpoint to go on."""
    digest = hashlib.sha256(table.content_hash().encode())
    for name in sorted(proxies):
        digest.update(name.encode() + np.ascontiguousarray(proxies[name]).tobytes())
    return {
        "encoder": json.dumps(encoder.config.identity()),
        "pretrain": json.dumps(config.identity()),
        "surrogate": json.dumps(surrogate.identity()),
        "data": digest.hexdigest(),
    }


def _write(
    path: PathLike,
    fingerprint: dict[str, str],
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    history: PretrainHistory,
) -> None:
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for i, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{i}.{key}": value for key, value in state.items()}
    save_checkpoint(
        path, "pretraining", tensors, {"fingerprint": fingerprint, "history": vars(history)}
    )


def _resume(
    path: PathLike, fingerprint: dict[str, str], model: nn.Module, optimizer: torch.optim.Optimizer
) -> PretrainHistory:
    tensors, about = load_checkpoint(path, "pretraining")
    for part, value in fingerprint.items():
        seen = about["fingerprint"].get(part)
        if seen != value:
            raise CheckpointError(
                f"{path} belongs to another pre-training: its {part} is {seen}, this one's "
                f"{value}; name another checkpoint, or delete that file"
            )
    model.load_state_dict(
        {n.removeprefix("model."): t for n, t in tensors.items() if n.startswith("model.")}
    )
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, i, key = name.split(".")
            moments.setdefault(int(i), {})[key] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
    return PretrainHistory(**about["history"])
