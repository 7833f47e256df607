"""proxies: zero-cost columns as ranks among a reference, -1 to 1 (`nasflow.prediction.proxy_ranks`
has the same scale). A value that is not finite is in the middle: it speaks neither for nor against.
"""

from __future__ import annotations

import numpy as np

from nasflow.errors import ConfigError
from nasflow.features.base import FeatureGroup, FeatureSetting, FloatArray, Seen
from nasflow.statistics.ranks import ranks_among


class Proxies(FeatureGroup):
    """All columns of the reference; nobody has to pick one.

    Raises:
        ConfigError: there is no such column.
    """

    def __init__(self, setting: FeatureSetting) -> None:
        super().__init__(setting)
        if not setting.reference:
            raise ConfigError(
                "the feature group proxies is made of zero-cost columns, and none is given; name"
                " some (`proxies=`, `--proxies`), or leave the group out"
            )

    @property
    def names(self) -> list[str]:
        """`proxies.jacov` and so on."""
        return [f"proxies.{name}" for name in self.setting.reference]

    def __call__(self, rows: Seen) -> FloatArray:
        """(N, n_columns): the rank of each value among the reference.

        Raises:
            ConfigError: a column is missing, or has another length.
        """
        n = len(rows.table)
        ranks = np.zeros((n, len(self.setting.reference)))
        for i, (name, reference) in enumerate(self.setting.reference.items()):
            if name not in rows.columns:
                raise ConfigError(
                    f"the features need the column {name!r}; given:"
                    f" {', '.join(rows.columns) or 'none'}"
                )
            values = np.asarray(rows.columns[name], np.float64)
            if values.shape != (n,):
                raise ConfigError(f"the column {name!r} has shape {values.shape}, not ({n},)")
            ranks[:, i] = 2 * ranks_among(values, reference) - 1
        return ranks
