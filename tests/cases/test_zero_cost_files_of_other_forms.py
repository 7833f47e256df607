"""A zero-cost file of an earlier form, proxies as plain numbers, gave 500 rows without one of its
11 proxies, and no word; keys written as lists were "no tuple of numbers".
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

import miniatures
from nasflow.cli import main
from nasflow.datasets import Dataset
from nasflow.datasets.importing import read_table


def read(content: object, folder: Path) -> Dataset:
    (folder / "zc.json").write_text(json.dumps(content))
    return read_table("zero-cost-json", folder / "zc.json")


def entries(which: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(miniatures.zero_cost_json(which))["cifar10"]
    return content


@pytest.mark.parametrize("which", ["101", "201", "301"])
def test_proxies_may_be_plain_numbers(which: str, tmp_path: Path) -> None:
    usual = entries(which)
    plain = {}
    for key, entry in usual.items():
        scores = {name: v["score"] for name, v in entry.items() if isinstance(v, dict)}
        plain[key] = {"val_accuracy": entry["val_accuracy"], **scores}
    now, earlier = read({"cifar10": usual}, tmp_path), read({"cifar10": plain}, tmp_path)
    assert earlier.metrics == now.metrics
    assert set(miniatures.PROXIES) <= set(earlier.metrics)
    assert earlier.content_hash() == now.content_hash()


@pytest.mark.parametrize("which", ["101", "201", "301"])
def test_keys_may_be_lists(which: str, tmp_path: Path) -> None:
    usual = entries(which)
    # two lists of pairs, where the usual key has two tuples of pairs
    outer_only = {}
    for key, entry in usual.items():
        code = ast.literal_eval(key)
        parts = [list(part) if isinstance(part, tuple) else part for part in code]
        outer_only[str(parts)] = entry
    lists = {key.replace("(", "[").replace(")", "]"): v for key, v in usual.items()}
    expected = read({"cifar10": usual}, tmp_path)
    for content in (outer_only, lists):
        assert list(read({"cifar10": content}, tmp_path).table) == list(expected.table)


def test_keys_may_be_in_the_notation_of_the_space(tmp_path: Path) -> None:
    entry = miniatures.zero_cost_entry(70)
    for key, space in (
        (miniatures.CELLS_201[0], "nb201"),
        ('{"matrix": [[0, 1], [0, 0]], "ops": ["input", "output"]}', "nb101"),
    ):
        dataset = read({"cifar10": {key: entry}}, tmp_path)
        assert dataset.space == space
        assert dataset.values["jacov"].tolist() == [entry["jacov"]["score"]]


def test_what_is_left_unread_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (key, entry), *_ = entries("201").items()
    entry |= {"train_time": 12.5, "note": "x", "snip": {"value": 3}, "flag": True}
    dataset = read({"cifar10": {key: entry}}, tmp_path)
    assert "snip" not in dataset.metrics
    note = "no numbers of proxies, left unread: flag, id, note, snip, train_time"
    assert dataset.notes == (note,)
    path = tmp_path / "zc.json"
    main(["data", "import", "zero-cost-json", str(path), "--out", str(tmp_path / "t.npz")])
    assert f"note: {note}" in capsys.readouterr().out
