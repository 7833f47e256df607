"""What a surrogate explains of a label, against regression out of fold."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import cross_val_predict

from nasflow.options.surrogate import SurrogateConfig
from nasflow.surrogate import FlowSurrogate
from nasflow_paper.questions.explained import (
    beyond_by_draw,
    explained,
    explained_beyond,
    normal_scores,
    operation_counts,
    out_of_fold_r2,
)
from oracles import OPS, random_table

CONFIG = SurrogateConfig(k=4, sigma=1.0)
TABLE = random_table(300)
TARGETS = FlowSurrogate(5, CONFIG).targets(TABLE).double().numpy()


def test_r2_is_that_of_regression_out_of_fold() -> None:
    rng = np.random.default_rng(0)
    x, fold = rng.normal(size=(60, 3)), np.repeat(np.arange(5), 12)
    y = x @ [1.0, 2.0, 0.0] + rng.normal(size=60)
    predicted = cross_val_predict(LinearRegression(), x, y, cv=5)
    expected = 1 - ((y - predicted) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    assert out_of_fold_r2(x, y, fold) == pytest.approx(expected, abs=1e-4)
    # a column more that repeats another changes nothing
    assert out_of_fold_r2(np.hstack([x, x[:, :1]]), y, fold) == pytest.approx(expected, abs=1e-3)


def test_counts_are_those_of_the_graphs() -> None:
    expected = np.array([[graph.ops.count(op) for op in OPS] for graph in TABLE])
    np.testing.assert_array_equal(operation_counts(TABLE), expected)
    assert operation_counts(TABLE[:1]).shape == (1, 0)  # one row: every count is constant


def test_normal_scores_keep_order_and_ties() -> None:
    scores = normal_scores(np.array([5.0, -1.0, 5.0, 100.0]))
    np.testing.assert_allclose(scores, scipy.stats.norm.ppf([0.5, 0.125, 0.5, 0.875]))


def test_what_the_surrogate_alone_knows_is_explained_beyond_counts() -> None:
    counts = operation_counts(TABLE)
    of_surrogate = explained(TABLE, TARGETS, TARGETS[:, 1], 40, 2)
    of_counts = explained(TABLE, TARGETS, counts @ np.arange(1.0, 6.0), 40, 2)
    assert of_surrogate.beyond > 0.15
    assert abs(of_counts.beyond) < 0.02
    assert of_surrogate.few_gain > 0.1 > of_counts.few_gain
    assert of_surrogate.beyond == pytest.approx(of_surrogate.both - of_surrogate.counts)
    assert of_surrogate.wiring > of_surrogate.counts  # joined pairs say more than operations
    assert of_surrogate.few_labels == 40


def test_draws_are_seeds_of_the_surrogate() -> None:
    two = beyond_by_draw(TABLE, TARGETS[:, 1], CONFIG, 2)
    assert two[0] == pytest.approx(explained_beyond(TABLE, TARGETS, TARGETS[:, 1]))
    assert two[1] < two[0]  # the label is a component of the first draw
