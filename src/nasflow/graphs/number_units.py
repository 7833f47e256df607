"""`NumberUnits`: in what units networks and surrogates see the numbers of nodes and graphs.

A number is taken as its logarithm, sign(x) log(1 + |x|), where it spans a decade or more in the
table that the units are learnt from, and then brought to mean 0 and deviation 1 over that table.
One that is missing is 0, and has a 1 in a column of its own: so is a value of its own. What is far
outside of the table is cut off at ten deviations, for no network has seen the like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from nasflow.graphs.attributes import Float32
from nasflow.graphs.flat_graphs import FlatGraphs

_DECADE = 10.0
FARTHEST = 10.0


@dataclass(frozen=True)
class Unit:
    """Of one number."""

    name: str
    logarithmic: bool
    mean: float
    deviation: float

    @classmethod
    def of(cls, name: str, column: Float32) -> Self:
        """The unit of a column (n,), NaN where there is no number."""
        values = column[~np.isnan(column)].astype(np.float64)
        sizes = np.abs(values[values != 0])
        logarithmic = cls.is_logarithmic(sizes.min(initial=np.inf), sizes.max(initial=0.0))
        curved = log1p(values) if logarithmic else values
        if not len(curved):
            return cls(name, False, 0.0, 1.0)
        largest = float(np.abs(curved).max())
        return cls.made(name, logarithmic, float(curved.mean()), float(curved.std()), largest)

    @staticmethod
    def is_logarithmic(smallest: float, largest: float) -> bool:
        """Whether a number spans a decade, by the sizes of its values but 0."""
        return bool(largest >= _DECADE * smallest)

    @classmethod
    def made(
        cls, name: str, logarithmic: bool, mean: float, deviation: float, largest: float
    ) -> Self:
        """The unit of values, in logarithms if so, with this mean and deviation.

        Args:
            name: of the number.
            logarithmic: whether it is taken as its logarithm.
            mean: of the values.
            deviation: of the values.
            largest: the largest size of a value.
        """
        # equal values, but for rounding, have no unit
        varies = deviation > 1e-6 * max(largest, 1e-6)
        return cls(name, logarithmic, mean, deviation if varies else 1.0)

    def __call__(self, column: Float32) -> npt.NDArray[np.float64]:
        """(n,) in this unit, NaN where there is none."""
        values = column.astype(np.float64)
        curved = log1p(values) if self.logarithmic else values
        return np.clip((curved - self.mean) / self.deviation, -FARTHEST, FARTHEST)


@dataclass(frozen=True)
class NumberUnits:
    """The units of all numbers of a table.

    Example:
        >>> from nasflow.graphs.architecture import Architecture
        >>> from nasflow.graphs.table import ArchTable
        >>> graph = Architecture(("a", "b", "c"), ((0, 1), (1, 2)), {"width": [1, 3, None]})
        >>> table = ArchTable.from_architectures([graph])
        >>> NumberUnits.of(table).nodes(table).tolist()
        [[-1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    """

    attrs: tuple[Unit, ...] = ()
    globals: tuple[Unit, ...] = ()

    @classmethod
    def of(cls, table: FlatGraphs) -> Self:
        """The units of a table, such as one that is pre-trained on."""
        return cls(
            tuple(map(Unit.of, table.attr_names, table.attrs.T)),
            tuple(map(Unit.of, table.global_names, table.globals.T)),
        )

    def __bool__(self) -> bool:
        return bool(self.attrs or self.globals)

    @property
    def attr_names(self) -> tuple[str, ...]:
        """The numbers of nodes."""
        return tuple(unit.name for unit in self.attrs)

    @property
    def global_names(self) -> tuple[str, ...]:
        """The numbers of graphs."""
        return tuple(unit.name for unit in self.globals)

    @property
    def n_node_columns(self) -> int:
        """Columns of `nodes`."""
        return 2 * len(self.attrs)

    @property
    def n_graph_columns(self) -> int:
        """Columns of `graphs`."""
        return 2 * len(self.globals)

    def nodes(self, table: FlatGraphs) -> Float32:
        """(n_nodes, 2 n_attrs) float32: each number in its unit, then whether it is missing.

        Raises:
            GraphError: numbers that these units do not know; names the first row with one.
        """
        return _columns(self.attrs, self._aligned(table).attrs)

    def graphs(self, table: FlatGraphs) -> Float32:
        """(N, 2 n_globals) float32: the same of the numbers of graphs."""
        return _columns(self.globals, self._aligned(table).globals)

    def _aligned(self, table: FlatGraphs) -> FlatGraphs:
        return table.with_numbers(self.attr_names, self.global_names)

    def to_dict(self) -> dict[str, list[list[Any]]]:
        """As JSON values."""
        return {
            "attrs": [[u.name, u.logarithmic, u.mean, u.deviation] for u in self.attrs],
            "globals": [[u.name, u.logarithmic, u.mean, u.deviation] for u in self.globals],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Sequence[Sequence[Any]]]) -> Self:
        """The units of what `to_dict` gave."""
        attrs = tuple(Unit(*unit) for unit in data["attrs"])
        return cls(attrs, tuple(Unit(*unit) for unit in data["globals"]))


def _columns(units: Sequence[Unit], columns: Float32) -> Float32:
    """(n, 2 n_units): values, 0 where there is none, then 1 where there is none."""
    n = len(columns)
    result = np.zeros((n, 2 * len(units)), np.float32)
    for i, unit in enumerate(units):
        values = unit(columns[:, i])
        result[:, i] = np.nan_to_num(values)
        result[:, len(units) + i] = np.isnan(values)
    return result


def log1p(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """sign(x) log(1 + |x|): a logarithm that 0 and negative numbers have too."""
    logarithm: npt.NDArray[np.float64] = np.sign(values) * np.log1p(np.abs(values))
    return logarithm
