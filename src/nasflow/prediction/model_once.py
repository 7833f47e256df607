"""`ModelFile`: a model by the name of its file, read once by each process that needs it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nasflow.graphs.table import ArchTable
from nasflow.prediction.predictor import Predictor

# a worker computes many parts of a table with one model
_read: dict[tuple[ModelFile, str, int], Predictor] = {}


@dataclass(frozen=True)
class ModelFile:
    """What a worker is sent in place of a model; an `Embedder` of features."""

    path: str
    device: str = "cpu"
    encoder: str | None = None
    """The class of its encoder, as for `Predictor.load`."""

    @property
    def predictor(self) -> Predictor:
        """The model; read again where the file is another.

        Raises:
            MissingDataError, CheckpointError, ConfigError: as `Predictor.load`.
        """
        path = Path(self.path)
        written = path.stat().st_mtime_ns if path.exists() else 0
        key = (self, str(path.absolute()), written)
        if key not in _read:
            _read[key] = Predictor.load(self.path, self.device, encoder=self.encoder)
        return _read[key]

    def embed(self, table: ArchTable) -> npt.NDArray[np.float32]:
        """(N, width) float32: see `Predictor.embed`."""
        return self.predictor.embed(table)
