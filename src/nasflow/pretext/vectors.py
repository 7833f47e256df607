"""vectors: reconstruct vectors that are given, such as the embeddings of another encoder.

The appendix of the paper asks so whether the source of the surrogate matters:

    L = mean over the batch and the components of (v - decoder(z))^2

v is given as columns named `vector.0`, `vector.1` and so on, standardised over the table like the
flow surrogate, so that the loss begins at 1. Vectors that were learned from labels carry these
labels into pre-training: give it those of the training rows alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nasflow.errors import ConfigError
from nasflow.graphs.table import ArchTable
from nasflow.pretext.base import Pretext, PretextSetting, Step, decoder
from nasflow.surrogate import standardised

PREFIX = "vector."


def vector_columns(vectors: npt.NDArray[np.floating]) -> dict[str, npt.NDArray[np.float64]]:
    """The columns to give to pre-training for vectors (N, d)."""
    return {f"{PREFIX}{i}": column for i, column in enumerate(np.asarray(vectors, np.float64).T)}


class Vectors(Pretext):
    """Predict the given vector of each architecture."""

    def __init__(self, setting: PretextSetting) -> None:
        super().__init__(setting)
        self.names = [name for name in setting.columns if name.startswith(PREFIX)]
        if not self.names:
            raise ConfigError(
                f"the task vectors needs what to reconstruct: columns {PREFIX}0, {PREFIX}1 ..."
                " among those given to pretrain (nasflow.pretext.vectors.vector_columns makes"
                " them)"
            )
        self.decode = decoder(setting.encoder.width, setting.config, len(self.names))

    def targets(self, table: ArchTable, proxies: Mapping[str, npt.NDArray[np.float64]]) -> Tensor:  # noqa: ARG002
        """(N, d): the given vectors, standardised over the table."""
        columns = [proxies[name] for name in self.names]
        return standardised(torch.from_numpy(np.stack(columns, axis=1)))

    def loss(self, step: Step, targets: Tensor) -> Tensor:
        """The mean squared error of the reconstruction of (B, d)."""
        squared: Tensor = (self.decode(step.embedding) - targets).square()
        return squared.mean()
