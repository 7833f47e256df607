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

import copy
from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt

from nasflow.errors import ConfigError, DataError, not_fitted
from nasflow.features.base import FeatureGroup
from nasflow.features.make import Columns, Features, setting_of
from nasflow.features.registry import NUMBER_GROUPS
from nasflow.prediction.estimator import Estimator
from nasflow.prediction.explanation import Explanation, explained
from nasflow.prediction.inputs import Architectures, TakesArchitectures, as_labels
from nasflow.prediction.members.base import FloatArray, Member, Prediction
from nasflow.prediction.members.registry import FAST, MEMBERS, suited
from nasflow.prediction.mixture import Mixture
from nasflow.prediction.proxy_ranks import take
from nasflow.spaces.base import Space

GROUPS = ("paths", "one-hot", "flow", "counts")


class Blend(Estimator, TakesArchitectures):
    """Predicts labels of architectures from their graphs, and how sure it is.

    Args:
        members: names of models, classes, or models (`nasflow.prediction.members`); by default
            those without a graph network, which are others where nodes or graphs carry numbers.
        groups: names of groups of features, or classes; `proxies` is added where columns are given,
            and those of numbers where nodes or graphs carry any.
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
        members: Sequence[str | type[Member] | Member] | None = None,
        groups: Sequence[str | type[FeatureGroup]] = GROUPS,
        ridge: float = 3.0,
        space: Space | str | None = None,
        vocabulary: tuple[str, ...] | None = None,
        seed: int = 0,
    ) -> None:
        if members is not None and not members:
            raise ConfigError(f"a blend without members; name some of {', '.join(MEMBERS.names())}")
        if not ridge >= 0:
            raise ConfigError(f"ridge {ridge} is negative; legal is 0 or more")
        self.members, self.groups = members, groups
        self.ridge = ridge
        self.space, self.vocabulary = space, vocabulary
        self.seed = seed
        self.mixture_: Mixture | None = None

    @classmethod
    def of(cls, mixture: Mixture) -> Self:
        """The blend that has learnt a mixture, such as one from a file."""
        vocabulary = mixture.table.vocabulary
        blend = cls(list(mixture.members), mixture.features.group_names, vocabulary=vocabulary)
        blend._vocabulary, blend.mixture_ = vocabulary, mixture
        return blend

    def fit(
        self,
        X: Architectures,
        y: npt.ArrayLike,
        columns: Columns | None = None,
        *,
        reference: Columns | None = None,
        progress: bool = False,
    ) -> Self:
        """Learn labels.

        Args:
            X: N architectures, N at least 2.
            y: (N,) finite labels, in any unit.
            columns: (N,) zero-cost columns by name; `predict` then needs them as well.
            reference: (M,) the same columns of more rows, such as the whole table: what values are
                ranked among; by default the labelled rows.
            progress: whether to draw a progress bar over the members.

        Raises:
            DataError: labels that do not fit; names the row.
        """
        table = self._table(X)
        labels = _checked(as_labels(y), len(table))
        # the labelled rows may lack an operation that others have: then it must be told before
        self._vocabulary = tuple(self.vocabulary or table.vocabulary)
        table = table.with_vocabulary(self._vocabulary)
        groups = list(self.groups)
        # who gives columns wants them to be read
        if columns and "proxies" not in groups:
            groups.append("proxies")
        names = suited(FAST, table) if self.members is None else self.members
        members = _made(names, self.seed)
        # and so does who gives graphs that carry numbers
        if table.has_numbers:
            groups += [name for name in NUMBER_GROUPS if name not in groups]
        # of chains members read few of the graph's groups, which take most of the time
        if table.has_numbers and tuple(self.groups) == GROUPS:
            read = {group for member in members.values() for group in member.groups}
            groups = [name for name in groups if name in read]
        features = Features(setting_of(table, reference or columns), groups or ["counts"])
        self.mixture_ = Mixture.learn(
            features, table, labels, columns or {}, members, self.ridge, progress=progress
        )
        return self

    @property
    def weights_(self) -> dict[str, float]:
        """The weight of each member, at least 0, with sum 1."""
        return self._learnt().weights

    def predict(
        self,
        X: Architectures,
        columns: Columns | None = None,
        return_std: bool = False,
    ) -> FloatArray | tuple[FloatArray, FloatArray]:
        """(N,) predicted labels, and with `return_std` also (N,) standard deviations.

        The deviation is half of the interval that holds 68.3 % of labels.
        """
        learnt = self._learnt()
        if not return_std:
            return learnt.scale.labels(learnt.predicted_mean(self._table(X), columns))
        scores = self._predicted(X, columns)
        mean = learnt.scale.labels(scores.mean)
        low, high = learnt.between(scores, 0.6827)
        # halves first: the difference of two huge bounds may overflow
        return mean, high / 2 - low / 2

    def predict_members(
        self, X: Architectures, columns: Columns | None = None
    ) -> dict[str, FloatArray]:
        """(N,) what each member says alone, by its name."""
        learnt = self._learnt()
        scores = learnt.member_scores(learnt.rows(self._table(X), columns))
        return {name: learnt.scale.labels(values) for name, values in scores.items()}

    def explain(
        self, X: Architectures, row: int = 0, columns: Columns | None = None
    ) -> Explanation:
        """Why it predicts what it does of one row (`nasflow.prediction.explanation`).

        Raises:
            DataError: there is no such row.
        """
        learnt, table = self._learnt(), self._table(X)
        if not -len(table) <= row < len(table):
            raise DataError(f"row {row} of {len(table)}; legal: 0 to {len(table) - 1}")
        # as in a list, -1 is the last
        which = np.array([row % len(table)])
        return explained(learnt, learnt.rows(table[which], take(columns or {}, which)))

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
        return self._learnt().between(self._predicted(X, columns), level)

    def quantiles(
        self, X: Architectures, levels: npt.ArrayLike, columns: Columns | None = None
    ) -> FloatArray:
        """(n_levels, N): labels that a share `levels` (n_levels,), each in (0, 1), lies below."""
        return self._learnt().quantiles(self._predicted(X, columns), levels)

    def samples(
        self, X: Architectures, n: int, columns: Columns | None = None, seed: int = 0
    ) -> FloatArray:
        """(n, N): labels that the rows may have, each row for itself."""
        if n < 1:
            raise ConfigError(f"{n} samples; legal: a whole number of at least 1")
        rng = np.random.default_rng(seed)
        learnt = self._learnt()
        return learnt.scale.labels(learnt.misses.samples(self._predicted(X, columns), n, rng))

    @property
    def in_words(self) -> str:
        """How it ranks rows that it had not seen, and which members it listens to, in two lines."""
        # of equal members the more weight the more is said
        weights = sorted(self.weights_.items(), key=lambda item: -item[1])
        heard = [f"{name} {weight:.2f}" for name, weight in weights if weight > 0]
        silent = [name for name, weight in weights if weight == 0]
        # least squares give a weight of exactly 0 to what others say already
        said = f"members by weight: {', '.join(heard)}"
        if silent:
            said += f"; {', '.join(silent)} {'adds' if len(silent) == 1 else 'add'} nothing"
        learnt = self._learnt()
        n = len(learnt.labels)
        tau = f"Kendall tau on its {n} labelled rows, each predicted without its label"
        return f"{tau}: {learnt.unseen_tau:.3f}\n{said}"

    @property
    def columns_(self) -> tuple[str, ...]:
        """The zero-cost columns that `predict` needs."""
        return self._learnt().column_names

    def _predicted(self, X: Architectures, columns: Columns | None) -> Prediction:
        return self._learnt().predicted(self._table(X), columns)

    def _learnt(self) -> Mixture:
        if self.mixture_ is None:
            raise not_fitted("the blend has seen no label yet: call fit first")
        return self.mixture_


def _made(members: Sequence[str | type[Member] | Member], seed: int) -> dict[str, Member]:
    """Members by name; two of one name would be two of one model."""
    made: dict[str, Member] = {}
    for given in members:
        if isinstance(given, Member):
            # a copy: what was given stays as it was
            made[MEMBERS.name_of(type(given))] = copy.copy(given)
        else:
            name = given if isinstance(given, str) else MEMBERS.name_of(given)
            made[name] = MEMBERS.find(name)(seed)
    return made


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
