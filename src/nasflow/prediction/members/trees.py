"""trees: extremely randomised trees on all features (Geurts et al., Machine Learning 63, 2006).

They find thresholds and pairs of conditions where a Gaussian process sees distances.

scikit-learn grows them. What it grew is kept in a model's file
(`nasflow.prediction.members.forest`), so that the model predicts the same bits with any version of
it, and few rows without importing it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from nasflow.prediction.members.base import FloatArray, Member, Prediction, Rows, folds
from nasflow.prediction.members.forest import Forest

N_TREES = 300
N_TREES_OF_FOLD = 100  # what is said of unseen rows is noisy by their labels, not by their trees
N_FOLDS = 8
CHUNK = 50_000  # rows at a time: the predictions of every tree for them are kept
MANY = 200_000  # rows: of more, importing scikit-learn takes less than its compiled code saves


class Trees(Member):
    """A few hundred trees, whose spread is the deviation."""

    groups: ClassVar[tuple[str, ...]] = (
        *("paths", "one-hot", "counts", "flow", "proxies"),
        # to trees a logarithm of a number is the number
        *("totals", "sums", "values"),
    )

    def fit(self, rows: Rows, scores: FloatArray) -> Self:
        """See `Member.fit`."""
        self._features, self._scores = _float32(rows, self.groups), scores
        self._grown = self._trees_of(self._features, scores)
        self._n_predicted = 0
        return self

    def predict(self, rows: Rows) -> Prediction:
        """See `Member.predict`."""
        features = _float32(rows, self.groups)
        # rows come a few thousand at a time, however many they are
        self._n_predicted += len(features)
        if not self._grown and self._n_predicted > MANY:
            self._grown = self._forest.grown(features.shape[1])
        if self._grown:
            return _of_trees(self._grown, features)
        return _blended(self._forest.predict(features))

    def state(self) -> dict[str, FloatArray]:
        """See `Member.state`: the grown trees."""
        return Forest.of(self._grown).state() if self._grown else self._forest.state()

    def restore(self, rows: Rows, scores: FloatArray, state: Mapping[str, FloatArray]) -> Self:
        """See `Member.restore`; files of earlier versions have no trees, which are grown again."""
        if not state:
            return self.fit(rows, scores)
        self._features, self._scores = _float32(rows, self.groups), scores
        self._forest = Forest.restore(state, self._features.shape[1])
        self._grown, self._n_predicted = [], 0
        return self

    def out_of_fold(self) -> Prediction:
        """See `Member.out_of_fold`: by folds, for a forest has no closed form."""
        n_rows = len(self._scores)
        fold = folds(n_rows, N_FOLDS, self.seed)
        mean, deviation = np.zeros(n_rows), np.zeros(n_rows)
        for number in range(fold.max() + 1):
            held_out = fold == number
            seen = ~held_out
            grown = self._trees_of(self._features[seen], self._scores[seen], N_TREES_OF_FOLD)
            mean[held_out], deviation[held_out] = _of_trees(grown, self._features[held_out])
        return Prediction(mean, deviation)

    def _trees_of(self, features: Any, scores: FloatArray, n_trees: int = N_TREES) -> list[Any]:
        """The fitted trees, those of scikit-learn's forest with this seed."""
        # imported here: it takes two seconds, which a model that is loaded does without
        from sklearn import config_context
        from sklearn.tree import ExtraTreeRegressor

        # one by one: a forest copies and checks each, which takes as long as growing it
        random = np.random.RandomState(self.seed)
        trees = []
        # the same options 300 times: to check them takes a third of the time
        with config_context(skip_parameter_validation=True):
            for _ in range(n_trees):
                seed = random.randint(np.iinfo(np.int32).max)
                tree = ExtraTreeRegressor(max_features=0.3, random_state=seed)
                trees.append(tree.fit(features, scores, check_input=False).tree_)
        return trees


def _float32(rows: Rows, groups: Sequence[str]) -> Any:
    """(N, d) float32, which trees compare in; a row without a feature has one that is constant."""
    parts = rows.columns(groups)
    if not parts:
        return np.zeros((len(rows), 1), np.float32)
    return np.concatenate(parts, axis=1, dtype=np.float32, casting="same_kind")


def _of_trees(grown: Sequence[Any], features: Any) -> Prediction:
    """Mean and spread over scikit-learn's trees."""
    parts = [Prediction(np.zeros(0), np.zeros(0))]
    for start in range(0, len(features), CHUNK):
        chunk = features[start : start + CHUNK]
        # tree by tree, as they are asked for: not 300 columns for a million rows
        parts.append(_blended(tree.predict(chunk)[:, 0] for tree in grown))
    mean, deviation = zip(*parts, strict=True)
    return Prediction(np.concatenate(mean), np.concatenate(deviation))


def _blended(predicted: Iterable[FloatArray]) -> Prediction:
    """Mean and spread over trees, each of which predicts (N,)."""
    n_trees, total, squares = 0, np.zeros(()), np.zeros(())
    # one after another, so that the bits are the same whoever predicts, and for how many rows
    for values in predicted:
        n_trees += 1
        total = total + values
        squares = squares + values**2
    mean = total / n_trees
    variance = squares / n_trees - mean**2
    return Prediction(mean, np.sqrt(np.maximum(variance, 0.0)))
