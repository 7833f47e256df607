"""A pretext task with an option, as a stranger writes it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nasflow import ArchTable, Pretext
from nasflow.options.base import Options
from nasflow.pretext import PretextSetting, Step, decoder


@dataclass(frozen=True)
class DegreeConfig(Options):
    power: float = 1.0
    """The number of edges is raised to it."""

    def __post_init__(self) -> None:
        self._number("power", 0, open_low=True)


class Degree(Pretext):
    """Predict the number of edges."""

    Config = DegreeConfig

    def __init__(self, setting: PretextSetting) -> None:
        super().__init__(setting)
        self.decoder = decoder(setting.encoder.width, setting.config, 1)

    def targets(self, table: ArchTable, proxies: object) -> Tensor:
        n_edges = np.diff(table.edge_ptr).astype(np.float32)
        return torch.from_numpy(n_edges**self.options.power).unsqueeze(1)

    def loss(self, step: Step, targets: Tensor) -> Tensor:
        return (self.decoder(step.embedding) - targets).square().mean()
