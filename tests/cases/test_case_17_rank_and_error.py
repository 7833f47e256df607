from __future__ import annotations

import numpy as np
import pytest

from nasflow import Architecture, ArchTable
from nasflow.datasets import Dataset, Metric
from nasflow.experiments.protocol import measures
from nasflow.experiments.tables import COLUMNS


def test_every_result_has_rank_and_error_metrics() -> None:
    """tau .92 with squared error .6, tau .60 with .16: one of the two says nothing of the other."""
    truth = np.arange(100.0)
    ranked = measures(truth * 10, truth, maximise=True)
    assert ranked["tau"] == 1
    assert ranked["rmse"] > 100
    assert {"tau", "spearman", "p1", "p5", "rmse"} <= set(COLUMNS)


def test_repeats_set_a_ceiling() -> None:
    table = ArchTable.from_architectures([Architecture(("a",), ())] * 4)
    repeats = np.array([[1.0, 1.0], [2.0, 3.0], [3.0, 2.0], [4.0, np.nan]])
    data = Dataset("x", table, {"acc": Metric("acc", "")}, {"acc": repeats})
    assert data.repeatability("acc") == pytest.approx(1 / 3)
    single = Dataset("x", table, {"acc": Metric("acc", "")}, {"acc": repeats[:, 0]})
    assert single.repeatability("acc") is None


def test_where_less_is_better_the_top_is_the_lowest() -> None:
    truth = np.arange(100.0)
    predicted = truth.copy()
    predicted[50:] = 50  # the high end is not told apart; the low end is
    assert measures(predicted, truth, maximise=False)["p5"] == 1
    assert measures(predicted, truth, maximise=True)["p5"] < 0.2
