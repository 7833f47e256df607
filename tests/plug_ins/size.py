"""A group of features, and a member of a blend that reads it, as a stranger writes them."""

from __future__ import annotations

import numpy as np

from nasflow.features import FeatureGroup
from nasflow.prediction.members.base import Member, Prediction


class Size(FeatureGroup):
    """How large a graph is."""

    @property
    def names(self):
        return ["size.nodes", "size.edges"]

    def __call__(self, rows):
        return np.stack([np.diff(rows.table.node_ptr), np.diff(rows.table.edge_ptr)], axis=1) * 1.0


class Nearest(Member):
    """The mean label of the rows of the nearest size."""

    groups = ("size.py:Size",)

    def fit(self, rows, scores):
        self.sizes, self.scores = rows.columns(self.groups)[0], scores
        return self

    def predict(self, rows):
        return self._nearest(rows.columns(self.groups)[0], known=None)

    def out_of_fold(self):
        return self._nearest(self.sizes, known=np.arange(len(self.scores)))

    def _nearest(self, sizes, known):
        distances = np.abs(sizes[:, None] - self.sizes).sum(axis=2)
        if known is not None:
            distances[known, known] = np.inf  # a row is not its own neighbour
        nearest = distances == distances.min(axis=1, keepdims=True)
        mean = (nearest * self.scores).sum(axis=1) / nearest.sum(axis=1)
        return Prediction(mean, np.full(len(mean), self.scores.std()))
