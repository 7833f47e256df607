"""`NumberSummary`: what units depend on, of a table whose rows come in parts.

`NumberUnits.of` takes mean and deviation of whole columns. Those of parts are merged here, to the
rounding of float64: units agree with those of the whole to some 15 digits, and not to the last bit.
Whether a number is taken as its logarithm is decided by the same comparison.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from nasflow.graphs.attributes import Float32
from nasflow.graphs.number_units import Unit, log1p
from nasflow.statistics.moments import Moments


@dataclass(frozen=True, eq=False)
class NumberSummary:
    """Of the numbers of nodes, or of those of graphs."""

    names: tuple[str, ...]
    smallest: npt.NDArray[np.float64]
    """(d,): the smallest size but 0; infinity where there is none."""
    plain: Moments
    """Of the numbers as they are."""
    curved: Moments
    """Of their logarithms: which of both counts is known once all parts were seen."""

    @classmethod
    def of(cls, names: Sequence[str], columns: Float32) -> Self:
        """Of the columns (n, d) of a part; NaN is missing."""
        values = columns.astype(np.float64)
        sizes = np.abs(values)
        smallest = np.where(sizes > 0, sizes, np.inf).min(axis=0, initial=np.inf)
        return cls(tuple(names), smallest, Moments.of(values), Moments.of(log1p(values)))

    def with_others(self, others: Self) -> Self:
        """Of these numbers and those of further rows, which may have other names."""
        names = merged_names(self.names, others.names)
        mine, theirs = self._aligned(names), others._aligned(names)
        return type(self)(
            names,
            np.minimum(mine.smallest, theirs.smallest),
            mine.plain.with_others(theirs.plain),
            mine.curved.with_others(theirs.curved),
        )

    def _aligned(self, names: tuple[str, ...]) -> Self:
        if names == self.names:
            return self
        places = [self.names.index(name) if name in self.names else -1 for name in names]
        smallest = np.append(self.smallest, np.inf)[places]
        return type(self)(names, smallest, self.plain.at(places), self.curved.at(places))

    def units(self) -> tuple[Unit, ...]:
        """A unit for each name."""
        units = []
        for i, name in enumerate(self.names):
            smallest, largest = float(self.smallest[i]), float(self.plain.largest[i])
            logarithmic = Unit.is_logarithmic(smallest, largest)
            moments = self.curved if logarithmic else self.plain
            mean, deviation = float(moments.mean[i]), float(moments.deviation[i])
            unit = Unit.made(name, logarithmic, mean, deviation, float(moments.largest[i]))
            units.append(unit)
        return tuple(units)

    def state(self) -> dict[str, Any]:
        """What `from_state` reads, as JSON, which has no infinity."""
        return {
            "names": list(self.names),
            "smallest": [value if np.isfinite(value) else None for value in self.smallest.tolist()],
            "plain": self.plain.state(),
            "curved": self.curved.state(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """What `state` wrote."""
        smallest = [np.inf if value is None else value for value in state["smallest"]]
        return cls(
            tuple(state["names"]),
            np.array(smallest, np.float64),
            Moments.from_state(state["plain"]),
            Moments.from_state(state["curved"]),
        )


def merged_names(names: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """The names of both, sorted, as those of a user's file are; equal ones stay in their order."""
    return names if names == others else tuple(sorted({*names, *others}))
