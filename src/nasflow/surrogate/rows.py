"""`SurrogateRows`: flow surrogates of a table that is longer than memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasflow.graphs.number_units import NumberUnits
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.running.matrix_files import Array, RawRows
from nasflow.statistics.moments import Moments
from nasflow.surrogate.flow import CHUNK, FlowSurrogate


def surrogate_names(config: SurrogateConfig) -> tuple[str, ...]:
    """A name for each component, round after round."""
    return tuple(f"surrogate.{i}" for i in range(config.rounds * config.k))


@dataclass(frozen=True)
class SurrogateRows:
    """What `FlowSurrogate.targets` gives, to the rounding of the mean where it standardises."""

    config: SurrogateConfig
    vocabulary: tuple[str, ...]
    units: NumberUnits
    """How numbers are seen: those of the whole table."""

    columns: tuple[str, ...] = ()
    dtype: np.dtype[Any] = np.dtype("<f4")  # noqa: RUF009  # immutable
    rows_of_part: int = CHUNK
    """As many as `FlowSurrogate` itself works on at once: the same raw bits."""

    @property
    def names(self) -> tuple[str, ...]:
        """`surrogate.0` and so on."""
        return surrogate_names(self.config)

    def __call__(self, table: ArchTable, columns: Mapping[str, Any]) -> Array:  # noqa: ARG002
        """(N, rounds * k) float32: the raw surrogates."""
        surrogate = FlowSurrogate(len(self.vocabulary), self.config, units=self.units)
        return surrogate.values(table)

    def ended(self, raw: RawRows) -> Callable[[Array], Array]:
        """Standardises over all rows, if the options say so."""
        if not self.config.standardise:
            return lambda values: values
        moments = Moments.nothing(raw.n_columns)
        for block in raw.blocks():
            # blocks are cut by their bytes alone, so nothing depends on who computed them
            moments = moments.with_others(Moments.of(block))
        return moments.standardised
