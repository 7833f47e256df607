"""`FeatureGroup`: the interface of a group of features, and what it is given.

A group is made once, from what must be the same for every table (`FeatureSetting`), and is then a
function of rows. Adding one is one file with one subclass.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from nasflow.graphs.number_units import NumberUnits
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.running.cached import cached_property

FloatArray = npt.NDArray[np.float64]


class Embedder(Protocol):
    """What turns graphs into vectors, such as a pre-trained `nasflow.Predictor`."""

    def embed(self, table: ArchTable, /) -> npt.NDArray[np.float32]:
        """(N, width): a vector for each row, which depends on that row alone."""


@dataclass(frozen=True)
class FeatureSetting:
    """What the columns of features depend on, besides the row."""

    vocabulary: tuple[str, ...]
    """The operations that may occur."""
    n_nodes: int
    """Nodes of the largest graph that has all of its positions in one-hot features."""
    n_cells: int = 1
    """Cells that graphs are made of; with more than one, paths are counted in each as well."""
    surrogate: SurrogateConfig = field(default_factory=SurrogateConfig)
    """How the flow surrogate is made."""
    reference: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    """Zero-cost columns by name: what values are ranked among."""
    embedder: Embedder | None = None
    """What turns graphs into vectors, for the group embedding."""
    units: NumberUnits = field(default_factory=NumberUnits)
    """The numbers that nodes and graphs may carry, and their units in the surrogate."""

    @property
    def attr_names(self) -> tuple[str, ...]:
        """The numbers that nodes may carry."""
        return self.units.attr_names

    @property
    def global_names(self) -> tuple[str, ...]:
        """The numbers that graphs may carry."""
        return self.units.global_names


@dataclass(frozen=True, eq=False)
class Seen:
    """Rows as groups see them."""

    table: ArchTable
    """The rows as they are, over the setting's vocabulary and names of numbers."""
    columns: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    """(N,) zero-cost columns by name, for these rows."""

    @classmethod
    def nothing(cls, setting: FeatureSetting) -> Seen:
        """No rows at all."""
        table = ArchTable.from_architectures([], setting.vocabulary)
        return cls(table.with_numbers(setting.attr_names, setting.global_names))

    @cached_property
    def pruned(self) -> ArchTable:
        """The rows as they compute."""
        return self.table.pruned() if len(self.table) else self.table


class FeatureGroup(ABC):
    """Some numbers for each architecture.

    Args:
        setting: what the columns depend on.
    """

    def __init__(self, setting: FeatureSetting) -> None:
        self.setting = setting

    @property
    @abstractmethod
    def names(self) -> list[str]:
        """The names of the columns."""

    @abstractmethod
    def __call__(self, rows: Seen) -> FloatArray:
        """(N, d) float64: the numbers of each row, which depend on that row alone."""
