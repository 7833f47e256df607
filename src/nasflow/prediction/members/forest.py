"""`Forest`: grown trees as flat arrays, and the way of rows through them, without scikit-learn.

The trees stand side by side, each in preorder: a node, all that is left of it, all that is right.
So the left child of a node is the one behind it, and where the right one is follows from which
nodes are leaves: read from the front, each node that splits opens a place for one subtree more, and
each leaf closes one; the right child is the next node at which as many are open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from nasflow.running.cached import cached_property

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.intp]

ROWS = 256  # at a time: 300 trees for each are what fits into the processor's cache
LEAF = -1


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees that split rows by one feature at each node."""

    feature: npt.NDArray[np.integer[Any]]
    """(n_nodes,): by which feature a node splits; -1 for a leaf."""
    threshold: Float32Array
    """(n_nodes - n_leaves,) float32: rows with at most so much go left."""
    value: FloatArray
    """(n_leaves,) float64: what a leaf predicts."""

    @classmethod
    def of(cls, trees: Sequence[Any]) -> Self:
        """The trees of scikit-learn's regressors (their `tree_`), which stand in preorder there."""
        feature = np.concatenate([tree.feature for tree in trees])
        splits = np.concatenate([tree.children_left for tree in trees]) >= 0
        exact = np.concatenate([tree.threshold for tree in trees])[splits]
        # rows are float32, and of these the same are at most the number and the float32 below it
        near = exact.astype(np.float32)
        below = np.nextafter(near, np.float32(-np.inf))
        value = np.concatenate([tree.value[:, 0, 0] for tree in trees])
        return cls(
            np.where(splits, feature, LEAF),
            np.where(near > exact, below, near),
            value[~splits],
        )

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """The forest as few bytes, by name."""
        # most leaves hold one of the labels
        values, leaf = np.unique(self.value, return_inverse=True)
        return {
            # from 1 on, and 0 for a leaf: one byte each up to 255 features
            "feature": _small(self.feature + 1),
            "threshold": self.threshold,
            "leaf": _small(leaf),
            "value": values,
        }

    @classmethod
    def restore(cls, state: Mapping[str, npt.NDArray[Any]], n_features: int) -> Self:
        """The forest that gave a state.

        Raises:
            KeyError, IndexError, ValueError: arrays that are missing or do not fit.
        """
        feature = state["feature"].astype(np.int32) - 1
        forest = cls(feature, state["threshold"], state["value"][state["leaf"]])
        splits = forest.feature != LEAF
        # of a damaged file: a row would be lost between trees, or read what is another's
        is_whole = len(splits) - 1 in _ends(splits)
        fits = splits.sum() == len(forest.threshold) and (~splits).sum() == len(forest.value)
        if not is_whole or not fits or forest.feature.max() >= n_features:
            raise ValueError("trees that do not end, or split by features that there are not")
        return forest

    def predict(self, features: Float32Array) -> FloatArray:
        """(n_trees, N): what each tree predicts of rows (N, n_features)."""
        parts = [self._of_rows(features[i : i + ROWS]) for i in range(0, len(features), ROWS)]
        return np.concatenate([np.zeros((len(self._nodes.roots), 0)), *parts], axis=1)

    def _of_rows(self, features: Float32Array) -> FloatArray:
        """The same of few rows: all of them go down all trees together, a level at each step."""
        nodes, (n_rows, n_features) = self._nodes, features.shape
        numbers = features.ravel()
        # each way of a row through a tree: where it is, and where its features begin
        node = np.repeat(nodes.roots, n_rows)
        first = np.tile(np.arange(n_rows) * n_features, len(nodes.roots))
        reached = np.zeros(len(node), np.intp)
        way = np.arange(len(node))
        while len(way):
            goes_right = numbers.take(nodes.feature.take(node) + first) > nodes.threshold.take(node)
            node = nodes.children.take(2 * node + goes_right)
            moves = np.flatnonzero(nodes.splits.take(node))
            # a leaf leads to itself, so that ways may stay; to sort them out takes as long as a
            # step
            if len(moves) < 0.75 * len(way):
                reached[way] = node
                node, first, way = node.take(moves), first.take(moves), way.take(moves)
        return nodes.value.take(reached).reshape(len(nodes.roots), n_rows)

    def grown(self, n_features: int) -> list[Any]:
        """The trees as scikit-learn's, whose compiled code is faster for many rows."""
        from sklearn.tree import ExtraTreeRegressor  # here: few rows need it not

        # what a tree consists of differs by version: a small one shows it
        pattern = ExtraTreeRegressor(random_state=0)
        pattern = pattern.fit(np.zeros((2, n_features)), [0.0, 1.0]).tree_
        dtype = pattern.__getstate__()["nodes"].dtype
        nodes, trees = self._nodes, []
        for start, stop in zip(nodes.roots, [*nodes.roots[1:], len(nodes.splits)], strict=True):
            own = slice(start, stop)
            splits, children = nodes.splits[own], nodes.children.reshape(-1, 2)[own] - start
            table = np.zeros(stop - start, dtype)
            table["left_child"], table["right_child"] = np.where(splits, children.T, -1)
            table["feature"] = np.where(splits, nodes.feature[own], -2)
            table["threshold"] = np.where(splits, nodes.threshold[own], -2.0)
            tree = type(pattern)(n_features, np.array([1]), 1)
            values = nodes.value[own].reshape(-1, 1, 1)
            about = {"max_depth": stop - start, "node_count": stop - start}
            tree.__setstate__(about | {"nodes": table, "values": values})
            trees.append(tree)
        return trees

    @cached_property
    def _nodes(self) -> _Nodes:
        """The nodes with all that a step needs at each."""
        splits = self.feature != LEAF
        n_nodes = len(splits)
        threshold = np.zeros(n_nodes, np.float32)
        threshold[splits] = self.threshold
        value = np.zeros(n_nodes)
        value[~splits] = self.value
        # how many subtrees are open before a node
        is_open = np.cumsum(np.where(splits, 1, -1)) - np.where(splits, 1, -1)
        order = np.argsort(is_open, kind="stable")
        following = np.zeros(n_nodes, np.intp)
        following[order[:-1]] = order[1:]
        node = np.arange(n_nodes)
        children = np.stack([node, node], axis=1)
        children[splits, 0] += 1
        children[splits, 1] = following[splits]
        return _Nodes(
            np.concatenate([[0], _ends(splits)[:-1] + 1]),
            splits,
            np.where(splits, self.feature, 0).astype(np.intp),
            threshold,
            children.ravel(),
            value,
        )


@dataclass(frozen=True, eq=False)
class _Nodes:
    """The nodes of all trees, (n_nodes,) of everything."""

    roots: IntArray
    """(n_trees,) the first node of each tree."""
    splits: npt.NDArray[np.bool_]
    feature: IntArray
    threshold: Float32Array
    children: IntArray
    """(2 n_nodes,) left and right of each node in turn; a leaf's are itself."""
    value: FloatArray


def _ends(splits: npt.NDArray[np.bool_]) -> IntArray:
    """(n_trees,) the last node of each tree, behind which fewer subtrees are open than ever."""
    n_open = np.cumsum(np.where(splits, 1, -1))
    fewest = np.minimum(np.minimum.accumulate(n_open), 0)
    return np.flatnonzero(np.diff(fewest, prepend=0) < 0)


def _small(numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The whole numbers, 0 or more, in as few bytes each as hold all of them."""
    types = (np.uint8, np.int16, np.int32)
    largest = numbers.max(initial=0)
    return numbers.astype(next(each for each in types if largest <= np.iinfo(each).max))
