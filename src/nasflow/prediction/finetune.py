"""`fine_tune`: train a head (and the encoder under it) to rank a few labelled architectures.

Margin ranking over all pairs of small batches, AdamW, clipped gradients (section 6 of the method).
With
validation rows the epoch of the best Kendall tau is kept: strictly better, so the first wins,
beginning with the initial weights. The weights kept are copies: later steps cannot reach them.

Tau is that of the validation rows among themselves, 780 pairs for 40 rows, which is noisy: the best
of some hundred epochs is often an early one that was lucky. With `epoch_pairs` labelled each
validation row is also held against every row that is trained on, 3,120 pairs more for 78 of them;
the latter are well ordered soon, so such a pair asks whether the validation row has its place.

With `average` > 1 what counts after an epoch is a running mean of the weights (Polyak and Juditsky,
1992; Izmailov et al., UAI 2018), which the training itself never sees: the mean of all epochs at
first, later of about so many.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from nasflow.errors import DataError
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.table import ArchTable
from nasflow.options.training import FitConfig
from nasflow.prediction.adamw import AdamW
from nasflow.prediction.inputs import check_labels
from nasflow.prediction.scorer import Labels, Scorer, in_chunks, scores, weights_of
from nasflow.running.progress import progress_bar
from nasflow.running.seeding import seeded
from nasflow.running.threads import threads_for
from nasflow.statistics.losses import ranking_loss
from nasflow.statistics.metrics import kendall_tau, kendall_tau_of_first


@dataclass(frozen=True)
class FineTuned:
    """The weights that fine-tuning ended with, and those it keeps."""

    best: dict[str, Tensor]
    """Weights of the best epoch on the validation rows; the last epoch's without such rows."""
    last: dict[str, Tensor]
    """Weights after the last epoch."""
    best_epoch: int
    """Number of epochs behind `best`; 0 for the initial weights."""
    validation_tau: tuple[float, ...]
    """Kendall tau of the pairs that choose the epoch, before the first and after each; empty
    without such rows.
    """


def fine_tune(
    scorer: Scorer,
    table: ArchTable,
    labels: Labels,
    config: FitConfig,
    validation: tuple[ArchTable, Labels] | None = None,
    *,
    extra: Tensor | None = None,
    validation_extra: Tensor | None = None,
    progress: bool = False,
) -> FineTuned:
    """Train `scorer` in place; it ends with the weights `FineTuned.best`.

    Args:
        scorer: its weights are the start.
        table: the labelled architectures.
        labels: (N,) finite values; higher scores go to higher ones.
        config: epochs, batches, margin, averaging, what chooses the epoch, seed.
        validation: other labelled architectures, to choose the epoch.
        extra, validation_extra: (N, n_extra) float32, the other inputs of the head for the rows of
            either table.
        progress: whether to draw a progress bar.

    Raises:
        DataError: labels that are not finite, too few, or all equal; a learning rate far too high.
    """
    check_labels(table, labels, "label")
    if validation is not None:
        check_labels(*validation, "validation label")
    tuning = _Tuning(scorer, table, labels, config, extra)
    held_out = None
    if validation is not None:
        held_out = _HeldOut(*validation, validation_extra)
    # the initial weights are candidates too: an epoch must beat them to be kept
    taus = [] if held_out is None else [tuning.tau(held_out)]
    best, best_epoch = weights_of(scorer), 0
    nodes_per_batch = config.batch_size * len(table.ops) // len(table)
    with (
        threads_for(nodes_per_batch * scorer.encoder.width),
        progress_bar("fine-tuning", config.epochs, show=progress) as advance,
        seeded(config.seed, "fine-tuning"),
    ):
        for epoch in range(1, config.epochs + 1):
            tuning.epoch()
            if held_out is not None:
                taus.append(tuning.tau(held_out))
                # strictly better: of equal epochs the first stays, the initial weights before all
                if taus[-1] > taus[best_epoch]:
                    best, best_epoch = weights_of(tuning.counting), epoch
            advance(f"validation tau {taus[-1]:.3f}" if taus else "")
    last = weights_of(tuning.counting)
    # without rows that can tell epochs apart the last is as good as any
    if held_out is None:
        best, best_epoch = last, config.epochs
    scorer.load_state_dict(best)
    scorer.eval()
    # weights that are numbers may still multiply to what is none
    if not all(chunk.isfinite().all() for chunk in in_chunks(scorer, table, extra)):
        raise DataError(
            f"fine-tuning with a learning rate of {config.lr:g} ended in scores that are no"
            " numbers; use a lower lr"
        )
    return FineTuned(best, last, best_epoch, tuple(taus))


@dataclass(frozen=True, eq=False)
class _HeldOut:
    """Labelled rows that do not train."""

    table: ArchTable
    labels: Labels
    extra: Tensor | None


class _Tuning:
    """A scorer with what trains it."""

    def __init__(
        self,
        scorer: Scorer,
        table: ArchTable,
        labels: Labels,
        config: FitConfig,
        extra: Tensor | None,
    ) -> None:
        self.scorer = scorer
        self.table = table
        self.labels = labels
        self.config = config
        self.extra = extra
        self.device = next(scorer.parameters()).device
        self.values = torch.from_numpy(labels).to(self.device)
        self.optimizer = AdamW(scorer.parameters(), config.lr, config.weight_decay)
        self.averaged: AveragedModel | None = None
        if config.average > 1:
            self.averaged = AveragedModel(
                scorer, avg_fn=_running_mean(config.average), use_buffers=True
            )

    @property
    def counting(self) -> Scorer:
        """The scorer whose weights count: the averaged one where there is one."""
        return self.scorer if self.averaged is None else cast(Scorer, self.averaged.module)

    def epoch(self) -> None:
        """Pass over the labelled rows once."""
        self.scorer.train()
        for rows in _batches(torch.randperm(len(self.table)), self.config.batch_size):
            batch = GraphBatch.from_table(self.table[rows.numpy()], self.device)
            extra = None
            if self.extra is not None:
                extra = self.extra.index_select(0, rows).to(self.device)  # (B, n_extra)
            values = self.values.index_select(0, rows.to(self.device))
            loss = ranking_loss(self.scorer(batch, extra), values, self.config.margin)
            self.optimizer.zero_grad()
            loss.backward()
            # a batch whose pairs are all wrong would throw the pre-trained weights far off
            nn.utils.clip_grad_norm_(self.scorer.parameters(), self.config.clip)
            self.optimizer.step()
        if self.averaged is not None:
            # once an epoch: the mean is over epochs, whatever the number of batches
            self.averaged.update_parameters(self.scorer)

    def tau(self, held_out: _HeldOut) -> float:
        """Kendall's tau of the pairs that choose the epoch."""
        held_out_scores = scores(self.counting, held_out.table, held_out.extra)
        if self.config.epoch_pairs == "validation":
            return kendall_tau(held_out_scores, held_out.labels)
        trained_scores = scores(self.counting, self.table, self.extra)
        return kendall_tau_of_first(
            np.concatenate([held_out_scores, trained_scores]),
            np.concatenate([held_out.labels, self.labels]),
            len(held_out_scores),
        )


def _running_mean(window: int) -> Callable[[Tensor, Tensor, Tensor | int], Tensor]:
    """How a mean takes in one value more, the n-th after the first.

    The mean of all so far, later of about the last `window`.
    """
    return lambda mean, value, n: mean + (value - mean) / min(int(n) + 1, window)


def _batches(order: Tensor, size: int) -> list[Tensor]:
    """Consecutive parts of `order`; a last part of one joins the one before, since it has no
    pair.
    """
    # a row alone has no pair, and batch normalisation no variance
    batches = list(order.split(size))
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches
