"""trees: extremely randomised trees on all features (Geurts et al., Machine Learning 63, 2006).

They find thresholds and pairs of conditions where a Gaussian process sees distances.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np

from nasflow.prediction.members.base import FloatArray, Member, Prediction, Rows

N_TREES = 300
N_TREES_OF_FOLD = 100  # what is said of unseen rows is noisy by their labels, not by their trees
N_FOLDS = 8
CHUNK = 50_000  # rows at a time: the predictions of every tree for them are kept


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
        self._forest = self._forest_of(self._features, scores)
        return self

    def predict(self, rows: Rows) -> Prediction:
        """See `Member.predict`."""
        return _of_trees(self._forest, _float32(rows, self.groups))

    def out_of_fold(self) -> Prediction:
        """See `Member.out_of_fold`: by folds, for a forest has no closed form."""
        n_rows = len(self._scores)
        fold = np.random.RandomState(self.seed).permutation(n_rows) % min(N_FOLDS, n_rows)
        mean, deviation = np.zeros(n_rows), np.zeros(n_rows)
        for number in range(fold.max() + 1):
            held_out = fold == number
            seen = ~held_out
            forest = self._forest_of(self._features[seen], self._scores[seen], N_TREES_OF_FOLD)
            mean[held_out], deviation[held_out] = _of_trees(forest, self._features[held_out])
        return Prediction(mean, deviation)

    def _forest_of(self, features: Any, scores: FloatArray, n_trees: int = N_TREES) -> list[Any]:
        """The fitted trees, those of scikit-learn's forest with this seed."""
        # imported here: it takes half a second, which `import nasflow` need not
        from sklearn.tree import ExtraTreeRegressor

        # one by one: a forest copies and checks each, which takes as long as growing it
        random = np.random.RandomState(self.seed)
        trees = []
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


def _of_trees(forest: Sequence[Any], features: Any) -> Prediction:
    """Mean and spread over the trees."""
    mean, deviation = np.zeros(len(features)), np.zeros(len(features))
    for start in range(0, len(features), CHUNK):
        rows = slice(start, start + CHUNK)
        # tree by tree, one sum and one sum of squares: not 300 columns for a million rows
        chunk = features[rows]
        total, squares = np.zeros(len(chunk)), np.zeros(len(chunk))
        for tree in forest:
            predicted = tree.predict(chunk)[:, 0]
            total += predicted
            squares += predicted**2
        mean[rows] = total / len(forest)
        variance = squares / len(forest) - mean[rows] ** 2
        deviation[rows] = np.sqrt(np.maximum(variance, 0.0))
    return Prediction(mean, deviation)
