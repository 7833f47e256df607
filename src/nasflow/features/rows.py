"""`FeatureRows`: the features of a table that is longer than memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nasflow.datasets.parts import ROWS_OF_PART
from nasflow.features.base import FeatureSetting, FloatArray
from nasflow.features.make import Features
from nasflow.graphs.table import ArchTable
from nasflow.running.matrix_files import Array, RawRows
from nasflow.statistics.ranks import ranks_among_sorted, sorted_finite

_PROXIES = "proxies"
_NUMBERS_OF_PART = 1 << 23


@dataclass(frozen=True)
class FeatureRows:
    """What `Features` gives, with zero-cost columns ranked among all rows of the table.

    Ranks are of the whole, which no part knows: parts carry the values of those columns as they
    are, and ranks take their places once all rows are there. So the setting that groups see has no
    `reference`.
    """

    setting: FeatureSetting
    groups: tuple[str, ...]
    columns: tuple[str, ...] = ()
    """The zero-cost columns; without a group `proxies` they are not used."""

    dtype: np.dtype[Any] = np.dtype("<f8")  # noqa: RUF009  # immutable

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The operations that may occur."""
        return self.setting.vocabulary

    @property
    def rows_of_part(self) -> int:
        """Fewer where a row has thousands of numbers, as graphs of a hundred nodes have."""
        return max(1, min(ROWS_OF_PART, _NUMBERS_OF_PART // max(1, len(self.names))))

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each column, as `Features.names` has them."""
        before, features = self._place, self._features
        names = [] if features is None else features.names
        if self._has_ranks:
            names[before:before] = [f"{_PROXIES}.{name}" for name in self.columns]
        return tuple(names)

    def __call__(self, table: ArchTable, columns: Mapping[str, FloatArray]) -> Array:
        """(N, d) float64: the features, with values in the places of ranks."""
        features = self._features
        values = np.zeros((len(table), 0)) if features is None else features(table)
        if not self._has_ranks:
            return values
        as_they_are = np.stack([columns[name] for name in self.columns], axis=1)
        before = self._place
        return np.hstack([values[:, :before], as_they_are, values[:, before:]])

    def ended(self, raw: RawRows) -> Callable[[Array], Array]:
        """Ranks in the places of values; every column is in memory for it, 8 bytes a row."""
        if not self._has_ranks:
            return lambda values: values
        places = range(self._place, self._place + len(self.columns))
        # sorted once, and not for every block
        known = {place: sorted_finite(raw.column(place)) for place in places}
        return partial(_ranked, known)

    @property
    def _has_ranks(self) -> bool:
        return _PROXIES in self.groups and bool(self.columns)

    @property
    def _features(self) -> Features | None:
        """All groups but that of ranks; None where there is no other."""
        others = list(self.groups)
        # without columns it stays, and says what it needs; and so it does where it stands twice
        if self._has_ranks and others.count(_PROXIES) == 1:
            others.remove(_PROXIES)
        return Features(self.setting, others) if others or not self._has_ranks else None

    @property
    def _place(self) -> int:
        """How many columns stand before the ranks."""
        features = self._features
        if features is None or not self._has_ranks:
            return 0
        before = self.groups[: self.groups.index(_PROXIES)]
        return sum(features.sizes[group] for group in before)


def _ranked(known: Mapping[int, FloatArray], values: Array) -> Array:
    ranked = values.copy()
    for place, column in known.items():
        # as the group `proxies` has them: -1 to 1
        ranked[:, place] = 2 * ranks_among_sorted(values[:, place], column) - 1
    return ranked
