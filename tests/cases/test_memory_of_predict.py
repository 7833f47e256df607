"""Predicting a large table takes little more memory than a small one: not twice the file. What has
a few numbers for each row takes no more.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nasflow import Dataset, EncoderConfig, FitConfig, Predictor, PretrainConfig, load_space
from nasflow.datasets import own_tables, table_builder

PEAK = (
    "import resource; from nasflow.cli import main; import sys; main(sys.argv[1:]);"
    " print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
)


@pytest.mark.slow
def test_predict_takes_less_than_twice_the_file_on_top(tmp_path: Path) -> None:
    table = load_space("nb201").enumerate()
    predictor = Predictor(
        encoder=EncoderConfig("mlp", width=8, n_layers=1),
        pretrain=PretrainConfig(pretext="none"),
        fit=FitConfig(epochs=1),
    )
    predictor.fit(table[:40], np.arange(40.0))
    predictor.save(tmp_path / "m.safetensors")
    lines = [json.dumps(table[row].to_dict()) + "\n" for row in range(5_000)]
    (tmp_path / "small.jsonl").write_text("".join(lines))
    (tmp_path / "large.jsonl").write_text("".join(lines) * 20)
    small, large = (_peak(tmp_path, name) for name in ("small", "large"))
    more = (tmp_path / "large.jsonl").stat().st_size - (tmp_path / "small.jsonl").stat().st_size
    assert large - small < 2 * more


@pytest.mark.slow
def test_surrogates_of_a_table_take_the_memory_of_a_part(tmp_path: Path) -> None:
    cells = load_space("nb201").enumerate()
    peaks = []
    # both longer than the parts that are read, computed and written at once
    for n in (500_000, 2_000_000):
        table = cells[np.random.default_rng(0).integers(0, len(cells), n)]
        Dataset("cells", table, {}, {}).save(tmp_path / "cells.npz")
        peaks.append(_peak_of(tmp_path, ["surrogate", "cells.npz", "--out", "o.npy"]))
        assert np.load(tmp_path / "o.npy", mmap_mode="r").shape == (n, 8)
    assert peaks[1] < 1.1 * peaks[0]


def _peak_of(folder: Path, words: list[str]) -> int:
    """Bytes that a command holds at most."""
    # by a shell, which is small: a process counts what the one that started it held as its own
    shell = ["sh", "-c", '"$@" || exit 1', "sh"]
    result = subprocess.run(
        [*shell, sys.executable, "-c", PEAK, *words],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return int(result.stdout.split()[-1]) * (1 if sys.platform == "darwin" else 1024)


def _peak(folder: Path, name: str) -> int:
    """Bytes that `nasflow predict` holds at most."""
    words = ["predict", "--model", "m.safetensors", "--archs", f"{name}.jsonl", "--out", "o.csv"]
    peak = _peak_of(folder, words)
    n_predicted = len((folder / "o.csv").read_text().splitlines()) - 1
    assert n_predicted == len((folder / f"{name}.jsonl").read_text().splitlines())
    return peak


def test_a_table_checked_in_parts_is_the_same_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = load_space("nb201").enumerate()[::1_000]
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(graph.to_dict()) + "\n" for graph in table))
    whole = own_tables.read_own_table(path).table
    monkeypatch.setattr(table_builder, "CHUNK", 3)
    assert own_tables.read_own_table(path).table.content_hash() == whole.content_hash()
