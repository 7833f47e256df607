"""A metric of which less is better: the highest latency was listed as best."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nasflow import Dataset, EncoderConfig, FitConfig, Predictor
from nasflow.cli import main
from nasflow.datasets import Metric
from nasflow.prediction.label import Label
from small import labels, table

TABLE = table(60)
LATENCY = 20.0 - labels(TABLE)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    metric = Metric("latency", "of a telephone", "ms", maximise=False)
    path = tmp_path / "mine.npz"
    Dataset("mine", TABLE, {"latency": metric}, {"latency": LATENCY}, "latency").save(path)
    return path


def test_the_best_are_the_fastest(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(tmp_path / "model")
    main(["fit", str(mine), "--encoder.width", "16", "--fit.epochs", "60", "--out", model])
    assert "latency in ms, less is better" in capsys.readouterr().out
    main(["predict", "--model", model, "--archs", str(mine), "--top", "5"])
    out, error = capsys.readouterr()
    assert "best first: latency in ms, less is better" in error
    rows = [int(line.split(",")[0]) for line in out.splitlines()[1:]]
    predicted = [float(line.split(",")[1]) for line in out.splitlines()[1:]]
    assert predicted == sorted(predicted)
    assert LATENCY[rows].mean() < np.quantile(LATENCY, 0.25)


@pytest.mark.parametrize("maximise", [True, False])
def test_the_direction_goes_with_the_model(maximise: bool, tmp_path: Path) -> None:
    predictor = Predictor(encoder=EncoderConfig(width=8), fit=FitConfig(epochs=5))
    label = Label("latency", "ms", maximise)
    predictor.fit(TABLE, LATENCY, label=label).save(tmp_path / "model")
    loaded = Predictor.load(tmp_path / "model")
    assert loaded.label_ == label
    order = np.argsort(predictor.predict(TABLE) * (-1 if maximise else 1), kind="stable")
    assert loaded.top(TABLE, 7).tolist() == order[:7].tolist()
