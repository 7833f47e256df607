"""Labels of 1e300 gave NaN, those of 1e308 and 10**400 a bare error, no features too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nasflow import Dataset, EncoderConfig, FitConfig, GaussianProcess, Predictor
from nasflow.cli import main
from nasflow.datasets import Metric
from nasflow.errors import DataError
from nasflow.statistics.metrics import kendall_tau, spearman
from small import labels, table

TABLE = table(20)
LABELS = labels(TABLE)


def predictor() -> Predictor:
    return Predictor(encoder=EncoderConfig(width=8), fit=FitConfig(epochs=2))


@pytest.mark.parametrize("value", [1e308, -1e308, 1.1e300])
def test_a_label_that_would_overflow_is_named_before_any_work(value: float) -> None:
    given = np.where(np.arange(20) == 3, value, LABELS)
    with pytest.raises(DataError, match=rf"label of row 3 is {value:g}".replace("+", r"\+")):
        predictor().fit(TABLE, given)


def test_a_whole_number_beyond_any_float_is_named_with_its_row() -> None:
    with pytest.raises(DataError, match="label of row 1 is 1000"):
        predictor().fit(TABLE[:3], [1, 10**400, 2])


def test_a_model_of_huge_labels_is_saved_and_predicts_numbers(tmp_path: Path) -> None:
    fitted = predictor().fit(TABLE, LABELS / np.abs(LABELS).max() * 1e300)
    fitted.save(tmp_path / "model")
    assert np.isfinite(Predictor.load(tmp_path / "model").predict(TABLE)).all()


def test_the_command_says_so_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = {"gain": np.where(np.arange(20) == 3, 1e308, LABELS)}
    metric = Metric("gain", "of something", "")
    Dataset("mine", TABLE, {"gain": metric}, values, "gain").save(tmp_path / "mine.npz")
    with pytest.raises(SystemExit):
        main(["fit", str(tmp_path / "mine.npz"), "--out", str(tmp_path / "model")])
    assert "1e+308" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()


def test_a_process_without_features_or_of_overflowing_labels_says_what_is_wrong() -> None:
    with pytest.raises(DataError, match="there is no feature"):
        GaussianProcess().fit(np.zeros((5, 0)), np.arange(5.0))
    with pytest.raises(DataError, match="labels reach 1e"):
        GaussianProcess().fit(np.arange(10.0).reshape(5, 2), np.array([1e300, -1e300, 0, 1, 2]))


@pytest.mark.filterwarnings("error")
def test_one_row_has_no_order() -> None:
    for correlation in (kendall_tau, spearman):
        with pytest.raises(DataError, match="at least 2: one value has no order"):
            correlation(np.array([1.0]), np.array([2.0]))
