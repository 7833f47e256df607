"""flow: reconstruct the flow surrogate from the embedding (section 3 of the paper).

    L_rec = mean over the batch of |s - decoder(z)|^2

With several rounds there is one decoder per round, trained together.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from nasflow.pretext.base import Pretext, PretextSetting, Step, decoder
from nasflow.surrogate import FlowSurrogate
from nasflow.table import ArchTable


class Flow(Pretext):
    """Predict the surrogate of each architecture; the squared error is summed over its components."""

    def __init__(self, setting: PretextSetting) -> None:
        super().__init__(setting)
        config = setting.surrogate
        self.decoders = nn.ModuleList(
            decoder(setting.width, setting.config, config.k) for _ in range(config.rounds))

    def targets(self, table: ArchTable, proxies: Mapping[str, npt.NDArray[np.float64]]) -> Tensor:  # noqa: ARG002
        """(N, rounds * k): the surrogates, standardised over the table if the options say so."""
        return FlowSurrogate(table.n_ops, self.setting.surrogate).targets(table)

    def loss(self, step: Step, targets: Tensor) -> Tensor:
        """The mean squared distance between surrogates (B, rounds * k) and their reconstruction."""
        decoded = torch.cat([decode(step.embedding) for decode in self.decoders], dim=1)
        return (decoded - targets).square().sum(dim=1).mean()
