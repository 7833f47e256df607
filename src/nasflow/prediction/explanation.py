"""`explained`: why a blend predicts what it does of one architecture.

The effect of a feature is how much the prediction is above what it would be, in the mean, if the
row had the feature as a labelled row has it; of a group, if it had all of the group's features so.
Members that read the graph itself take no part in this, for half a graph is none: what they add is
told under `graph`. Effects need not add up, since models are not additive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nasflow.prediction.members.base import FloatArray, Rows
from nasflow.prediction.mixture import Mixture

N_BACKGROUND = 24  # labelled rows whose values stand in; the mean over more changes little
CHUNK = 200  # changes at a time: memory stays small whatever the number of features
GRAPH = "graph"


@dataclass(frozen=True)
class Effect:
    """What one feature does to a prediction."""

    name: str
    value: float
    """The row's."""
    mean: float
    """The mean of the labelled rows."""
    effect: float
    """In the labels' unit."""


@dataclass(frozen=True)
class Neighbour:
    """A labelled architecture that looks much like it."""

    row: int
    """Its place among the rows that were fitted."""
    distance: float
    """Root mean squared difference of features, in standard deviations of the labelled rows."""
    label: float


@dataclass(frozen=True)
class Explanation:
    """Why a blend predicts what it does of one architecture; all in the labels' unit."""

    prediction: float
    mean: float
    """What is predicted of the labelled rows in the mean."""
    members: dict[str, float]
    """What each member says alone; those that the blend listens to."""
    groups: dict[str, float]
    """The effect of each group of features, and of the graph; the largest first."""
    features: list[Effect]
    """The largest effects."""
    neighbours: list[Neighbour]
    """The nearest first."""

    def __str__(self) -> str:
        """In a few lines."""
        lines = [f"predicted {self.prediction:.6g}, where labelled rows have {self.mean:.6g}"]
        groups = [f"{name} {effect:+.3g}" for name, effect in self.groups.items()]
        lines.append(f"groups of features: {', '.join(groups)}")
        for each in self.features:
            lines.append(
                f"  {each.effect:+.3g}  {each.name} is {each.value:.3g} (mean {each.mean:.3g})"
            )
        lines.append("nearest labelled rows:")
        for near in self.neighbours:
            lines.append(f"  row {near.row}, label {near.label:.6g}, distance {near.distance:.2g}")
        members = [f"{name} {value:.6g}" for name, value in self.members.items()]
        lines.append(f"members: {', '.join(members)}")
        return "\n".join(lines)


def explained(
    mixture: Mixture, row: Rows, n_features: int = 8, n_neighbours: int = 3
) -> Explanation:
    """Why the blend predicts what it does of the one row in `row`.

    Args:
        mixture: what the blend has learnt.
        row: of length 1.
        n_features: how many effects of features to tell.
        n_neighbours: how many labelled rows.
    """
    labelled = mixture.labelled_rows()
    others = _some(labelled)
    score = mixture.member_scores(row)
    prediction = mixture.label_of(score)[0]
    # the graph's members as they are of this row, in all that follows
    graph = {name: values for name, values in score.items() if mixture.members[name].reads_graph}
    groups = {}
    if graph:
        scores_of_others = mixture.member_scores(others)
        mean_graph = {name: scores_of_others[name].mean(keepdims=True) for name in graph}
        groups[GRAPH] = float(prediction - mixture.label_of(score | mean_graph)[0])
    # of each group, and of each of its columns, the columns that are replaced
    changes = []
    for name, block in row.blocks.items():
        changes.append((name, slice(None)))
        # a column in which no other row differs has no effect
        varies = (others.blocks[name] != block).any(axis=0)
        changes += [(name, slice(i, i + 1)) for i in np.flatnonzero(varies).tolist()]
    features = []
    replaced = _replaced(mixture, row, others, changes, graph)
    for (name, columns), without in zip(changes, replaced, strict=True):
        effect = float(prediction - without)
        # the change of a whole group is no feature
        if columns == slice(None):
            groups[name] = effect
            continue
        title = mixture.features.names_of(name)[columns.start]
        mean = float(others.blocks[name][:, columns].mean())
        value = float(row.blocks[name][0, columns.start])
        features.append(Effect(title, value, mean, effect))
    features.sort(key=lambda each: -abs(each.effect))
    members = {}
    for name, values in score.items():
        if mixture.weights[name] > 0:
            members[name] = float(mixture.label_of({name: values})[0])
    return Explanation(
        float(prediction),
        float(mixture.label_of(mixture.member_scores(labelled)).mean()),
        members,
        dict(sorted(groups.items(), key=lambda item: -abs(item[1]))),
        features[:n_features],
        _nearest(mixture, row, n_neighbours),
    )


def _some(rows: Rows) -> Rows:
    """A few rows, evenly from all."""
    chosen = np.linspace(0, len(rows) - 1, min(N_BACKGROUND, len(rows))).astype(int)
    blocks = {name: block[chosen] for name, block in rows.blocks.items()}
    return Rows(rows.table[chosen], blocks)


def _replaced(
    mixture: Mixture,
    row: Rows,
    others: Rows,
    changes: Sequence[tuple[str, slice]],
    graph: Mapping[str, FloatArray],
) -> list[float]:
    """The mean prediction for each change: the columns of a group as other rows have them."""
    means: list[float] = []
    n_others = len(others)
    for start in range(0, len(changes), CHUNK):
        part = changes[start : start + CHUNK]
        n_rows = len(part) * n_others
        blocks = {name: np.repeat(block, n_rows, axis=0) for name, block in row.blocks.items()}
        # the rows of a change stand together, one for each of the others
        for i, (name, columns) in enumerate(part):
            of_change = slice(i * n_others, (i + 1) * n_others)
            blocks[name][of_change, columns] = others.blocks[name][:, columns]
        changed = Rows(row.table[np.zeros(n_rows, int)], blocks)
        scores = mixture.member_scores(changed, but=graph)
        for name, value in graph.items():
            scores[name] = np.repeat(value, n_rows)
        means += mixture.label_of(scores).reshape(len(part), n_others).mean(axis=1).tolist()
    return means


def _nearest(mixture: Mixture, row: Rows, n: int) -> list[Neighbour]:
    """The labelled rows whose features differ least, each group counting alike."""
    labelled = mixture.labelled_rows()
    square = np.zeros(len(labelled))
    n_groups = 0
    for name, block in labelled.blocks.items():
        deviation = block.std(axis=0)
        varies = deviation > 0
        if varies.any():
            away = (block[:, varies] - row.blocks[name][:, varies]) / deviation[varies]
            # the mean, not the sum: a group of many columns would drown the others
            square += (away**2).mean(axis=1)
            n_groups += 1
    distances = np.sqrt(square / max(n_groups, 1))
    nearest = np.argsort(distances, kind="stable")[:n].tolist()
    labels = mixture.labels
    return [Neighbour(i, float(distances[i]), float(labels[i])) for i in nearest]
