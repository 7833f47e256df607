r"""additive: what each node costs, added up over the graph, in the label's own unit.

For latency, energy, memory. A node v of operation o with numbers a[v] costs

    c[o] + sum over numbers i of  s[o, i] a_i[v] + r[o, i] sqrt(a_i[v])          all at least 0

and a graph what its nodes cost. The square root is for what small layers waste. Only numbers that
span a decade or more take part: multiply-adds, parameters, outputs, widths. The rates minimise

    sum over rows of (cost / label - 1)^2  +  PULL^2 sum over o, i of (rate[o, i] - shared[i])^2

with the rates in units of their share of a label: an operation that few labelled graphs have, or
none, costs about what others do. Least squares with non-negative unknowns (Lawson and Hanson 1974).

Where labels are not positive, all of a size as accuracies are, or no such sums, as rows tell that
were not seen, it has nothing to say but the mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import numpy as np
import numpy.typing as npt

from nasflow.graphs.number_units import NumberUnits
from nasflow.graphs.table import ArchTable
from nasflow.prediction.blend_weights import DETERMINED, left_open
from nasflow.prediction.members.base import FloatArray, Member, Prediction, Rows, folds
from nasflow.prediction.score_scale import may_be_costs

N_FOLDS = 8
PULL = 0.35  # rates of operations, in shares of a label, are apart by about a quarter of its noise
RIDGE = 0.01  # one answer, where columns say the same
FARTHEST = 100.0  # times beyond the labels: what no prediction leaves
LARGEST_SHARE = 1e140  # of an amount in a label: sums of its squares are numbers still


class Additive(Member):
    """Non-negative rates of operations and their numbers, learnt from relative errors."""

    groups = ()
    reads_graph = True
    _rates: FloatArray | None

    def fit(self, rows: Rows, scores: FloatArray) -> Self:
        """See `Member.fit`."""
        self._begin(scores)
        if self.scale is None or not rows.table.has_numbers:
            return self
        labels = self.scale.labels(scores)
        if not may_be_costs(labels):
            return self
        self._ends = np.array([labels.min() / FARTHEST, labels.max() * FARTHEST])
        table = rows.table.pruned()
        units = NumberUnits.of(table).attrs
        self._numbers = np.array([i for i, unit in enumerate(units) if unit.logarithmic], np.int64)
        amounts = self._amounts(table)
        # labels of 1e-310, or amounts of 1e38 beside others of 1
        if amounts.max() > labels.min() * LARGEST_SHARE:
            return self
        n_rows = len(labels)
        fold = folds(n_rows, N_FOLDS, self.seed)
        unseen = np.zeros(n_rows)
        for number in range(fold.max() + 1):
            held_out = fold == number
            rates = _rates(amounts[~held_out], labels[~held_out])
            unseen[held_out] = self._costs(amounts[held_out], rates)
        unseen_scores = self.scale.scores_of(unseen)
        # labels that are far apart without being sums
        if left_open(unseen_scores, scores) > DETERMINED:
            return self
        self._unseen = unseen_scores
        self._deviation = float(np.sqrt(((self._unseen - scores) ** 2).mean())) or 1.0
        self._rates = _rates(amounts, labels)
        return self

    def predict(self, rows: Rows) -> Prediction:
        """See `Member.predict`."""
        mean = np.full(len(rows), self._mean)
        if self._rates is not None and len(rows):
            assert self.scale is not None  # otherwise there would be no rates
            amounts = self._amounts(rows.table.pruned())
            mean = self.scale.scores_of(self._costs(amounts, self._rates))
        return Prediction(mean, np.full(len(rows), self._deviation))

    def out_of_fold(self) -> Prediction:
        """See `Member.out_of_fold`."""
        return Prediction(self._unseen, np.full(len(self._unseen), self._deviation))

    def state(self) -> dict[str, FloatArray]:
        """See `Member.state`: the rates, and how far they are off."""
        if self._rates is None:
            return {}
        return {
            "rates": self._rates,
            "numbers": self._numbers.astype(np.float64),
            "ends": self._ends,
            "deviation": np.array([self._deviation]),
        }

    def restore(self, rows: Rows, scores: FloatArray, state: Mapping[str, FloatArray]) -> Self:
        """See `Member.restore`."""
        del rows  # what was learnt of them is in the rates
        self._begin(scores)
        if state:
            self._rates, self._ends = state["rates"], state["ends"]
            self._numbers = state["numbers"].astype(np.int64)
            self._deviation = float(state["deviation"][0])
        return self

    def _begin(self, scores: FloatArray) -> None:
        """Nothing to say but the mean, so far."""
        self._mean, self._deviation = float(scores.mean()), float(scores.std()) or 1.0
        self._unseen = np.full(len(scores), self._mean)
        self._rates = None

    def _costs(self, amounts: FloatArray, rates: FloatArray) -> FloatArray:
        """(N,): what graphs of `amounts` (N, n_ops, n_columns) cost, within bounds."""
        costs: FloatArray = np.clip(np.einsum("nok,ok->n", amounts, rates), *self._ends)
        return costs

    def _amounts(self, table: ArchTable) -> FloatArray:
        """(N, n_ops, 1 + 2 n_numbers): nodes of each operation, sums of numbers and their roots."""
        numbers = np.nan_to_num(np.abs(table.attrs[:, self._numbers].astype(np.float64)))
        of_nodes = np.hstack([np.ones((len(numbers), 1)), numbers, np.sqrt(numbers)])
        group = table.node_graph * table.n_ops + table.ops
        n_groups = len(table) * table.n_ops
        sums = [np.bincount(group, column, n_groups) for column in of_nodes.T]
        # counts come as integers, sums as floats
        columns = np.stack(sums, axis=1).astype(np.float64)
        return columns.reshape(len(table), table.n_ops, -1)


def _rates(amounts: FloatArray, labels: FloatArray) -> FloatArray:
    """(n_ops, n_columns): what one of each amount costs; see this module's first page."""
    n_rows, n_ops, n_columns = amounts.shape
    relative = amounts / labels[:, None, None]
    # a rate of 1 is then a column that makes up the whole label, in the mean
    share = relative.sum(axis=1).mean(axis=0)
    unit = np.where(share > 0, 1 / np.where(share > 0, share, 1.0), 0.0)
    # operations that no row has cost what is shared, and are no unknowns
    seen = np.flatnonzero(amounts.any(axis=(0, 2)))
    errors = (relative * unit)[:, seen].reshape(n_rows, -1)
    n_own = errors.shape[1]
    # unknowns: the rates of each operation, then the shared ones
    pulls = PULL * np.hstack([np.eye(n_own), -np.tile(np.eye(n_columns), (len(seen), 1))])
    ridge = RIDGE * np.hstack([np.zeros((n_columns, n_own)), np.eye(n_columns)])
    matrix = np.vstack([np.hstack([errors, np.zeros((n_rows, n_columns))]), pulls, ridge])
    wanted = np.zeros(len(matrix))
    wanted[:n_rows] = 1.0
    found = _non_negative(matrix, wanted)
    rates = np.tile(found[n_own:] * unit, (n_ops, 1))
    rates[seen] = found[:n_own].reshape(len(seen), n_columns) * unit
    return rates


def _non_negative(matrix: FloatArray, wanted: FloatArray) -> npt.NDArray[np.float64]:
    """(d,): what brings a matrix (n, d) nearest to `wanted` (n,), all of it at least 0."""
    # here, as wherever models are fitted: it takes a tenth of a second to import
    from scipy.optimize import nnls

    # the triangle has the same errors but for a constant, whatever the number of rows
    orthogonal, triangle = np.linalg.qr(matrix)
    found, _ = nnls(triangle, orthogonal.T @ wanted, maxiter=30 * matrix.shape[1])
    return np.asarray(found, np.float64)
