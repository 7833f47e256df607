"""`Mixture`: what a blend has learnt: members, their weights, and how far they are off."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from nasflow.errors import GraphError
from nasflow.features.base import FeatureSetting
from nasflow.features.make import Columns, Features
from nasflow.graphs.number_units import NumberUnits
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.prediction.blend_weights import blend_weights
from nasflow.prediction.members.base import FloatArray, Member, Prediction, Rows
from nasflow.prediction.members.registry import MEMBERS
from nasflow.prediction.score_scale import Curve, Scale, ScoreScale, likeliest_curve, may_be_costs
from nasflow.prediction.uncertainty import Misses
from nasflow.running.progress import progress_bar
from nasflow.statistics.metrics import kendall_tau

CHUNK = 4_096  # rows at a time: their features are few megabytes


@dataclass(eq=False)
class Mixture:
    """A weighted mean of fitted members."""

    features: Features
    """What members see of a graph."""
    table: ArchTable
    """The n labelled rows."""
    labels: FloatArray
    """(n,) their labels."""
    columns: Mapping[str, npt.ArrayLike]
    """(n,) their zero-cost columns by name."""
    members: dict[str, Member]
    """Fitted, by name."""
    weights: dict[str, float]
    """Of each member, at least 0, with sum 1."""
    misses: Misses
    """How far from what was said of labelled rows without their labels these are."""
    unseen_tau: float
    """Kendall's tau between the two."""
    curve: Curve | None = None
    """From labels to scores; None where these are normal scores of ranks."""

    def __post_init__(self) -> None:
        self.scale = _scale(self.labels, self.curve)
        self._all_carry_numbers = bool(self.table.carry_numbers().all())

    @classmethod
    def learn(
        cls,
        features: Features,
        table: ArchTable,
        labels: FloatArray,
        columns: Columns,
        members: Mapping[str, Member],
        ridge: float,
        *,
        progress: bool = False,
    ) -> Self:
        """Fit the members, then weigh them.

        Args:
            features, table, labels, columns: as the fields above.
            members: not yet fitted, by name.
            ridge: as in `Blend`.
            progress: whether to draw a progress bar over the members.
        """
        # one pass over the groups, whichever members look at them
        rows = _rows(features, table, columns)
        # what adds up over nodes does so in the label's own unit, or a power of it
        curve = likeliest_curve(labels) if table.has_numbers else None
        scale = _scale(labels, curve)
        scores = scale.scores
        fitted = {}
        with progress_bar("fitting", len(members), show=progress) as advance:
            for name, member in members.items():
                member.scale = scale
                fitted[name] = member.fit(rows, scores)
                advance(name)
        # weights from what the members were fitted on would go to the one that fits closest
        unseen = [member.out_of_fold() for member in fitted.values()]
        means = np.stack([prediction.mean for prediction in unseen])
        is_network = [member.is_network for member in fitted.values()]
        of_costs = table.has_numbers and may_be_costs(labels)
        weights = blend_weights(means, scores, ridge, is_network, of_costs=of_costs)
        blended = _blended(unseen, weights)
        return cls(
            features,
            table,
            labels,
            columns,
            fitted,
            dict(zip(fitted, weights.tolist(), strict=True)),
            Misses(scores, blended),
            kendall_tau(blended.mean, scores),
            curve,
        )

    # -- predictions ------------------------------------------------------------------------------

    @property
    def column_names(self) -> tuple[str, ...]:
        """The zero-cost columns that predictions need."""
        return tuple(self.features.setting.reference)

    def predicted(self, table: ArchTable, columns: Columns | None = None) -> Prediction:
        """Normal scores of rows: the mean of the members, and the deviation of their mixture."""
        # in the order of the members: both were made together
        weights = np.array(list(self.weights.values()))
        parts = []
        for rows in self._in_parts(table, columns):
            said = [member.predict(rows) for member in self.members.values()]
            parts.append(_blended(said, weights))
        means = np.concatenate([part.mean for part in parts])
        return Prediction(means, np.concatenate([part.deviation for part in parts]))

    def predicted_mean(self, table: ArchTable, columns: Columns | None = None) -> FloatArray:
        """(N,): the mean of `predicted`, in less time."""
        parts = [self._blended_mean(rows) for rows in self._in_parts(table, columns)]
        return np.concatenate(parts)

    def _blended_mean(self, rows: Rows) -> FloatArray:
        weights = np.array(list(self.weights.values()))
        means = [member.predict_mean(rows) for member in self.members.values()]
        mean: FloatArray = weights @ np.stack(means)
        return mean

    def _in_parts(self, table: ArchTable, columns: Columns | None) -> Iterator[Rows]:
        """The rows as members see them, some at a time; one part of no row at all."""
        # here, where rows have the numbers that the caller knows
        self._check_numbers(table)
        # the features of a million rows would fill gigabytes
        for start in range(0, max(len(table), 1), CHUNK):
            which = slice(start, start + CHUNK)
            at_rows = {name: np.asarray(column)[which] for name, column in (columns or {}).items()}
            yield _rows(self.features, table[which], at_rows)

    def between(self, scores: Prediction, level: float) -> tuple[FloatArray, FloatArray]:
        """(N,) labels below and above, between which a share `level` of labels is expected."""
        low, high = self.misses.between(scores, level)
        return self.scale.labels(low), self.scale.labels(high)

    def quantiles(self, scores: Prediction, levels: npt.ArrayLike) -> FloatArray:
        """(n_levels, N): labels that a share `levels` (n_levels,), each in (0, 1), lies below."""
        rows = []
        for level in np.asarray(levels, np.float64).tolist():
            # the middle of all intervals, of which none is empty
            if level == 0.5:
                rows.append(scores.mean)
                continue
            low, high = self.misses.between(scores, abs(2 * level - 1))
            rows.append(low if level < 0.5 else high)
        return self.scale.labels(np.stack(rows))

    def rows(self, table: ArchTable, columns: Columns | None = None) -> Rows:
        """Rows as members see them.

        Raises:
            GraphError: a graph that carries no number, where all labelled ones do.
        """
        self._check_numbers(table)
        return _rows(self.features, table, columns)

    def _check_numbers(self, table: ArchTable) -> None:
        """Return if graphs carry numbers, where all labelled ones do.

        To the members one without would be of no size, and what they say of it nonsense.
        """
        if not self._all_carry_numbers:
            return
        bare = np.flatnonzero(~table.carry_numbers())
        if len(bare):
            names = (*self.table.attr_names, *self.table.global_names)
            raise GraphError(
                f"row {int(bare[0])} carries no number, and all graphs that were learnt from do;"
                f" give it some of {', '.join(names)}, or fit on tables `without_numbers()`"
            )

    def labelled_rows(self) -> Rows:
        """The labelled rows as members see them."""
        return self.rows(self.table, self.columns)

    def member_scores(self, rows: Rows, but: Container[str] = ()) -> dict[str, FloatArray]:
        """(N,) normal scores from each member, by its name, but from some."""
        scores = {}
        # what is known already is not computed again: a graph network takes longest by far
        for name, member in self.members.items():
            if name not in but:
                scores[name] = member.predict(rows).mean
        return scores

    def label_of(self, scores: Mapping[str, FloatArray]) -> FloatArray:
        """(N,): the labels that some members' scores blend to."""
        total = sum(self.weights[name] for name in scores)
        blended = np.zeros(len(next(iter(scores.values()))))
        for name, values in scores.items():
            # members that the blend does not listen to may be asked alone
            blended += values * (self.weights[name] / total if total else 1 / len(scores))
        return self.scale.labels(blended)

    # -- files ------------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        """Arrays by name, and JSON values, from which `restore` makes the mixture again."""
        arrays: dict[str, npt.NDArray[Any]] = {"labels": self.labels, "misses": self.misses.misses}
        for name, array in self.table.arrays().items():
            # words go into the header, and generations are found again from the edges
            if name not in ("vocabulary", "generation", "attr_names", "global_names"):
                arrays[f"table.{name}"] = array
        setting = self.features.setting
        for name, column in self.columns.items():
            arrays[f"columns.{name}"] = np.asarray(column, np.float64)
        for name, column in setting.reference.items():
            arrays[f"reference.{name}"] = column
        for member, fitted in self.members.items():
            for name, array in fitted.state().items():
                arrays[f"member.{member}.{name}"] = array
        about = {
            "vocabulary": list(self.table.vocabulary),
            "n_nodes": setting.n_nodes,
            "n_cells": setting.n_cells,
            "surrogate": setting.surrogate.to_dict(),
            "groups": self.features.group_names,
            "seeds": {name: member.seed for name, member in self.members.items()},
            "weights": self.weights,
            "floor": self.misses.floor,
            "unseen_tau": self.unseen_tau,
        }
        # in their order, by which members know them: arrays of a file are in that of their names
        if setting.reference:
            about["columns"] = list(setting.reference)
        # a file of a model that knows no numbers is what it was before there were any
        if setting.units:
            about["units"] = setting.units.to_dict()
            about["curve"] = None if self.curve is None else asdict(self.curve)
        return arrays, about

    @classmethod
    def restore(
        cls,
        arrays: Mapping[str, npt.NDArray[Any]],
        about: Mapping[str, Any],
        members: Mapping[str, Member] | None = None,
    ) -> Self:
        """The mixture with a state; it predicts the same bits.

        Args:
            arrays, about: what `state` gave.
            members: members that have more parameters than a seed, by name.

        Raises:
            KeyError, ValueError: arrays that are missing or do not fit.
        """
        vocabulary = tuple(about["vocabulary"])
        reference = _below("reference", arrays)
        setting = FeatureSetting(
            vocabulary,
            about["n_nodes"],
            about["n_cells"],
            SurrogateConfig.from_dict(about["surrogate"]),
            # earlier versions did not say the order
            {name: reference[name] for name in about.get("columns", reference)},
            units=NumberUnits.from_dict(about.get("units") or NumberUnits().to_dict()),
        )
        mixture = cls(
            Features(setting, about["groups"]),
            ArchTable.from_arrays(
                vocabulary,
                **_below("table", arrays),
                attr_names=setting.attr_names,
                global_names=setting.global_names,
            ),
            arrays["labels"],
            _below("columns", arrays),
            {},
            about["weights"],
            Misses.restore(arrays["misses"], about["floor"]),
            about["unseen_tau"],
            Curve(**about["curve"]) if about.get("curve") else None,
        )
        # members of few numbers are made again from the labelled rows, with the scales they had
        rows = mixture.labelled_rows()
        for name, seed in about["seeds"].items():
            member = (members or {}).get(name) or MEMBERS.find(name)(seed)
            member.seed = seed
            member.scale = mixture.scale
            state = _below(f"member.{name}", arrays)
            mixture.members[name] = member.restore(rows, mixture.scale.scores, state)
        return mixture


def _rows(features: Features, table: ArchTable, columns: Columns | None) -> Rows:
    """Rows as members see them: graphs, and features group by group."""
    values = features(table, columns)  # (N, d)
    blocks, start = {}, 0
    for name, size in features.sizes.items():
        blocks[name] = values[:, start : start + size]
        start += size
    setting = features.setting
    table = table.with_vocabulary(setting.vocabulary)
    return Rows(table.with_numbers(setting.attr_names, setting.global_names), blocks)


def _scale(labels: FloatArray, curve: Curve | None) -> Scale:
    return ScoreScale(labels) if curve is None else curve.scale(labels)


def _blended(predictions: Sequence[Prediction], weights: FloatArray) -> Prediction:
    """Mean and deviation of a mixture: members' own variances, and how far apart they are."""
    means = np.stack([prediction.mean for prediction in predictions])
    variances = np.stack([prediction.deviation for prediction in predictions]) ** 2
    mean = weights @ means
    variance = weights @ (variances + (means - mean) ** 2)
    return Prediction(mean, np.sqrt(variance))


def _below(prefix: str, arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays whose names begin with a prefix and a dot, by the rest of their names."""
    below = {}
    for name, array in arrays.items():
        if name.startswith(f"{prefix}."):
            below[name.removeprefix(f"{prefix}.")] = array
    return below
