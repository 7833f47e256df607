"""Checkpoint files: what goes in comes out; every other file is a `CheckpointError`."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from nasflow.errors import CheckpointError, MissingDataError
from nasflow.running.checkpoints import VERSION, load_checkpoint, save_checkpoint

TENSORS = {"a": torch.arange(6.0).view(2, 3), "b": torch.tensor(3, dtype=torch.int64)}


def _with_header(path: Path, header: Any) -> Path:
    text = header if isinstance(header, str) else json.dumps(header)
    safetensors.torch.save_file(TENSORS, path, metadata={"nasflow": text})
    return path


def test_tensors_and_words_come_back(tmp_path: Path) -> None:
    about = {"list": [1, 2.5, None], "text": "é"}
    save_checkpoint(tmp_path / "x", "thing", {**TENSORS, "t": TENSORS["a"].t()}, about)
    tensors, seen, version = load_checkpoint(tmp_path / "x", "thing")
    assert (seen, version) == (about, VERSION)
    assert torch.equal(tensors["t"], TENSORS["a"].t())
    for name, tensor in TENSORS.items():
        assert torch.equal(tensors[name], tensor)
        assert tensors[name].dtype == tensor.dtype


def test_arrays_are_the_same_file_as_tensors_and_come_back_as_either(tmp_path: Path) -> None:
    types = (torch.float32, torch.float64, torch.uint8, torch.int16, torch.int64, torch.bool)
    tensors = {str(dtype): torch.arange(6).view(2, 3).to(dtype) for dtype in types}
    tensors["number"] = torch.tensor(0.5)
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    arrays["turned"] = arrays["torch.float32"].T  # no rows side by side
    tensors["turned"] = tensors["torch.float32"].t()
    mixed = arrays | {"torch.int64": tensors["torch.int64"]}
    for name, values in (("tensors", tensors), ("arrays", arrays), ("mixed", mixed)):
        save_checkpoint(tmp_path / name, "thing", values, {"a": 1})
        assert (tmp_path / name).read_bytes() == (tmp_path / "tensors").read_bytes()
    seen, _, _ = load_checkpoint(tmp_path / "arrays", "thing", lambda name: "float" in name)
    for name, array in arrays.items():
        assert isinstance(seen[name], np.ndarray) == ("float" in name)
        np.testing.assert_array_equal(np.asarray(seen[name]), array)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"nowhere\.safetensors does not exist"):
        load_checkpoint(tmp_path / "nowhere.safetensors", "thing")


def test_a_file_truncated_anywhere_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_checkpoint(path, "thing", TENSORS, {})
    whole = path.read_bytes()
    for size in (0, 4, 8, 40, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(
            CheckpointError, match=r"x\.safetensors is truncated or no safetensors file"
        ):
            load_checkpoint(path, "thing")


class _Attack:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.target),)


def test_a_pickle_is_refused_and_not_executed(tmp_path: Path) -> None:
    for write in (lambda p, o: p.write_bytes(pickle.dumps(o)), lambda p, o: torch.save(o, p)):
        path, target = tmp_path / "model.pt", tmp_path / "executed"
        write(path, _Attack(target))
        with pytest.raises(CheckpointError, match="no safetensors file"):
            load_checkpoint(path, "predictor")
        assert not target.exists()


def test_tensors_that_nasflow_did_not_write_are_refused(tmp_path: Path) -> None:
    safetensors.torch.save_file(TENSORS, tmp_path / "foreign")
    with pytest.raises(CheckpointError, match="nasflow did not write it"):
        load_checkpoint(tmp_path / "foreign", "thing")


@pytest.mark.parametrize("header", ["{", "[]", "3", {"kind": "thing"}, {"version": 1, "about": {}}])
def test_a_header_that_is_no_header_is_refused(tmp_path: Path, header: Any) -> None:
    with pytest.raises(CheckpointError, match="its header is missing"):
        load_checkpoint(_with_header(tmp_path / "x", header), "thing")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "x", "pretraining", TENSORS, {})
    with pytest.raises(CheckpointError, match="x is a pretraining, not a predictor"):
        load_checkpoint(tmp_path / "x", "predictor")


@pytest.mark.parametrize("version", [VERSION + 1, 999, 0, -1, "1", None])
def test_another_format_version_is_refused_with_those_read(tmp_path: Path, version: Any) -> None:
    path = _with_header(tmp_path / "x", {"kind": "thing", "version": version, "about": {}})
    with pytest.raises(
        CheckpointError, match=f"format version {version}; this nasflow reads 1 to {VERSION}"
    ):
        load_checkpoint(path, "thing")


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    save_checkpoint(path, "thing", TENSORS, {"which": "old"})

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(path, "thing", TENSORS, {"which": "new"})
    assert load_checkpoint(path, "thing")[1] == {"which": "old"}
    assert [file.name for file in tmp_path.iterdir()] == ["x"]


def test_words_that_json_cannot_hold_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        save_checkpoint(tmp_path / "x", "thing", TENSORS, {"loss": float("nan")})
    assert not list(tmp_path.iterdir())


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
