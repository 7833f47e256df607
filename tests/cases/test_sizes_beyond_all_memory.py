"""A width of 10**12 ended in a traceback of NumPy or torch, one of 10**40 in others, and a learning
rate of 100,000 in `Out of range float values` after the training.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from command_failures import failure
from nasflow import EncoderConfig, FitConfig, Predictor, PretrainConfig, SurrogateConfig
from nasflow.cli import main
from nasflow.errors import ConfigError, DataError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.proxies.options import ProxyConfig

HUGE = 10**40
ROWS = [{"ops": ["in", "conv"] + ["out"] * n, "edges": [[0, 1]], "accuracy": n} for n in range(8)]


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


@pytest.mark.parametrize("encoder", ["gin", "transformer", "mlp"])
def test_what_torch_has_no_memory_for_is_said_in_one_line(
    encoder: str, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = failure(
        capsys, "pretrain", str(mine), f"--encoder.name={encoder}", "--encoder.width=1000000"
    )
    assert "there is too little memory (can't allocate memory: you tried to allocate" in line
    assert "choose smaller sizes" in line


def test_and_what_numpy_has_none_for(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = failure(capsys, "surrogate", str(mine), "--surrogate.k=1000000")
    assert "there is too little memory (Unable to allocate 14.6 TiB" in line


@pytest.mark.parametrize(
    ("options", "name", "high"),
    [
        (SurrogateConfig, "k", 10**6),
        (EncoderConfig, "width", 10**6),
        (EncoderConfig, "n_layers", 1000),
        (PretrainConfig, "decoder_width", 10**6),
        (ProxyConfig, "image_size", 10**6),
        (PretrainConfig, "batch_size", 2**63 - 1),
        (FitConfig, "batch_size", 2**63 - 1),
        (FitConfig, "epochs", 2**63 - 1),
    ],
)
def test_no_number_is_larger_than_can_ever_be_meant(options: Any, name: str, high: int) -> None:
    assert getattr(options(**{name: high}), name) == high
    for value in (high + 1, HUGE):
        with pytest.raises(ConfigError, match=rf"{name} is {value}; legal: .* from 1 to {high}$"):
            options(**{name: value})


def test_the_largest_batch_is_the_whole_table(mine: Path) -> None:
    main(["fit", str(mine), "--fit.epochs=1", f"--fit.batch_size={2**63 - 1}"])


@pytest.mark.parametrize("lr", [1e5, float(2**63)])
def test_a_learning_rate_far_too_high_is_named(lr: float) -> None:
    table = ArchTable.from_architectures([Architecture(r["ops"], r["edges"]) for r in ROWS])
    predictor = Predictor(encoder=EncoderConfig("gin", width=8), fit=FitConfig(epochs=30, lr=lr))
    with pytest.raises(DataError, match=r"learning rate of \S+ ended in scores .* use a lower lr"):
        predictor.fit(table, [row["accuracy"] for row in ROWS])
