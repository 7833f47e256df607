"""Members of a blend that were tried and are not in it: `tries.py` says what they add.

Processes on features that the others do not have, and models of scikit-learn on those that they
have.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.cross_decomposition import PLSRegression
from sklearn.ensemble import BaggingRegressor, GradientBoostingRegressor
from sklearn.linear_model import LassoCV
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from nasflow.features.base import FeatureGroup, FloatArray, Seen
from nasflow.features.registry import FEATURES
from nasflow.graphs.table import ArchTable
from nasflow.prediction.members.base import Member, Prediction, Rows
from nasflow.prediction.members.gaussian_process import GroupsGP

WIDTH = 384  # columns that sequences are hashed to: NAS-Bench-101 has 364 of them
MOST = 3.0  # a sequence that many paths have counts no more: it would drown all others
DEPTHS = 8  # steps from an end that are told apart
N_FOLDS = 8


class Sequences(FeatureGroup):
    """Sequences of operations on the paths from input to output, as counts.

    After the path encoding of White et al. (BANANAS, AAAI 2021), for any operations and any depth.
    """

    @property
    def names(self) -> list[str]:
        """`sequences.17`: the column."""
        return [f"sequences.{column}" for column in range(WIDTH)]

    def __call__(self, rows: Seen) -> FloatArray:
        """(N, WIDTH): how many paths have a sequence that is hashed to the column."""
        table = rows.pruned
        source, target = table.global_edges()
        generation = _depth(table, source, target)
        # a path that goes on by an operation moves to another column: that of the longer sequence
        draw = np.random.RandomState(0)
        moves = np.stack([draw.permutation(WIDTH) for _ in table.vocabulary])
        is_input = np.bincount(target, minlength=len(table.ops)) == 0
        is_output = np.bincount(source, minlength=len(table.ops)) == 0
        counts = np.zeros((len(table.ops), WIDTH), np.float32)
        counts[is_input, 0] = 1
        for step in range(1, int(generation.max(initial=0)) + 1):
            ends_here = generation[target] == step
            np.add.at(counts, target[ends_here], counts[source[ends_here]])
            nodes = np.flatnonzero(generation == step)
            counts[nodes] = np.take_along_axis(counts[nodes], moves[table.ops[nodes]], axis=1)
        totals = np.zeros((len(table), WIDTH))
        np.add.at(totals, table.node_graph[is_output], counts[is_output])
        return np.minimum(totals, MOST)


class Places(FeatureGroup):
    """Where operations stand: how often each is so many steps from the input, and the output."""

    @property
    def names(self) -> list[str]:
        """`places.input.2.conv3x3`: the end, the steps from it, the operation."""
        steps = range(DEPTHS)
        return [
            f"places.{end}.{step}.{operation}"
            for end in ("input", "output")
            for step in steps
            for operation in self.setting.vocabulary
        ]

    def __call__(self, rows: Seen) -> FloatArray:
        """(N, 2 * DEPTHS * n_ops): counts; the longest way is meant."""
        table = rows.pruned
        source, target = table.global_edges()
        counts = np.zeros((len(table), 2, DEPTHS, table.n_ops))
        for end, depth in enumerate((_depth(table, source, target), _depth(table, target, source))):
            cell = (table.node_graph, end, np.minimum(depth, DEPTHS - 1), table.ops)
            np.add.at(counts, cell, 1)
        return counts.reshape(len(table), -1)


def _depth(table: ArchTable, source: Any, target: Any) -> Any:
    """(n_nodes,): edges on the longest way to each node."""
    depth = np.zeros(len(table.ops), np.int64)
    while True:
        deeper = depth.copy()
        np.maximum.at(deeper, target, depth[source] + 1)
        if np.array_equal(deeper, depth):
            return depth
        depth = deeper


class SequencesGP(GroupsGP):
    """The process on sequences of operations and counts."""

    groups = (FEATURES.name_of(Sequences), "counts")


class PlacesGP(GroupsGP):
    """The process on places and counts."""

    groups = (FEATURES.name_of(Places), "counts")


class NeighbourhoodsGP(GroupsGP):
    """The process on Weisfeiler-Lehman neighbourhoods and counts."""

    groups = ("wl", "counts")


class OfScikitLearn(Member):
    """A model of scikit-learn on the features of the graph; folds say what it makes of unseen."""

    groups: ClassVar[tuple[str, ...]] = ("paths", "one-hot", "counts", "flow")

    @abstractmethod
    def model(self) -> Any:
        """A model, not yet fitted."""

    def fit(self, rows: Rows, scores: FloatArray) -> Self:
        """See `Member.fit`."""
        features = np.hstack(rows.columns(self.groups))
        order = KFold(N_FOLDS, shuffle=True, random_state=self.seed)
        self._unseen = np.ravel(cross_val_predict(self.model(), features, scores, cv=order))
        self._deviation = float(np.std(self._unseen - scores))
        self._model = self.model().fit(features, scores)
        return self

    def predict(self, rows: Rows) -> Prediction:
        """See `Member.predict`."""
        mean = np.ravel(self._model.predict(np.hstack(rows.columns(self.groups))))
        return Prediction(mean, np.full(len(mean), self._deviation))

    def out_of_fold(self) -> Prediction:
        """See `Member.out_of_fold`."""
        return Prediction(self._unseen, np.full(len(self._unseen), self._deviation))


class SupportVectors(OfScikitLearn):
    """Support vectors with a squared exponential, their two scales by cross-validation."""

    def model(self) -> Any:
        """See `OfScikitLearn.model`."""
        scales = {"svr__C": [1, 3, 10, 30], "svr__gamma": [3e-4, 1e-3, 3e-3, 1e-2, 3e-2]}
        return GridSearchCV(make_pipeline(StandardScaler(), SVR(epsilon=0.05)), scales, cv=4)


class Boosting(OfScikitLearn):
    """200 boosted trees of three levels, on half of the rows and a fifth of the columns."""

    def model(self) -> Any:
        """See `OfScikitLearn.model`."""
        return GradientBoostingRegressor(
            n_estimators=200,
            max_depth=3,
            learning_rate=0.05,
            subsample=0.5,
            max_features=0.2,
            random_state=self.seed,
        )


class Perceptrons(OfScikitLearn):
    """The mean of six perceptrons with two hidden layers of 64."""

    def model(self) -> Any:
        """See `OfScikitLearn.model`."""
        one = MLPRegressor(
            hidden_layer_sizes=(64, 64), alpha=0.1, max_iter=300, learning_rate_init=3e-3
        )
        six = BaggingRegressor(one, n_estimators=6, bootstrap=False, random_state=self.seed)
        return make_pipeline(StandardScaler(), six)


class PartialLeastSquares(OfScikitLearn):
    """Least squares on a few directions, how many by cross-validation."""

    def model(self) -> Any:
        """See `OfScikitLearn.model`."""
        numbers = {"plsregression__n_components": [2, 4, 7, 12]}
        return GridSearchCV(make_pipeline(StandardScaler(), PLSRegression()), numbers, cv=4)


class Lasso(OfScikitLearn):
    """A line on few columns, how few by cross-validation."""

    def model(self) -> Any:
        """See `OfScikitLearn.model`."""
        return make_pipeline(StandardScaler(), LassoCV(cv=5))


TRIED: dict[str, type[Member]] = {
    "process on sequences of operations": SequencesGP,
    "process on places of operations": PlacesGP,
    "process on Weisfeiler-Lehman neighbourhoods": NeighbourhoodsGP,
    "support vectors": SupportVectors,
    "boosted trees": Boosting,
    "perceptrons": Perceptrons,
    "partial least squares": PartialLeastSquares,
    "lasso": Lasso,
}
