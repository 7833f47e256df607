"""`Survey`: what must be known of a whole table before the first of its rows is computed.

Its vocabulary, the numbers it carries and their units, its largest graph, its cells: read off a
table in memory by `setting_of`, and off one that is longer than memory here, part by part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np

from nasflow.datasets.long_table import LongTable
from nasflow.datasets.parts import Part
from nasflow.errors import DataError
from nasflow.features.base import Embedder, FeatureSetting
from nasflow.features.paths import n_cells
from nasflow.graphs.flat_arrays import MAX_OPS
from nasflow.graphs.number_summary import NumberSummary, merged_names
from nasflow.graphs.number_units import NumberUnits
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.running.in_order import in_order


@dataclass(frozen=True, eq=False)
class Survey:
    """Of the rows that were seen so far."""

    n_rows: int
    vocabulary: tuple[str, ...]
    n_nodes: int
    """Nodes of the largest graph."""
    n_cells: int
    """The largest number of cells in a row."""
    attrs: NumberSummary
    globals: NumberSummary

    @classmethod
    def of(cls, table: ArchTable) -> Self:
        """Of a table, or a part of one."""
        return cls(
            len(table),
            table.vocabulary,
            int(np.diff(table.node_ptr).max(initial=0)),
            n_cells(table),
            NumberSummary.of(table.attr_names, table.attrs),
            NumberSummary.of(table.global_names, table.globals),
        )

    def with_others(self, others: Self) -> Self:
        """Of these rows and the next ones.

        Raises:
            DataError: together they have too many operations.
        """
        vocabulary = merged_names(self.vocabulary, others.vocabulary)
        if len(vocabulary) > MAX_OPS:
            raise DataError(
                f"the table has {len(vocabulary)} different operations or more; legal: at most"
                f" {MAX_OPS}"
            )
        return type(self)(
            self.n_rows + others.n_rows,
            vocabulary,
            max(self.n_nodes, others.n_nodes),
            max(self.n_cells, others.n_cells),
            self.attrs.with_others(others.attrs),
            self.globals.with_others(others.globals),
        )

    @property
    def units(self) -> NumberUnits:
        """How the numbers are seen; see `NumberSummary` on how near to those of the whole."""
        return NumberUnits(self.attrs.units(), self.globals.units())

    def setting(self, surrogate: SurrogateConfig, embedder: Embedder | None) -> FeatureSetting:
        """What features of all rows depend on."""
        return FeatureSetting(
            self.vocabulary, self.n_nodes, self.n_cells, surrogate, {}, embedder, self.units
        )

    def state(self) -> dict[str, Any]:
        """What `from_state` reads, as JSON."""
        return {
            **vars(self),
            "vocabulary": list(self.vocabulary),
            "attrs": self.attrs.state(),
            "globals": self.globals.state(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """What `state` wrote."""
        return cls(
            state["n_rows"],
            tuple(state["vocabulary"]),
            state["n_nodes"],
            state["n_cells"],
            NumberSummary.from_state(state["attrs"]),
            NumberSummary.from_state(state["globals"]),
        )


def surveys(
    table: LongTable,
    columns: Sequence[str],
    seen: Survey | None,
    n_workers: int,
    ray: str | None,
) -> Iterator[Survey]:
    """After each part the survey of all rows so far, from those on that were seen before.

    Args:
        table: what is looked through.
        columns: numbers that it must have.
        seen: the survey of an earlier run.
        n_workers, ray: as for `in_order`.

    Raises:
        DataError, GraphError: a malformed row; of a user's table the message names the line.
        UnknownNameError: the first rows have no such column.
    """
    first_row = 0 if seen is None else seen.n_rows
    parts = table.parts(None, first_row)
    look = partial(_survey, tuple(columns), table.source)
    for of_part in in_order(look, parts, n_workers, ray=ray):
        # in the order of the parts, for the merging of units rounds
        seen = of_part if seen is None else seen.with_others(of_part)
        yield seen


def _survey(columns: tuple[str, ...], source: str, part: Part) -> Survey:
    # of a row that is malformed, and of columns that are not there, nobody should learn at the end
    return Survey.of(part.read_all(None, columns, source)[0])
