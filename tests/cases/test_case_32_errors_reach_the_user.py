from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nasflow import EncoderConfig, PretrainConfig, ProtocolConfig
from nasflow.datasets import load_dataset
from nasflow.encoders.resgatedgcn import ResGatedGCN
from nasflow.experiments.grid import run_grid
from nasflow.experiments.runs import plan
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import FitConfig


def test_a_predictor_that_raises_stops_the_grid_and_leaves_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bare except turned errors into NaN, and NaN into 0."""

    def broken(self: ResGatedGCN, batch: object) -> torch.Tensor:
        raise ZeroDivisionError("inside the encoder")

    monkeypatch.setattr(ResGatedGCN, "nodes", broken)
    runs = plan(
        "nbgraph-proteins",
        load_dataset("nbgraph-proteins"),
        "test_perf",
        ("none",),
        encoder=EncoderConfig(width=8),
        surrogate=SurrogateConfig(),
        pretrain=PretrainConfig(),
        fit=FitConfig(epochs=1),
        protocol=ProtocolConfig(ratio=0.05, splits=(21,), seeds=(21,)),
    )
    with pytest.raises(ZeroDivisionError, match="inside the encoder"):
        run_grid(runs, tmp_path, n_workers=1, progress=False)
    assert not (tmp_path / "runs.jsonl").exists()
