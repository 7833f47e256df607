"""flow: reconstruct the flow surrogate from the embedding (section 3 of the paper).

    L_rec = mean over the batch of |s - decoder(z)|^2

Standardised targets: divided by the number of components, so that the loss begins at 1 whatever the
width, and weighs against other tasks as their weights say. Raw targets: the sum, as published; at
sigma = 0.1 it begins at about 0.002 and hardly counts beside another task.

With several rounds there is one decoder per round, trained together.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from nasflow.graphs.table import ArchTable
from nasflow.pretext.base import Pretext, PretextSetting, Step, decoder
from nasflow.surrogate import FlowSurrogate


class Flow(Pretext):
    """Predict the surrogate of each architecture."""

    def __init__(self, setting: PretextSetting) -> None:
        super().__init__(setting)
        config = setting.surrogate
        self.decoders = nn.ModuleList(
            decoder(setting.encoder.width, setting.config, config.k) for _ in range(config.rounds)
        )

    def targets(self, table: ArchTable, proxies: Mapping[str, npt.NDArray[np.float64]]) -> Tensor:  # noqa: ARG002
        """(N, rounds * k): the surrogates, standardised over the table if the options say so."""
        return FlowSurrogate(table.n_ops, self.setting.surrogate).targets(table)

    def loss(self, step: Step, targets: Tensor) -> Tensor:
        """The mean squared distance between surrogates (B, rounds * k) and their reconstruction."""
        decoded = torch.cat([decode(step.embedding) for decode in self.decoders], dim=1)
        squared = (decoded - targets).square()
        return squared.mean() if self.setting.surrogate.standardise else squared.sum(dim=1).mean()
