from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from nasflow.checkpoints import load_checkpoint, save_checkpoint
from nasflow.errors import CheckpointError


def test_tensors_and_header_come_back(tmp_path: Path) -> None:
    tensors = {"a": torch.arange(6.0).view(2, 3).t(), "b": torch.tensor(3)}
    save_checkpoint(tmp_path / "c", "predictor", tensors, {"x": [1, None]})
    again, about = load_checkpoint(tmp_path / "c", "predictor")
    assert all(torch.equal(again[name], tensor) for name, tensor in tensors.items())
    assert about == {"x": [1, None]}


def test_tensors_of_another_program_are_refused(tmp_path: Path) -> None:
    safetensors.torch.save_file({"a": torch.zeros(1)}, tmp_path / "c")
    with pytest.raises(CheckpointError, match="nasflow did not write it"):
        load_checkpoint(tmp_path / "c", "predictor")


def test_damage_anywhere_ends_in_a_typed_error_or_a_checkpoint(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "c", "predictor", {"a": torch.zeros(3)}, {"x": 1})
    whole = (tmp_path / "c").read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(300):
        content = bytearray(whole)
        for place in rng.integers(len(content), size=rng.integers(1, 4)):
            content[place] = rng.integers(256)
        (tmp_path / "d").write_bytes(bytes(content[: rng.integers(1, len(content) + 1)]))
        with contextlib.suppress(CheckpointError):
            assert set(load_checkpoint(tmp_path / "d", "predictor")[0]) <= {"a"}
