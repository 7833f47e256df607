"""embedding: the vector that an encoder makes of each graph, such as a pre-trained one."""

from __future__ import annotations

from nasflow.errors import ConfigError
from nasflow.features.base import FeatureGroup, FeatureSetting, FloatArray, Seen


class Embedding(FeatureGroup):
    """The vector of a frozen encoder.

    Raises:
        ConfigError: there is no encoder.
    """

    def __init__(self, setting: FeatureSetting) -> None:
        super().__init__(setting)
        if setting.embedder is None:
            raise ConfigError(
                "the feature group embedding needs an encoder, and none is given; name a model that"
                " nasflow pretrain wrote (`embedder=Predictor.load(...)`, `--model`), or leave the"
                " group out"
            )
        self._embedder = setting.embedder

    @property
    def names(self) -> list[str]:
        """`embedding.0` and so on."""
        width = self._embedder.embed(Seen.nothing(self.setting).table).shape[1]
        return [f"embedding.{i}" for i in range(width)]

    def __call__(self, rows: Seen) -> FloatArray:
        """(N, width): the vectors; the encoder itself says whether it sees graphs pruned."""
        features: FloatArray = self._embedder.embed(rows.table).astype(float)
        return features
