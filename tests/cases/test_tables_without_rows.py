"""A data set of no rows, such as a filtered table: commands ended in a traceback."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nasflow import Dataset, EncoderConfig, FitConfig, FlowSurrogate, Predictor, SurrogateConfig
from nasflow.cli import main
from nasflow.datasets import Metric
from small import labels, table

TABLE = table(20)
METRICS = {"accuracy": Metric("accuracy", "of something", "")}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """none.npz without rows, unmeasured.npz without a measured value, and a fitted model."""
    monkeypatch.chdir(tmp_path)
    Dataset("none", TABLE[:0], METRICS, {"accuracy": np.zeros(0)}, "accuracy").save("none.npz")
    unmeasured = {"accuracy": np.full(20, np.nan)}
    Dataset("unmeasured", TABLE, METRICS, unmeasured, "accuracy").save("unmeasured.npz")
    small = Predictor(encoder=EncoderConfig(width=8), fit=FitConfig(epochs=1))
    small.fit(TABLE, labels(TABLE)).save("model")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("pretrain none.npz", "the table has no rows: there is nothing to pre-train on"),
        ("fit none.npz", "none.npz has 0 labelled architectures; fit needs at least 2"),
        ("fit unmeasured.npz", "0 labelled architectures; fit needs at least 2"),
        ("evaluate none.npz", "none.npz: 0 of 0 rows have a value of accuracy"),
        ("evaluate unmeasured.npz", "unmeasured.npz: 0 of 20 rows have a value of accuracy"),
    ],
)
def test_work_that_needs_rows_says_that_there_are_none(
    words: str, told: str, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(files.iterdir())
    with pytest.raises(SystemExit) as stop:
        main(words.split())
    assert stop.value.code == 2
    assert told in capsys.readouterr().err
    assert sorted(files.iterdir()) == before  # nothing was begun


@pytest.mark.parametrize(
    "words",
    ["predict --model model --archs none.npz", "predict --model model --archs none.npz --top 3"],
)
def test_predictions_of_nothing_are_an_empty_table(
    words: str, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(words.split())
    assert capsys.readouterr().out == "row,prediction\n"


@pytest.mark.parametrize("standardise", [True, False])
def test_there_are_no_surrogates_of_nothing(standardise: bool) -> None:
    surrogate = FlowSurrogate(TABLE.n_ops, SurrogateConfig(k=3, rounds=2, standardise=standardise))
    assert surrogate(TABLE[:0]).shape == surrogate.targets(TABLE[:0]).shape == (0, 6)
    assert surrogate.states(TABLE[:0]).shape == (0, 3)
