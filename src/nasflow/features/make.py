"""`Features`: several groups side by side, made once; and `to_features`, in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.errors import ConfigError
from nasflow.features.base import Embedder, FeatureGroup, FeatureSetting, FloatArray, Seen
from nasflow.features.paths import n_cells
from nasflow.features.registry import FEATURES, NUMBER_GROUPS
from nasflow.graphs.number_units import NumberUnits
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig

DEFAULT = ("paths", "counts", "one-hot", "flow")

Columns = Mapping[str, npt.ArrayLike]


class Features:
    """Groups of features over one vocabulary: a function of rows, the same for every table.

    Args:
        setting: what the columns depend on; `setting_of` reads it off a table.
        groups: names of groups, or classes.

    Example:
        >>> from nasflow.spaces.nb201 import NB201
        >>> table = NB201().enumerate()[:100]
        >>> features = Features(setting_of(table), ["paths", "counts"])
        >>> features(table).shape == (100, len(features.names))
        True
    """

    def __init__(
        self, setting: FeatureSetting, groups: Sequence[str | type[FeatureGroup]] = DEFAULT
    ) -> None:
        # a name is what the columns, the sizes and the messages show, of a class as well
        names = [group if isinstance(group, str) else FEATURES.name_of(group) for group in groups]
        if not names or len(set(names)) != len(names):
            raise ConfigError(
                f"feature groups {', '.join(names) or '(none given)'}: name each once, and at least"
                f" one of {', '.join(FEATURES.names())}"
            )
        self.setting = setting
        self._groups = {name: FEATURES.find(name)(setting) for name in names}

    @property
    def names(self) -> list[str]:
        """The name of each column, the group's before the first dot."""
        names: list[str] = []
        for group in self._groups.values():
            names += group.names
        return names

    @property
    def group_names(self) -> list[str]:
        """The names of the groups, in their order."""
        return list(self._groups)

    def names_of(self, group: str) -> list[str]:
        """The names of a group's columns."""
        names: list[str] = self._groups[group].names
        return names

    @property
    def sizes(self) -> dict[str, int]:
        """How many columns each group has, in their order."""
        return {name: len(group.names) for name, group in self._groups.items()}

    def __call__(self, table: ArchTable, columns: Columns | None = None) -> FloatArray:
        """(N, d) float64: the features of every row.

        Args:
            table: the architectures, over any vocabulary within the setting's, with any numbers
                that the setting names.
            columns: (N,) zero-cost columns by name, for the group proxies.

        Raises:
            GraphError: an operation or a number that the setting does not have; names the row.
            ConfigError: a column that is missing, or of another length.
        """
        values = {name: np.asarray(column, np.float64) for name, column in (columns or {}).items()}
        # what several groups look at, such as the live nodes, is found once and kept in `rows`
        table = table.with_vocabulary(self.setting.vocabulary)
        # a number that no column stands for would be lost without a word: it is refused
        table = table.with_numbers(self.setting.attr_names, self.setting.global_names)
        rows = Seen(table, values)
        return np.hstack([group(rows) for group in self._groups.values()])


def default_groups(table: ArchTable) -> tuple[str, ...]:
    """The groups of the graph, and those of its numbers where it carries any."""
    return groups_for(table.has_numbers)


def groups_for(has_numbers: bool) -> tuple[str, ...]:
    """The default groups of tables with numbers, or without."""
    return (*DEFAULT, *NUMBER_GROUPS) if has_numbers else DEFAULT


def setting_of(
    table: ArchTable,
    reference: Columns | None = None,
    surrogate: SurrogateConfig | None = None,
    embedder: Embedder | None = None,
) -> FeatureSetting:
    """What features depend on, read off a table such as a whole space: of other tables they are
    then the same columns.
    """
    columns = {name: np.asarray(column, np.float64) for name, column in (reference or {}).items()}
    return FeatureSetting(
        table.vocabulary,
        int(np.diff(table.node_ptr).max(initial=0)),  # the largest graph
        n_cells(table),
        surrogate or SurrogateConfig(),
        columns,
        embedder,
        NumberUnits.of(table),
    )


def to_features(
    table: ArchTable,
    groups: Sequence[str | type[FeatureGroup]] | None = None,
    *,
    proxies: Columns | None = None,
    **setting: Any,
) -> tuple[FloatArray, list[str]]:
    """(N, d) float64 and the names of its columns: features for any model.

    Args:
        table: the architectures; their vocabulary and largest graph decide which columns there are.
            For rows that come later keep a `Features`.
        groups: names of groups, or classes; by default those that `default_groups` names.
        proxies: (N,) zero-cost columns by name; without a group `proxies` among the groups they
            are not used.
        setting: `surrogate`, the options of the flow surrogate; `embedder`, such as a pre-trained
            `Predictor`, for the group embedding.

    Example:
        >>> from nasflow.spaces.nb201 import NB201
        >>> features, names = to_features(NB201().enumerate()[:10], ["counts"])
        >>> features.shape, names[1]
        ((10, 56), 'counts.none')
    """
    # the table is its own reference: ranks of its proxies are ranks among its own rows
    names = default_groups(table) if groups is None else groups
    features = Features(setting_of(table, proxies, **setting), names)
    return features(table, proxies), features.names
