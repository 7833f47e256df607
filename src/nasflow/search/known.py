"""Known quantities: numbers of an architecture that need no training, and conditions on them.

A quantity is a column of a data set that took no training (`params`, `latency.raspi4`, a zero-cost
proxy), or a function of the user's. A column is looked up for the very same graph first, since
twins that compute the same may differ in latency, then for a twin (`canonical_id`), since twins
have equal accuracy. NaN means not known.

A condition is written `params < 1e6` or `latency.raspi4 <= 10`. What is not known meets no
condition.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from reprlib import repr as short

import numpy as np
import numpy.typing as npt

from nasflow.datasets.base import Dataset
from nasflow.errors import ConfigError, NasflowError, unknown_name
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.running.numbers import element_of, number_in, number_of

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Function = Callable[[Architecture], float]

_MAX_COMPUTED = 20_000  # of each function: the candidates of a few proposals

_COMPARISONS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}
_CONDITION = re.compile(r"\s*(\S+?)\s*(<=|>=|<|>)\s*(\S+)\s*")


@dataclass(frozen=True)
class Constraint:
    """A bound on a known quantity."""

    quantity: str
    comparison: str
    bound: float

    @classmethod
    def parse(cls, text: str) -> Constraint:
        """The constraint that `text` states, such as `params < 1e6`.

        Raises:
            ConfigError: it states none.
        """
        match = _CONDITION.fullmatch(text)
        bound = number_in(match[3]) if match else None
        # "nan" is a number to its reader, and bounds nothing
        if match is None or bound is None or math.isnan(bound):
            raise ConfigError(
                f"constraint {text!r} is no condition; legal: a quantity, one of "
                f"{' '.join(_COMPARISONS)}, a number, such as 'params < 1e6'"
            )
        return cls(match[1], match[2], bound)

    def __str__(self) -> str:
        return f"{self.quantity} {self.comparison} {self.bound:g}"

    def holds(self, values: FloatArray) -> BoolArray:
        """(N,) bool: where the condition is met; never where the value is NaN."""
        met: BoolArray = _COMPARISONS[self.comparison](values, self.bound)
        return met


class Known:
    """The known quantities of a space.

    Args:
        dataset: its metrics that took no training are quantities.
        functions: quantities to compute, by name: `f(architecture) -> number`. They come before
            columns.
    """

    def __init__(
        self, dataset: Dataset | None = None, functions: Mapping[str, Function] | None = None
    ) -> None:
        self._dataset = dataset
        self._functions = dict(functions or {})
        self._remembered: dict[str, dict[bytes, float]] = {}
        # both made on first use: hashing a whole data set takes seconds
        self._row_of_graph: dict[bytes, int] | None = None
        self._row_of_twin: dict[str, int] | None = None

    @property
    def names(self) -> list[str]:
        """The quantities there are."""
        columns = []
        if self._dataset is not None:
            metrics = self._dataset.metrics.values()
            columns = [metric.name for metric in metrics if not metric.trained]
        return [*self._functions, *columns]

    def maximise(self, name: str) -> bool:
        """Whether more of a quantity is better; of a function, less is."""
        self.require(name)
        if name in self._functions or self._dataset is None:
            return False
        return self._dataset.metric(name).maximise

    def require(self, name: str) -> None:
        """Return if there is such a quantity.

        Raises:
            UnknownNameError: there is none; the message lists the names.
        """
        if name not in self.names:
            legal = self.names or ["(none: name a data set or give a function)"]
            raise unknown_name("known quantity", name, legal)

    def values(self, name: str, table: ArchTable) -> FloatArray:
        """(N,) float64: a quantity of every row of a table, NaN where it is not known.

        Raises:
            ConfigError: a function raised, or returned no number.
        """
        self.require(name)
        if name in self._functions:
            return self._computed_once(name, table)
        assert self._dataset is not None
        column = self._dataset.proxy(name)
        rows = self._rows_of(table, self._dataset.table)
        return np.where(rows >= 0, column[rows], np.nan)

    def _computed_once(self, name: str, table: ArchTable) -> FloatArray:
        """(N,): a function of every row; of a search's last few thousand it is not asked again."""
        computed, function = self._remembered.setdefault(name, {}), self._functions[name]
        values = np.zeros(len(table))
        for row, key in enumerate(_keys(table)):
            value = computed.get(key)
            if value is None:
                # a constraint asks of each candidate, and the second objective once more
                if len(computed) >= _MAX_COMPUTED:
                    computed.clear()
                value = computed[key] = _computed(name, function, table[row])
            values[row] = value
        return values

    def _rows_of(self, table: ArchTable, reference: ArchTable) -> npt.NDArray[np.int64]:
        """(N,): the row of the data set that is each graph, else a twin of it, else -1."""
        if table is reference:
            return np.arange(len(table))
        if self._row_of_graph is None:
            self._row_of_graph = {key: row for row, key in enumerate(_keys(reference))}
        rows = [self._row_of_graph.get(key, -1) for key in _keys(table)]
        missing = [i for i, row in enumerate(rows) if row < 0]
        if not missing:
            return np.array(rows, np.int64)
        # canonical ids cost more than keys: they are computed of the rest alone
        if self._row_of_twin is None:
            ids = reference.canonical_ids.tolist()
            # from the last row to the first, so that the first of a class stays
            self._row_of_twin = {ids[row]: row for row in range(len(ids) - 1, -1, -1)}
        missing_ids = table[np.array(missing)].canonical_ids.tolist()
        for i, canonical_id in zip(missing, missing_ids, strict=True):
            rows[i] = self._row_of_twin.get(canonical_id, -1)
        return np.array(rows, np.int64)


def _computed(name: str, function: Function, architecture: Architecture) -> float:
    """What a user's function says of an architecture."""
    try:
        value = function(architecture)
    except NasflowError:
        raise  # it says what is wrong
    except Exception as error:
        fault = f"raised {type(error).__name__}: {error}"
        raise _of_function(name, fault, architecture) from error
    element = element_of(value)
    # a truth value is the user's 0 or 1
    number = float(element) if isinstance(element, bool) else number_of(element)
    if number is None:
        raise _of_function(name, f"is {short(value)}, no number,", architecture)
    return number


def _of_function(name: str, fault: str, architecture: Architecture) -> ConfigError:
    """The error for a function that gives no number."""
    return ConfigError(
        f"quantity {name!r} {fault} of the architecture {short(list(architecture.ops))}; its"
        " function must return a number for every architecture of the space (nan where it is not"
        " known)"
    )


def _keys(table: ArchTable) -> list[bytes]:
    """A key of every row: equal for equal graphs with equal numbers, whatever the vocabulary."""
    names = [name.encode() + b"\0" for name in table.vocabulary]
    # one width for all tables: theirs may differ, and bytes are compared
    edges = table.edges.astype(np.int32)  # (2, n_edges)
    node_ptr, edge_ptr = table.node_ptr.tolist(), table.edge_ptr.tolist()
    keys = []
    for i in range(len(table)):
        ops = table.ops[node_ptr[i] : node_ptr[i + 1]].tolist()
        edges_of_row = edges[:, edge_ptr[i] : edge_ptr[i + 1]]
        keys.append(b"".join(names[op] for op in ops) + edges_of_row.tobytes())
    if not table.has_numbers:
        return keys
    return [key + numbers for key, numbers in zip(keys, _keys_of_numbers(table), strict=True)]


def _keys_of_numbers(table: ArchTable) -> Iterator[bytes]:
    """A key of every row's numbers: names and values of those that it has."""
    attrs, node_ptr = table.attrs.T, table.node_ptr.tolist()  # (n_attrs, n_nodes)
    in_graphs = table.globals.T  # (n_globals, N)
    for row in range(len(table)):
        nodes = slice(node_ptr[row], node_ptr[row + 1])
        parts = []
        # a column that a row has nothing in may be missing in another table
        for kind, names, columns, which in (
            (b"\1", table.attr_names, attrs, nodes),
            (b"\2", table.global_names, in_graphs, slice(row, row + 1)),
        ):
            for name, column in zip(names, columns, strict=True):
                values = column[which]
                if not np.isnan(values).all():
                    # one bit pattern for 0 and -0, and one for all NaNs
                    plain = np.where(np.isnan(values), np.float32(np.nan), values + np.float32(0))
                    parts += [kind, name.encode(), b"\0", plain.tobytes()]
        yield b"".join(parts)


def met(constraints: Sequence[Constraint], known: Known, table: ArchTable) -> BoolArray:
    """(N,) bool: which rows of a table of elements meet all constraints."""
    feasible = np.ones(len(table), bool)
    for constraint in constraints:
        feasible &= constraint.holds(known.values(constraint.quantity, table))
    return feasible
