"""`EmbeddedRows`: the embeddings of a table that is longer than memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasflow.datasets.parts import ROWS_OF_PART
from nasflow.errors import ConfigError
from nasflow.graphs.table import ArchTable
from nasflow.prediction.model_once import ModelFile
from nasflow.running.matrix_files import Array, RawRows


@dataclass(frozen=True)
class EmbeddedRows:
    """What `Predictor.embed` gives."""

    model: ModelFile

    columns: tuple[str, ...] = ()
    dtype: np.dtype[Any] = np.dtype("<f4")  # noqa: RUF009  # immutable
    rows_of_part: int = ROWS_OF_PART

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The operations that the model knows."""
        return self.model.predictor.vocabulary_

    @property
    def names(self) -> tuple[str, ...]:
        """`embedding.0` and so on."""
        return tuple(f"embedding.{i}" for i in range(self.model.predictor.encoder_.width))

    def __call__(self, table: ArchTable, columns: Mapping[str, Any]) -> Array:  # noqa: ARG002
        """(N, width) float32: the embeddings."""
        return self.model.embed(table)

    def ended(self, raw: RawRows) -> Callable[[Array], Array]:  # noqa: ARG002
        """Embeddings are what they are."""
        return lambda values: values


def check_learnt(model: ModelFile) -> None:
    """Return if the model's encoder has learnt anything.

    Raises:
        ConfigError: its weights are those that were drawn; says what to do.
    """
    predictor = model.predictor
    if not hasattr(predictor, "history_") and not hasattr(predictor, "fitted_"):
        raise ConfigError(
            f"the encoder in {model.path} has learnt nothing, for its blend was fitted without"
            " one: name a model of nasflow pretrain, or of nasflow fit --method fgp"
        )
