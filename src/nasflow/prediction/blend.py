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
from collections.abc import Container, Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from nasflow.errors import ConfigError, DataError, not_fitted
from nasflow.features.base import FeatureGroup, FeatureSetting
from nasflow.features.make import Columns, Features, setting_of
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.prediction.blend_weights import blend_weights
from nasflow.prediction.estimator import Estimator
from nasflow.prediction.explanation import Explanation, explained
from nasflow.prediction.inputs import Architectures, TakesArchitectures, as_labels
from nasflow.prediction.members.base import FloatArray, Member, Prediction, Rows
from nasflow.prediction.members.registry import MEMBERS
from nasflow.prediction.proxy_ranks import take
from nasflow.prediction.score_scale import ScoreScale
from nasflow.prediction.uncertainty import Misses
from nasflow.running.progress import progress_bar
from nasflow.spaces.base import Space
from nasflow.statistics.metrics import kendall_tau

GROUPS = ("paths", "one-hot", "flow", "counts")
FAST = ("gp", "graph-gp", "flow-gp", "counts-gp", "trees")


class Blend(Estimator, TakesArchitectures):
    """Predicts labels of architectures from their graphs, and how sure it is.

    Args:
        members: names of models, classes, or models (`nasflow.prediction.members`).
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
        members: Sequence[str | type[Member] | Member] = FAST,
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
        self._vocabulary = tuple(self.vocabulary or table.vocabulary)
        table = table.with_vocabulary(self._vocabulary)
        groups = list(self.groups)
        if columns and "proxies" not in groups:
            groups.append("proxies")
        setting = setting_of(table, reference or columns)
        rows = self._begin(table, labels, columns or {}, setting, groups)
        scores = self._scale.scores
        self._fitted = []
        made = _made(self.members, self.seed)
        with progress_bar("fitting", len(made), show=progress) as advance:
            for name, member in made.items():
                self._fitted.append((name, member.fit(rows, scores)))
                advance(name)
        # weights from what the members were fitted on would go to the one that fits closest
        unseen = [member.out_of_fold() for _, member in self._fitted]
        self._weights = blend_weights(
            np.stack([prediction.mean for prediction in unseen]),
            scores,
            self.ridge,
            [member.reads_graph for _, member in self._fitted],
        )
        blended = self._blended(unseen)
        self._misses = Misses(scores, blended)
        self.unseen_tau_ = kendall_tau(blended.mean, scores)
        return self

    def state(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        """Arrays by name, and JSON values, from which `restore` makes the blend again."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "labels": self._labels,
            "weights": self._weights,
            "misses": self._misses.misses,
        }
        for name, array in self._labelled_table.arrays().items():
            if name not in ("vocabulary", "generation"):
                arrays[f"table.{name}"] = array
        setting = self._features.setting
        for name, column in self._labelled_columns.items():
            arrays[f"columns.{name}"] = np.asarray(column, np.float64)
        for name, column in setting.reference.items():
            arrays[f"reference.{name}"] = column
        for member, fitted in self._require_fitted():
            for name, array in fitted.state().items():
                arrays[f"member.{member}.{name}"] = array
        about = {
            "vocabulary": list(self.vocabulary_),
            "n_nodes": setting.n_nodes,
            "n_cells": setting.n_cells,
            "surrogate": setting.surrogate.to_dict(),
            "groups": list(self._features.sizes),
            "members": [name for name, _ in self._fitted],
            "floor": self._misses.floor,
            "unseen_tau": self.unseen_tau_,
            "seed": self.seed,
        }
        return arrays, about

    @classmethod
    def restore(
        cls,
        arrays: Mapping[str, npt.NDArray[Any]],
        about: Mapping[str, Any],
        members: Mapping[str, Member] | None = None,
    ) -> Self:
        """The blend with a state; it predicts the same bits.

        Args:
            arrays, about: what `state` gave.
            members: members that have more parameters than a seed, by name.

        Raises:
            KeyError, ValueError: arrays that are missing or do not fit.
        """
        vocabulary = tuple(about["vocabulary"])
        table = ArchTable.from_arrays(vocabulary, **_below("table", arrays))
        setting = FeatureSetting(
            vocabulary,
            about["n_nodes"],
            about["n_cells"],
            SurrogateConfig.from_dict(about["surrogate"]),
            _below("reference", arrays),
        )
        blend = cls(about["members"], about["groups"], vocabulary=vocabulary, seed=about["seed"])
        blend._vocabulary = vocabulary
        rows = blend._begin(
            table, arrays["labels"], _below("columns", arrays), setting, about["groups"]
        )
        for name in about["members"]:
            member = (members or {}).get(name) or MEMBERS.find(name)(blend.seed)
            state = _below(f"member.{name}", arrays)
            blend._fitted.append((name, member.restore(rows, blend._scale.scores, state)))
        blend._weights = arrays["weights"]
        blend.unseen_tau_ = about["unseen_tau"]
        blend._misses = Misses.restore(arrays["misses"], about["floor"])
        return blend

    def _begin(
        self,
        table: ArchTable,
        labels: FloatArray,
        columns: Columns,
        setting: FeatureSetting,
        groups: Sequence[str | type[FeatureGroup]],
    ) -> Rows:
        """Take note of the labelled rows; the rows as members see them."""
        self._labelled_table, self._labels, self._labelled_columns = table, labels, columns
        self._features = Features(setting, groups)
        self._scale = ScoreScale(labels)
        # one pass over the groups, whichever members look at them
        return self._rows(table, columns)

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
        scores = self.member_scores(self._rows(self._seen(X), columns))
        return {name: self._scale.labels(values) for name, values in scores.items()}

    def explain(
        self, X: Architectures, row: int = 0, columns: Columns | None = None
    ) -> Explanation:
        """Why it predicts what it does of one row (`nasflow.prediction.explanation`).

        Raises:
            DataError: there is no such row.
        """
        table = self._seen(X)
        if not -len(table) <= row < len(table):
            raise DataError(f"row {row} of {len(table)}; legal: 0 to {len(table) - 1}")
        which = np.array([row % len(table)])
        return explained(self, self._rows(table[which], take(columns or {}, which)))

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
        return self._between(self._predicted(X, columns), level)

    def quantiles(
        self, X: Architectures, levels: npt.ArrayLike, columns: Columns | None = None
    ) -> FloatArray:
        """(n_levels, N): labels that a share `levels` (n_levels,), each in (0, 1), lies below."""
        scores = self._predicted(X, columns)
        rows = []
        for level in np.asarray(levels, np.float64).tolist():
            if level == 0.5:
                rows.append(scores.mean)
                continue
            low, high = self._misses.between(scores, abs(2 * level - 1))
            rows.append(low if level < 0.5 else high)
        return self._scale.labels(np.stack(rows))

    def samples(
        self, X: Architectures, n: int, columns: Columns | None = None, seed: int = 0
    ) -> FloatArray:
        """(n, N): labels that the rows may have, each row for itself."""
        if n < 1:
            raise ConfigError(f"{n} samples; legal: a whole number of at least 1")
        rng = np.random.default_rng(seed)
        return self._scale.labels(self._misses.samples(self._predicted(X, columns), n, rng))

    @property
    def in_words(self) -> str:
        """How it ranks rows that it had not seen, and which members it listens to, in two lines."""
        # of equal members the more weight the more is said
        weights = sorted(self.weights_.items(), key=lambda item: -item[1])
        heard = [f"{name} {weight:.2f}" for name, weight in weights if weight > 0]
        silent = [name for name, weight in weights if weight == 0]
        said = f"members by weight: {', '.join(heard)}"
        if silent:
            said += f"; {', '.join(silent)} {'adds' if len(silent) == 1 else 'add'} nothing"
        n = len(self._labels)
        tau = f"Kendall tau on its {n} labelled rows, each predicted without its label"
        return f"{tau}: {self.unseen_tau_:.3f}\n{said}"

    @property
    def columns_(self) -> tuple[str, ...]:
        """The zero-cost columns that `predict` needs."""
        self._require_fitted()
        return tuple(self._features.setting.reference)

    # -- for explanations -------------------------------------------------------------------------

    @property
    def labelled_rows_(self) -> Rows:
        """The rows that were fitted, as members see them."""
        return self._rows(self._labelled_table, self._labelled_columns)

    @property
    def labels_(self) -> FloatArray:
        """(n,) their labels."""
        return self._labels

    def feature_names(self, group: str) -> list[str]:
        """The names of a group's columns."""
        return self._features.names_of(group)

    def reads_graph(self, member: str) -> bool:
        """Whether a member sees the graph itself, and not its features alone."""
        return dict(self._require_fitted())[member].reads_graph

    def member_scores(self, rows: Rows, but: Container[str] = ()) -> dict[str, FloatArray]:
        """(N,) normal scores from each member, by its name, but from some."""
        scores = {}
        for name, member in self._require_fitted():
            if name not in but:
                scores[name] = member.predict(rows).mean
        return scores

    def label_of(self, scores: Mapping[str, FloatArray]) -> FloatArray:
        """(N,): the labels that some members' scores blend to."""
        weights = {name: self.weights_[name] for name in scores}
        total = sum(weights.values())
        blended = np.zeros(len(next(iter(scores.values()))))
        for name, weight in weights.items():
            blended += weight / total * scores[name]
        return self._scale.labels(blended)

    # -- in normal scores -------------------------------------------------------------------------

    def _between(self, scores: Prediction, level: float) -> tuple[FloatArray, FloatArray]:
        """Bounds in the labels' unit."""
        low, high = self._misses.between(scores, level)
        return self._scale.labels(low), self._scale.labels(high)

    def _predicted(self, X: Architectures, columns: Columns | None) -> Prediction:
        members = self._require_fitted()
        rows = self._rows(self._seen(X), columns)
        return self._blended([member.predict(rows) for _, member in members])

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

    def _rows(self, table: ArchTable, columns: Columns | None) -> Rows:
        """The rows as members see them."""
        features = self._features(table, columns)
        blocks, start = {}, 0
        for name, size in self._features.sizes.items():
            blocks[name] = features[:, start : start + size]
            start += size
        return Rows(table.with_vocabulary(self.vocabulary_), blocks)

    def _require_fitted(self) -> list[tuple[str, Member]]:
        if not self._fitted:
            raise not_fitted("the blend has seen no label yet: call fit first")
        return self._fitted


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


def _below(prefix: str, arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays whose names begin with a prefix and a dot, by the rest of their names."""
    below = {}
    for name, array in arrays.items():
        if name.startswith(f"{prefix}."):
            below[name.removeprefix(f"{prefix}.")] = array
    return below


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
