"""`nasflow features`: the same numbers in each kind of file, read by other programs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nasflow import Predictor, open_dataset, to_features
from nasflow.cli import main

ROWS = [
    {"ops": ["input", "conv,3", "output"], "edges": [[0, 1], [1, 2]], "cost": 3.0},
    {"ops": ["input", "pool", "output"], "edges": [[0, 1], [1, 2]], "cost": 1.0},
    {"ops": ["input", "output"], "edges": [[0, 1]], "cost": 2.0},
]


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return str(path)


@pytest.mark.parametrize("ending", ["csv", "parquet", "npz"])
def test_a_file_has_the_features_of_python(ending: str, source: str, tmp_path: Path) -> None:
    out = tmp_path / f"features.{ending}"
    words = ["features", source, "--out", str(out), "--proxies", "cost"]
    main([*words, "--groups", "paths,counts"])
    dataset = open_dataset(source)
    features, names = to_features(
        dataset.table, ["paths", "counts", "proxies"], proxies={"cost": dataset.labels("cost")}
    )
    read_names, read = _read(out)
    assert read_names == names
    assert "paths.near.conv,3" in names  # a comma of an operation is no column's end
    np.testing.assert_allclose(read, features, rtol=1e-8)


def _read(path: Path) -> tuple[list[str], np.ndarray]:
    """Names and values, as another program reads the file."""
    if path.suffix == ".npz":
        arrays = np.load(path)
        return arrays["names"].tolist(), arrays["features"]
    frame = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    return list(frame.columns), frame.to_numpy()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", "x.txt"], "legal endings"),
        (["--groups", "path"], "paths"),
        (["--groups", ""], "at least"),
        (["--groups", "paths,paths"], "once"),
        (["--groups", "proxies"], "proxies"),
        (["--proxies", "price"], "price"),
    ],
)
def test_misuse_says_what_is_legal(
    words: list[str],
    message: str,
    source: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["features", source, "--out", str(tmp_path / "features.csv"), *words])
    assert caught.value.code == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.glob("features*"))


def test_a_model_adds_its_embeddings(source: str, tmp_path: Path) -> None:
    model, out = tmp_path / "p.safetensors", tmp_path / "x.npz"
    main(["pretrain", source, "--out", str(model), "--pretrain.epochs", "1", "--encoder.width=8"])
    main(["features", source, "--groups", "counts", "--model", str(model), "--out", str(out)])
    names, features = _read(out)
    np.testing.assert_allclose(
        features[:, -8:], Predictor.load(model).embed(open_dataset(source).table)
    )
    assert names[-1] == "embedding.7"
