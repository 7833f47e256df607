"""`as_table`: architectures in whatever form a user has them, as an `ArchTable`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.errors import DataError, GraphError, NasflowError, not_fitted
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.prediction.proxy_ranks import Columns
from nasflow.running.json_text import strict_json
from nasflow.spaces.base import Space
from nasflow.spaces.json_text import notation_of
from nasflow.spaces.registry import load_space

NOTHING_SEEN = "the predictor has seen no architecture yet: call pretrain or fit first"

Architectures = ArchTable | Sequence[Any] | Iterable[Any]
"""A table, or a sequence of `Architecture`, of dictionaries or JSON texts with ops and edges, of
networkx graphs, or of texts in a space's notation; a pandas column of any of these."""

Labelled = tuple[Architectures, npt.ArrayLike] | tuple[Architectures, npt.ArrayLike, Columns]
"""Architectures, their labels, and columns that need no training, where there are some."""

FloatArray = npt.NDArray[np.float64]

MAX_LABEL = 1e300  # predictions reach beyond the labels, and must stay numbers

_LEGAL = (
    "an ArchTable, or a sequence of Architecture, of networkx graphs, of dictionaries or JSON texts"
    ' {"ops": [...], "edges": [...]}, or, with space=, of texts in the notation of the space'
)


def as_table(
    architectures: Architectures,
    space: Space | None = None,
    vocabulary: Sequence[str] | None = None,
) -> ArchTable:
    """The architectures as a table.

    Args:
        architectures: in any of the forms above; a table comes back as it is.
        space: whose notation texts are in, and whose `graph` a predictor sees.
        vocabulary: the operations that may occur; by default those that do.

    Raises:
        GraphError: a row that is no architecture; names it.
        DataError: something that holds no architectures; says what is legal.

    Example:
        >>> as_table(['{"ops": ["input", "conv"], "edges": [[0, 1]]}']).vocabulary
        ('conv', 'input')
    """
    if isinstance(architectures, ArchTable):
        return architectures
    if isinstance(architectures, (str, bytes, Mapping, Architecture)) or not isinstance(
        architectures, Iterable
    ):
        kind = type(architectures).__name__
        raise DataError(f"a single {kind} is no collection of architectures; legal: {_LEGAL}")
    if type(architectures).__module__.partition(".")[0] == "networkx":
        raise DataError(f"a single networkx graph is no collection of them; legal: {_LEGAL}")
    rows = []
    for row, value in enumerate(architectures):
        try:
            rows.append(_architecture(value, space))
        except NasflowError as error:
            raise GraphError(f"row {row}: {error}") from None
    if vocabulary is None and space is not None:
        vocabulary = space.ops
    return ArchTable.from_architectures(rows, vocabulary or (None if rows else ("input",)))


class TakesArchitectures:
    """What takes architectures in any of the forms above, over one vocabulary."""

    space: Space | str | None
    vocabulary: tuple[str, ...] | None
    _vocabulary: tuple[str, ...] | None = None  # of the first table that was seen

    @property
    def vocabulary_(self) -> tuple[str, ...]:
        """The operations that it knows.

        Raises:
            NotFittedError: no table was seen yet, and no vocabulary given.
        """
        known = self._known_vocabulary()
        if known is None:
            raise not_fitted(NOTHING_SEEN)
        return known

    def _table(self, architectures: Architectures) -> ArchTable:
        """The architectures as a table; a table stays as it is, whatever its vocabulary."""
        space = load_space(self.space) if isinstance(self.space, str) else self.space
        return as_table(architectures, space, self._known_vocabulary())

    def _known_vocabulary(self) -> tuple[str, ...] | None:
        """The operations that are known before a table is seen."""
        return self._vocabulary or self.vocabulary

    def _labelled(
        self, rows: Labelled | None
    ) -> tuple[tuple[ArchTable, FloatArray] | None, Columns]:
        """Labelled rows as a table over the vocabulary, their labels, and their columns."""
        if rows is None:
            return None, {}
        table, labels, *columns = rows
        graphs = self._table(table).with_vocabulary(self.vocabulary_)
        return (graphs, as_labels(labels)), columns[0] if columns else {}


def _architecture(value: Any, space: Space | None) -> Architecture:
    if isinstance(value, str):
        value = _parsed(value, space)
    elif space is not None and _is_notation(value):
        # what JSON writes of a notation: a matrix and operations, a tuple of numbers, an index
        value = space.parse(notation_of(value))
    if isinstance(value, Mapping):
        value = Architecture.from_dict(value)
    elif type(value).__module__.partition(".")[0] == "networkx" or _is_networkx(value):
        from nasflow.importers.networkx import from_networkx

        value = from_networkx(value)
    if not isinstance(value, Architecture):
        raise DataError(f"{value!r} of type {type(value).__name__} is no architecture")
    return value if space is None else space.graph(value)


def _is_notation(value: Any) -> bool:
    """Whether a value that is no text may be a space's own notation."""
    if isinstance(value, Mapping):
        return not {"ops", "edges"} <= value.keys()
    return isinstance(value, (list, tuple)) or type(value) is int


def _is_networkx(value: Any) -> bool:
    """Whether it is a graph of a class that somebody derived from networkx's."""
    return any(base.__module__.startswith("networkx.") for base in type(value).__mro__)


def _parsed(text: str, space: Space | None) -> Any:
    """What a text holds: JSON, or the notation of the space."""
    if text.lstrip().startswith("{"):
        try:
            content = strict_json(text)
            # a space may write its notation in JSON too
            if space is None or not _is_notation(content):
                return content
        except ValueError as error:
            if space is None:
                raise DataError(f"{text[:60]!r} is no JSON ({error})") from None
    if space is None:
        raise DataError(
            f"{text[:60]!r} is a text that is no JSON; whose notation is it? name the space:"
            " Predictor(space=...)"
        )
    return space.parse(text)


def as_labels(labels: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """(N,) float64: the labels as numbers.

    Raises:
        DataError: a value that is no number, or none that float64 can hold; names the row.
    """
    if isinstance(labels, np.ma.MaskedArray):
        # a masked value was not measured
        labels = np.where(np.ma.getmaskarray(labels), np.nan, np.ma.getdata(labels))
    try:
        return np.asarray(labels, np.float64)
    except (TypeError, ValueError, OverflowError):
        for row, value in enumerate(np.asarray(labels, object).reshape(-1).tolist()):
            try:
                float(value)
            except (TypeError, ValueError, OverflowError):
                shown = repr(value) if len(repr(value)) <= 40 else f"{repr(value)[:40]}..."
                raise DataError(
                    f"label of row {row} is {shown}; a label is a finite number"
                ) from None
        raise


def check_labels(table: ArchTable, labels: FloatArray, what: str) -> None:
    """Return if there is one finite label for each row, and two different ones.

    Raises:
        DataError: otherwise; names the row.
    """
    if labels.shape != (len(table),):
        raise DataError(
            f"{what}s have shape {labels.shape}; {len(table)} architectures need ({len(table)},)"
        )
    bad = np.flatnonzero(~np.isfinite(labels))
    if len(bad):
        raise DataError(
            f"{what} of row {int(bad[0])} is {labels[bad[0]]}; leave out what was not measured"
        )
    too_large = np.flatnonzero(np.abs(labels) > MAX_LABEL)
    if len(too_large):
        row = int(too_large[0])
        raise DataError(
            f"{what} of row {row} is {labels[row]:g}; beyond {MAX_LABEL:g} predictions would"
            " overflow: use another unit"
        )
    if len(labels) < 2 or np.ptp(labels) == 0:
        raise DataError(
            f"{what}s {labels[:3].tolist()} ... hold no two different values: there is nothing to"
            " rank"
        )
