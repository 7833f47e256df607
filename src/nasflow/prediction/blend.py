"""`Blend`: several models of hand-made features, weighted by what each predicts of unseen labels.

No graph network and no pre-training: seconds for a few hundred labels. Labels are learnt as normal
scores of their ranks. Every member says what it would have predicted of each labelled row without
that row's label; from these predictions come the weights, the standard deviations and the
intervals, so that all labels train and none is held back.

    blend = Blend().fit(table, labels)
    blend.weights_                      what each member has to say; 0 if it adds nothing
    blend.predict(others)               in the labels' unit
    blend.interval(others, 0.9)         where nine of ten labels will lie
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
import scipy.optimize

from nasflow.errors import ConfigError, DataError, not_fitted
from nasflow.features.base import FeatureGroup
from nasflow.features.make import Columns, Features, setting_of
from nasflow.graphs.table import ArchTable
from nasflow.prediction.estimator import Estimator
from nasflow.prediction.inputs import Architectures, TakesArchitectures, as_labels
from nasflow.prediction.members.base import Blocks, FloatArray, Member, Prediction
from nasflow.prediction.members.registry import MEMBERS
from nasflow.prediction.score_scale import ScoreScale
from nasflow.spaces.base import Space

GROUPS = ("paths", "one-hot", "flow", "counts")
FAST = ("gp", "graph-gp", "flow-gp", "counts-gp", "trees")
_SUM_OF_WEIGHTS = 1e4  # how much the least squares mind a sum that is not 1


class Blend(Estimator, TakesArchitectures):
    """Predicts labels of architectures from their graphs, and how sure it is.

    Args:
        members: names of models, or classes (`nasflow.prediction.members`).
        groups: names of groups of features, or classes; `proxies` is added where columns are given.
        ridge: how strongly the weights are drawn to equal ones, in squared scores: the labels must
            be many, or the differences large, to say more than that.
        space: whose notation texts are in, and whose operations may occur.
        vocabulary: the operations that may occur; by default those of the labelled rows' table.
        seed: of the trees and the folds.

    Example:
        >>> from nasflow.spaces.nb201 import NB201
        >>> cells = NB201().enumerate()[::100].pruned()
        >>> labels = cells.op_counts()[:, cells.vocabulary.index("conv3x3")] * 1.0
        >>> blend = Blend(members=["graph-gp", "flow-gp"]).fit(cells[::2], labels[::2])
        >>> bool(np.corrcoef(blend.predict(cells[1::2]), labels[1::2])[0, 1] > 0.95)
        True
    """

    def __init__(
        self,
        members: Sequence[str | type[Member]] = FAST,
        groups: Sequence[str | type[FeatureGroup]] = GROUPS,
        ridge: float = 3.0,
        space: Space | str | None = None,
        vocabulary: tuple[str, ...] | None = None,
        seed: int = 0,
    ) -> None:
        if not members:
            raise ConfigError(f"a blend without members; name some of {', '.join(MEMBERS.names())}")
        if not ridge >= 0:
            raise ConfigError(f"ridge {ridge} is negative; legal is 0 or more")
        self.members, self.groups = members, groups
        self.ridge = ridge
        self.space, self.vocabulary = space, vocabulary
        self.seed = seed
        self._fitted: list[tuple[str, Member]] = []

    def fit(
        self,
        X: Architectures,
        y: npt.ArrayLike,
        columns: Columns | None = None,
        *,
        reference: Columns | None = None,
    ) -> Self:
        """Learn labels.

        Args:
            X: N architectures, N at least 2.
            y: (N,) finite labels, in any unit.
            columns: (N,) zero-cost columns by name; `predict` then needs them as well.
            reference: (M,) the same columns of more rows, such as the whole table: what values are
                ranked among; by default the labelled rows.

        Raises:
            DataError: labels that do not fit; names the row.
        """
        table = self._table(X)
        labels = _checked(as_labels(y), len(table))
        self._vocabulary = tuple(self.vocabulary or table.vocabulary)
        table = table.with_vocabulary(self._vocabulary)
        groups = [*self.groups, *(["proxies"] if columns and "proxies" not in self.groups else [])]
        self._features = Features(setting_of(table, reference or columns), groups)
        # one pass over the groups, whichever members look at them
        blocks = self._blocks(table, columns)
        self._scale = ScoreScale(labels)
        scores = self._scale.scores
        # two members of one name would be two of one model
        names = [name if isinstance(name, str) else MEMBERS.name_of(name) for name in self.members]
        self._fitted = []
        for name in dict.fromkeys(names):
            self._fitted.append((name, MEMBERS.find(name)(self.seed).fit(blocks, scores)))
        # weights from what the members were fitted on would go to the one that fits closest
        unseen = [member.out_of_fold() for _, member in self._fitted]
        self._weights = weights_of(
            np.stack([prediction.mean for prediction in unseen]), scores, self.ridge
        )
        blended = self._blended(unseen)
        errors = np.abs(scores - blended.mean)
        # no row is surer than half of what is missed in the mean: a member's own deviation knows
        # nothing of what its model cannot say
        self._floor = 0.5 * float(np.sqrt((errors**2).mean()))
        self._misses = np.sort(errors / self._deviation(blended))
        return self

    @property
    def weights_(self) -> dict[str, float]:
        """The weight of each member, at least 0, with sum 1."""
        names = [name for name, _ in self._require_fitted()]
        return dict(zip(names, self._weights.tolist(), strict=True))

    def predict(
        self,
        X: Architectures,
        columns: Columns | None = None,
        return_std: bool = False,
    ) -> FloatArray | tuple[FloatArray, FloatArray]:
        """(N,) predicted labels, and with `return_std` also (N,) standard deviations.

        The deviation is half of the interval that holds 68.3 % of labels.
        """
        scores = self._predicted(X, columns)
        mean = self._scale.labels(scores.mean)
        if not return_std:
            return mean
        low, high = self._between(scores, 0.6827)
        return mean, high / 2 - low / 2

    def predict_members(
        self, X: Architectures, columns: Columns | None = None
    ) -> dict[str, FloatArray]:
        """(N,) what each member says alone, by its name."""
        blocks = self._blocks(self._seen(X), columns)
        predicted = {}
        for name, member in self._require_fitted():
            predicted[name] = self._scale.labels(member.predict(blocks).mean)
        return predicted

    def interval(
        self, X: Architectures, level: float = 0.9, columns: Columns | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """(N,) bounds below and above, between which a share `level` of labels is expected.

        Cross-conformal (Vovk, "Cross-conformal predictors", Annals of Mathematics and Artificial
        Intelligence 74, 2015): as wide as what was missed of labelled rows that a member had not
        seen. It holds for rows that are drawn as the labelled ones were. With fewer labels than
        level / (1 - level) they cannot tell, and the bounds are infinite.

        Raises:
            ConfigError: a level that is not between 0 and 1.
        """
        if not 0 < level < 1:
            raise ConfigError(f"level {level} is illegal; it is a share between 0 and 1")
        return self._between(self._predicted(X, columns), level)

    # -- in normal scores -------------------------------------------------------------------------

    def _between(self, scores: Prediction, level: float) -> tuple[FloatArray, FloatArray]:
        """Bounds in the labels' unit."""
        n = len(self._misses)
        place = int(np.ceil(level * (n + 1)))
        # beyond the largest miss that was seen nothing is known
        reach = self._misses[place - 1] if place <= n else np.inf
        away = reach * self._deviation(scores)
        return self._scale.labels(scores.mean - away), self._scale.labels(scores.mean + away)

    def _deviation(self, scores: Prediction) -> FloatArray:
        """(N,): the blend's own deviation, and never less than its errors allow."""
        # errors that are all 0 leave nothing to divide by
        deviation: FloatArray = np.hypot(scores.deviation, self._floor or 1e-9)
        return deviation

    def _predicted(self, X: Architectures, columns: Columns | None) -> Prediction:
        members = self._require_fitted()
        blocks = self._blocks(self._seen(X), columns)
        return self._blended([member.predict(blocks) for _, member in members])

    def _blended(self, predictions: Sequence[Prediction]) -> Prediction:
        """Mean and deviation of a mixture: members' own variances, and how far apart they are."""
        means = np.stack([prediction.mean for prediction in predictions])
        variances = np.stack([prediction.deviation for prediction in predictions]) ** 2
        mean = self._weights @ means
        variance = self._weights @ (variances + (means - mean) ** 2)
        return Prediction(mean, np.sqrt(variance))

    def _seen(self, X: Architectures) -> ArchTable:
        self._require_fitted()
        return self._table(X)

    def _blocks(self, table: ArchTable, columns: Columns | None) -> Blocks:
        """The features of the rows, group by group."""
        features = self._features(table, columns)
        blocks, start = {}, 0
        for name, size in self._features.sizes.items():
            blocks[name] = features[:, start : start + size]
            start += size
        return blocks

    def _require_fitted(self) -> list[tuple[str, Member]]:
        if not self._fitted:
            raise not_fitted("the blend has seen no label yet: call fit first")
        return self._fitted


def weights_of(predictions: FloatArray, scores: FloatArray, ridge: float) -> FloatArray:
    """(n_members,): the mixture nearest to the scores, and to equal weights; at least 0, sum 1.

    Args:
        predictions: (n_members, n) what each member said of rows whose label it had not seen.
        scores: (n,) their labels.
        ridge: the weight of squared distances from equal weights.
    """
    n_members = len(predictions)
    # three kinds of equations: the scores, the equal weights, and the sum
    rows = np.vstack(
        [
            predictions.T,
            np.sqrt(ridge) * np.eye(n_members),
            np.full((1, n_members), _SUM_OF_WEIGHTS),
        ]
    )
    aims = np.concatenate(
        [scores, np.full(n_members, np.sqrt(ridge) / n_members), [_SUM_OF_WEIGHTS]]
    )
    weights, _ = scipy.optimize.nnls(rows, aims)
    normalised: FloatArray = weights / weights.sum()
    return normalised


def _checked(labels: FloatArray, n_rows: int) -> FloatArray:
    """The labels, if there is a finite one for each row."""
    if labels.shape != (n_rows,):
        raise DataError(f"labels of shape {labels.shape} for {n_rows} architectures")
    if n_rows < 2:
        raise DataError(f"{n_rows} labelled architectures; a blend needs 2 or more")
    bad = np.flatnonzero(~np.isfinite(labels))
    if len(bad):
        raise DataError(
            f"label of row {bad[0]} is {labels[bad[0]]}, as {len(bad)} of {n_rows} are not finite;"
            " leave out rows that were not measured"
        )
    return labels
