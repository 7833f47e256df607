from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import miniatures
from nasflow.datasets.importing import import_table, read_table
from nasflow.datasets.readers import json_stream
from nasflow.datasets.readers.base import no_progress
from nasflow.datasets.readers.darts_cell import darts_graph
from nasflow.errors import DataError
from nasflow.graphs.architecture import Architecture
from nasflow.spaces.nb201 import NB201


def write(folder: Path, content: object) -> Path:
    (folder / "zc.json").write_text(json.dumps(content))
    return folder / "zc.json"


def test_nas_bench_201_keys_list_the_edges_by_source(tmp_path: Path) -> None:
    """(4, 0, 3, 1, 4, 3) is avgpool, skip, conv1x1 from 0, none and avgpool from 1, conv1x1 from 2.

    It is the first line of the published table `nb201_zero_cost.csv.gz`.
    """
    (tmp_path / "zc.json").write_bytes(miniatures.zero_cost_json("201"))
    data = read_table("zero-cost-json", tmp_path / "zc.json")
    assert NB201().format(data.table[0]) == (
        "|avg_pool_3x3~0|+|skip_connect~0|none~1|+|nor_conv_1x1~0|avg_pool_3x3~1|nor_conv_1x1~2|"
    )
    assert data.values["val_accuracy"].tolist() == [70.5, 71.5]
    assert data.values["cifar100_val_accuracy"].tolist() == [71.5, 72.5]
    assert data.values["imagenet16_120_jacov"].tolist() == [1.5 * 5 - 3] * 2
    assert data.default_metric == "val_accuracy"
    assert data.metric("val_accuracy").trained
    assert not data.metric("jacov").trained
    assert data.metric("jacov").maximise
    assert not data.metric("flops").maximise


def test_nas_bench_101_keys_are_matrix_and_operations(tmp_path: Path) -> None:
    (tmp_path / "zc.json").write_bytes(miniatures.zero_cost_json("101"))
    data = read_table("zero-cost-json", tmp_path / "zc.json")
    assert data.space == "nb101"
    assert data.table[0] == Architecture(
        ("input", "maxpool3x3", "conv1x1", "conv3x3", "conv3x3", "maxpool3x3", "output"),
        ((0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (4, 5), (5, 6)),
    )


def test_nas_bench_301_keys_are_two_cells(tmp_path: Path) -> None:
    (tmp_path / "zc.json").write_bytes(miniatures.zero_cost_json("301"))
    data = read_table("zero-cost-json", tmp_path / "zc.json")
    assert data.space == "darts"
    assert data.table[0] == darts_graph(*miniatures.GENOTYPE)


def test_tasks_in_another_order_give_the_same_rows(tmp_path: Path) -> None:
    keys = miniatures.zero_cost_keys()["201"]
    entries = {key: miniatures.zero_cost_entry(50 + i) for i, key in enumerate(keys)}
    entries[keys[0]]["jacov"]["score"] = 7.25
    path = write(tmp_path, {"cifar10": entries, "cifar100": dict(reversed(entries.items()))})
    data = read_table("zero-cost-json", path)
    assert data.values["cifar100_val_accuracy"].tolist() == [50, 51]
    assert data.values["cifar100_jacov"].tolist() == data.values["jacov"].tolist() == [7.25, 4.5]


def test_bad_entries_are_rejected(tmp_path: Path) -> None:
    good = "(4, 0, 3, 1, 4, 3)"
    entry = miniatures.zero_cost_entry(70)
    path = write(
        tmp_path,
        {
            "cifar10": {
                good: entry,
                "(9, 0, 0, 0, 0, 0)": entry,
                "__import__('os').getcwd()": entry,
                "[1, 2]": entry,
                "(1, 2)": entry,
                "(0, 0, 0, 0, 0, 1)": {"val_accuracy": 170},
                "(0, 0, 0, 0, 0, 2)": 3,
                "(0, 0, 0, 0, 0, 3)": {"id": "1"},
                "(" * 300: entry,
            }
        },
    )
    report = import_table("zero-cost-json", path)
    assert len(report.dataset) == 1
    assert [item.number for item in report.rejected] == list(range(1, 9))
    reasons = " ".join(item.reason for item in report.rejected)
    for words in (
        "out of 0..4",
        "no tuple of numbers",
        "of darts, those before it of nb201",
        "val_accuracy is 170",
        "needs an object of proxies",
        "neither val_accuracy nor a proxy",
    ):
        assert words in reasons


def test_a_proxy_that_is_no_number_was_not_measured(tmp_path: Path) -> None:
    path = tmp_path / "zc.json"
    path.write_text(
        '{"cifar10": {"(4, 0, 3, 1, 4, 3)": {"val_accuracy": 70, "jacov": {"score": NaN}, '
        '"zen": {"score": 1}}, "(4, 0, 3, 1, 4, 4)": {"val_accuracy": 71, "jacov": {"score": 2.5}, '
        '"zen": {"score": -Infinity}}}}'
    )
    data = read_table("zero-cost-json", path)
    assert np.isnan(data.values["jacov"][0])
    assert data.values["jacov"][1] == 2.5
    assert np.isnan(data.values["zen"][1])


def test_transnas_is_refused_by_name(tmp_path: Path) -> None:
    path = write(tmp_path, {"class_scene": {"(0, 1, 2, 3, 0, 1)": miniatures.zero_cost_entry(50)}})
    with pytest.raises(DataError, match="TransNAS-Bench-101"):
        read_table("zero-cost-json", path)


@pytest.mark.parametrize("chunk", [1, 2, 7, 64, 1 << 20])
def test_the_stream_reads_the_same_in_pieces_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    content = {
        "a": {"x": 12.5, 'y \\" ü': [1, {"z": None}], "n": -1.5e-7},
        "b": {},
        "c": {"k": "v"},
    }
    path = tmp_path / "x.json"
    path.write_text(json.dumps(content, indent=3, ensure_ascii=False), encoding="utf-8")
    monkeypatch.setattr(json_stream, "_CHUNK", chunk)
    read: dict[str, dict[str, object]] = {"b": {}}
    for outer, inner, value in json_stream.entries(path, no_progress):
        read.setdefault(outer, {})[inner] = value
    assert read == content


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"a"}',
        '{"a": 1}',
        '{"a": {"b": }}',
        '{"a": {"b": 1}',
        '{"a": {"b": 1}} x',
        '{"a": {"b": 1,}}',
        "{1: {}}",
        '{"a": {"b": ' + "[" * 100_000,
    ],
)
def test_malformed_json_says_where(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(DataError, match=r"character \d+: "):
        list(json_stream.entries(tmp_path / "x.json", no_progress))
