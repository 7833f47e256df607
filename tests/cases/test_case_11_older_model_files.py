from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nasflow import Predictor
from nasflow.errors import CheckpointError
from nasflow.running.checkpoints import load_checkpoint, save_checkpoint
from small import table

GOLDEN = Path(__file__).parent.parent / "golden"


def test_a_model_file_of_format_version_1_predicts_what_it_did() -> None:
    """A model of the previous version could not be loaded."""
    model = Predictor.load(GOLDEN / "predictor-v1.safetensors")
    expected = json.loads((GOLDEN / "predictor-v1.json").read_text())
    np.testing.assert_allclose(model.predict(table(20)), expected, rtol=1e-4, atol=1e-5)


def test_a_file_of_a_newer_version_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    content = (GOLDEN / "predictor-v1.safetensors").read_bytes()
    newer = content.replace(b'\\"version\\": 1,', b'\\"version\\": 9,')
    assert newer != content
    path.write_bytes(newer)
    with pytest.raises(
        CheckpointError, match="format version 9; this nasflow reads 1 to 3: update nasflow"
    ):
        Predictor.load(path)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "x", "pretraining", {}, {})
    with pytest.raises(CheckpointError, match="is a pretraining, not a predictor"):
        load_checkpoint(tmp_path / "x", "predictor")
