"""`pretrain`: train an encoder on tasks that need no labels (section 3 of the paper).

Decisions:

* AdamW, one-cycle schedule: cosine warm-up over 30 % of the steps from lr / 25, then cosine down to
  lr / 1e5.
* All randomness of an epoch (order of rows, dropout, sampled pairs) comes from a seed made of the
  configured one and the epoch's number. So a run resumed from its checkpoint gives the weights of
  one never stopped, bit for bit.
* With two threads or more, batches are passed through the encoder in parts (`parts_of_batch.py`):
  other draws of dropout than with one thread, and so other bits, but the same for any number of
  threads from two on.
* The checkpoint, written after every epoch, carries a fingerprint of options and data: it never
  goes on with others.
"""

from __future__ import annotations

import contextlib
import math
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from nasflow.encoders.base import Encoder
from nasflow.errors import DataError
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import PretrainConfig
from nasflow.prediction.adamw import AdamW
from nasflow.prediction.parts_of_batch import PartsOfBatch, can_be_cut
from nasflow.prediction.pretrain_checkpoint import fingerprint_of, resume, write_checkpoint
from nasflow.prediction.pretrain_history import PretrainHistory, Proxies
from nasflow.pretext.base import PretextSetting, Step
from nasflow.pretext.make import as_module, make_pretexts
from nasflow.running.files import PathLike
from nasflow.running.progress import progress_bar
from nasflow.running.seeding import seeded
from nasflow.running.threads import n_threads_of_torch, threads_for


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
        DataError: the loss is not finite (a learning rate far too high). The checkpoint is removed:
            from there it would end so again, and with a lower rate it is another pre-training's.
    """
    history = PretrainHistory(tasks={name: [] for name in config.tasks})
    if not config.tasks:
        return history
    surrogate = surrogate or SurrogateConfig()
    proxies = proxies or {}
    training = _Training(encoder, table, config, surrogate, proxies)
    fingerprint = fingerprint_of(encoder, table, config, surrogate, proxies)
    if checkpoint is not None and Path(checkpoint).exists():
        history = resume(checkpoint, fingerprint, training.model, training.optimizer)
    # epochs that the checkpoint has; dropout is on from here to the end
    n_done = len(history.loss)
    training.model.train()
    title = f"pre-training ({config.pretext})"
    nodes_per_batch = config.batch_size * len(table.ops) // len(table)
    # asked before the block, which sets the threads within operations to fewer
    parts = _parts(training)
    with (
        threads_for(nodes_per_batch * encoder.width),
        parts,
        progress_bar(title, training.n_epochs, done=n_done, show=progress) as advance,
    ):
        for epoch in range(n_done, training.n_epochs):
            started = time.perf_counter()
            means = training.epoch(epoch)
            # before the checkpoint: a loss that is no number must not be kept
            _check_finite(_total(means, config.task_weights), epoch, checkpoint)
            _record(history, means, config.task_weights, time.perf_counter() - started)
            if checkpoint is not None:
                write_checkpoint(
                    checkpoint, fingerprint, training.model, training.optimizer, history
                )
            advance(f"loss {history.loss[-1]:.4f}")
    encoder.eval()
    return history


def _parts(training: _Training) -> contextlib.AbstractContextManager[object]:
    """A block in which batches are passed in parts, where there are threads and parts for them."""
    config, table = training.config, training.table
    n_threads = n_threads_of_torch()
    # what a task asks of the nodes is asked of the batch as one
    asks_nodes = any(task.needs_nodes for task in training.tasks.values())
    if n_threads == 1 or asks_nodes or not can_be_cut(training.encoder):
        return contextlib.nullcontext()
    parts = PartsOfBatch(training.encoder, table, n_threads)
    if min(config.batch_size, len(table)) <= parts.n_rows:
        return contextlib.nullcontext()
    training.parts = parts
    return parts


class _Training:
    """An encoder with the tasks and the optimizer that train it."""

    def __init__(
        self,
        encoder: Encoder,
        table: ArchTable,
        config: PretrainConfig,
        surrogate: SurrogateConfig,
        proxies: Proxies,
    ) -> None:
        self.encoder = encoder
        self.table = table
        self.config = config
        self.n_epochs = config.n_epochs(len(table))
        self.device = next(encoder.parameters()).device
        self.parts: PartsOfBatch | None = None
        setting = PretextSetting(encoder, config, surrogate, tuple(proxies))
        with seeded(config.seed, "decoders"):
            self.tasks = make_pretexts(setting)
        module = as_module(self.tasks).to(self.device)
        # once for the whole table: what a task predicts does not change with the epoch
        self.targets: dict[str, Tensor] = {}
        for name, task in self.tasks.items():
            self.targets[name] = task.targets(table, proxies).to(self.device)  # (N, d)
        self.model = nn.ModuleDict({"encoder": encoder, "tasks": module})
        self.optimizer = AdamW(self.model.parameters(), config.lr, config.weight_decay)

    def epoch(self, number: int) -> dict[str, float]:
        """Pass over the table once; the mean loss of each task."""
        config = self.config
        n_batches = math.ceil(len(self.table) / config.batch_size)
        sums = dict.fromkeys(self.tasks, 0.0)
        # a seed for each epoch: what comes before it need not be drawn again to go on from here
        with seeded(config.seed, f"epoch {number}"):
            order = torch.randperm(len(self.table))
            for i, rows in enumerate(order.split(config.batch_size)):
                share_done = (number * n_batches + i) / (self.n_epochs * n_batches)
                losses = self._step(rows, config.lr * schedule(config, share_done))
                for name, loss in losses.items():
                    sums[name] += loss * len(rows)
        return {name: total / len(self.table) for name, total in sums.items()}

    def _step(self, rows: Tensor, lr: float) -> dict[str, float]:
        """Change the weights by one batch, the `rows` (B,) of the table; the loss of each task."""
        self.optimizer.lr = lr
        self.optimizer.zero_grad()
        if self.parts is None:
            batch = GraphBatch.from_table(self.table[rows.numpy()], self.device)
            step = Step(self.encoder, batch)
        else:
            step = self.parts.step(rows)
        rows = rows.to(self.device)
        losses: dict[str, Tensor] = {}
        # the encoder runs on the batch when the first task asks, and once for all of them
        for name, task in self.tasks.items():
            losses[name] = task.loss(step, self.targets[name].index_select(0, rows))
        weights = self.config.task_weights
        total = sum(weights[name] * loss for name, loss in losses.items())
        assert isinstance(total, Tensor)  # there is at least one task
        # one step for all tasks: their losses share the pass through the encoder
        total.backward()
        step.backward()
        self.optimizer.step()
        return {name: float(loss.detach()) for name, loss in losses.items()}


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


def _total(means: dict[str, float], weights: dict[str, float]) -> float:
    """The loss of an epoch: that of each task with its weight."""
    return sum(weights[name] * mean for name, mean in means.items())


def _check_finite(total: float, epoch: int, checkpoint: PathLike | None) -> None:
    """Return if the loss of an epoch is a number; otherwise remove the checkpoint.

    Raises:
        DataError: it is none; says what to do.
    """
    if math.isfinite(total):
        return
    removed = ""
    # with all else the same it diverges from there again, and a lower lr may not go on from it
    if checkpoint is not None and Path(checkpoint).exists():
        Path(checkpoint).unlink()
        removed = f" ({checkpoint} is removed: from there it would end so again)"
    raise DataError(
        f"the pre-training loss became {total} in epoch {epoch + 1}; use a lower lr{removed}"
    )


def _record(
    history: PretrainHistory, means: dict[str, float], weights: dict[str, float], seconds: float
) -> None:
    history.loss.append(_total(means, weights))
    history.seconds.append(seconds)
    for name, mean in means.items():
        history.tasks[name].append(mean)
