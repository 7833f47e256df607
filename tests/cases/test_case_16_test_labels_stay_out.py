from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from nasflow import EncoderConfig, FitConfig, PretrainConfig, ProtocolConfig, SurrogateConfig
from nasflow.datasets import load_dataset
from nasflow.experiments import protocol
from nasflow.experiments.runs import plan
from nasflow.statistics.splits import half_split


@pytest.mark.parametrize("method", ["none", "gp"])
def test_changing_the_test_labels_changes_no_prediction(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scaler was fitted on all labels, those of the test set included."""
    data = load_dataset("nbgraph-proteins")
    split = half_split(len(data), 21, 0.05, 40, file_order=False)
    changed = data.labels().copy()
    changed[split.test] = np.random.default_rng(0).normal(50, 9, len(split.test))
    unused = np.setdiff1d(split.training_half, split.train)
    changed[unused] = -1e6
    others = dataclasses.replace(data, values={**data.values, "test_perf": changed})
    predictions = []
    monkeypatch.setattr(protocol, "measures", lambda p, *_: predictions.append(p) or {})
    for variant in (data, others):
        (run,) = plan(
            "x",
            variant,
            "test_perf",
            (method,),
            encoder=EncoderConfig(width=8),
            surrogate=SurrogateConfig(),
            pretrain=PretrainConfig(),
            fit=FitConfig(epochs=3),
            protocol=ProtocolConfig(ratio=0.05, splits=(21,), seeds=(21,)),
        )
        monkeypatch.setattr(protocol, "_dataset", lambda *_, variant=variant: variant)
        protocol.do_run(run, tmp_path)
    np.testing.assert_array_equal(predictions[0], predictions[2])  # best epoch
    np.testing.assert_array_equal(predictions[1], predictions[3])  # last epoch
