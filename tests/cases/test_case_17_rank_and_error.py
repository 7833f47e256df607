from __future__ import annotations

import numpy as np

from nasflow.experiments.protocol import measures
from nasflow.experiments.tables import COLUMNS


def test_every_result_has_rank_and_error_metrics() -> None:
    """tau .92 with squared error .6, tau .60 with .16: one of the two says nothing of the other."""
    truth = np.arange(100.0)
    ranked = measures(truth * 10, truth, maximise=True)
    assert ranked["tau"] == 1
    assert ranked["rmse"] > 100
    assert {"tau", "spearman", "p1", "p5", "rmse"} <= set(COLUMNS)


def test_where_less_is_better_the_top_is_the_lowest() -> None:
    truth = np.arange(100.0)
    predicted = truth.copy()
    predicted[50:] = 50  # the high end is not told apart; the low end is
    assert measures(predicted, truth, maximise=False)["p5"] == 1
    assert measures(predicted, truth, maximise=True)["p5"] < 0.2
