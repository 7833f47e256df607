"""flow: the flow surrogate of each architecture (`nasflow.surrogate`), as it computes."""

from __future__ import annotations

import numpy as np

from nasflow.features.base import FeatureGroup, FeatureSetting, FloatArray, Seen
from nasflow.surrogate import FlowSurrogate


class Flow(FeatureGroup):
    """What random vectors become on their way through the graph and back."""

    def __init__(self, setting: FeatureSetting) -> None:
        super().__init__(setting)
        self._surrogate = FlowSurrogate(
            len(setting.vocabulary), setting.surrogate, units=setting.units
        )

    @property
    def names(self) -> list[str]:
        """`flow.0` and so on."""
        config = self.setting.surrogate
        return [f"flow.{i}" for i in range(config.rounds * config.k)]

    def __call__(self, rows: Seen) -> FloatArray:
        """(N, rounds * k): the raw surrogates."""
        return self._surrogate.values(rows.pruned).astype(np.float64)
