from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

import miniatures
from nasflow.datasets.importing import import_table, read_table
from nasflow.datasets.readers.columns import Columns
from nasflow.errors import DataError, MissingExtraError
from nasflow.graphs.architecture import Architecture
from nasflow.spaces.nb201 import NB201

CHAIN = Architecture(("input", "attn", "mlp", "output"), ((0, 1), (1, 2), (2, 3)))


@pytest.mark.parametrize("label", ["csv", "jsonl", "parquet"])
def test_the_three_forms_of_a_table_agree(label: str, tmp_path: Path) -> None:
    fmt, name, make = miniatures.SINGLE_FILES[label]
    (tmp_path / name).write_bytes(make())
    data = read_table(fmt, tmp_path / name)
    assert data.table[0] == CHAIN
    assert data.values["accuracy"][0].tolist() == [81.2, 80.9]
    assert data.labels("accuracy")[1] == 79.5
    assert data.values["latency"][0] == 3.5
    assert data.metric("accuracy").unit == "%"
    assert data.metric("accuracy").maximise
    assert data.metric("latency").unit == "ms"
    assert not data.metric("latency").maximise
    assert data.metric("latency").trained


@pytest.mark.parametrize("label", ["csv", "jsonl"])
def test_gzipped_tables(label: str, tmp_path: Path) -> None:
    fmt, name, make = miniatures.SINGLE_FILES[label]
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(make()))
    assert len(read_table(fmt, tmp_path / f"{name}.gz")) == 2
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(make())[:-9])
    with pytest.raises(DataError, match="no readable"):
        read_table(fmt, tmp_path / f"{name}.gz")


def test_a_notation_of_a_registered_space(tmp_path: Path) -> None:
    text = miniatures.CELLS_201[0]
    (tmp_path / "t.csv").write_text(
        f"arch,space,accuracy\n{text},nb201,90\n{text},nb202,91\n|x~0|,nb201,92\n"
    )
    report = import_table("csv", tmp_path / "t.csv")
    assert NB201().format(report.dataset.table[0]) == text
    assert "unknown space 'nb202' (did you mean 'nb201'?)" in report.rejected[0].reason
    assert report.rejected[1].number == 4
    assert report.dataset.default_metric == "accuracy"


def test_blanks_in_the_short_forms_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "ops , edges , y\ninput | attn | mlp | output , 0>1  1>2 2>3 , 1\n"
    )
    assert read_table("csv", tmp_path / "t.csv").table[0] == CHAIN


def test_declarations_in_column_titles() -> None:
    declared = Columns("t.csv")
    columns = [declared.declare(t) for t in ("a", "b [%]", "c#2 [ms, min]", "d [min, free]")]
    assert [
        (c.metric.name, c.metric.unit, c.metric.maximise, c.metric.trained, c.repeat)
        for c in columns
    ] == [
        ("a", "", True, True, 0),
        ("b", "%", True, True, 0),
        ("c", "ms", False, True, 2),
        ("d", "", False, False, 0),
    ]


@pytest.mark.parametrize(
    ("titles", "message"),
    [
        (["a [x, y]"], "with the units x, y; legal: one"),
        (["a [%"], "legal: a name"),
        ([""], "legal: a name"),
        (["a", "a [%]"], "repeats of a metric need different numbers"),
        (["a#1", "a#1 "], "repeats of a metric"),
        (["a#x"], "legal: a name"),
    ],
)
def test_malformed_titles_are_refused(titles: list[str], message: str) -> None:
    columns = Columns("t.csv")
    for title in titles[:-1]:
        columns.declare(title)
    with pytest.raises(DataError, match=message):
        columns.declare(titles[-1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "needs columns ops and edges, or arch and space"),
        ("ops,accuracy\n", "needs columns"),
        ("sep=;\nops;edges\n", "that Excel alone reads"),
        ("sep=,\nops,edges\n", "that Excel alone reads"),
        ("ops,edges\n\"['a', 'b']\",\"[[0, 1]]\"\n", "in JSON texts stand in double quotes"),
        ("ops,edges,a,a\n", "names a column twice"),
        ("ops,edges\n", "no valid row"),
        ("ops,edges\na,\x00\n", "no valid row|no readable CSV"),
    ],
)
def test_malformed_csv_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_table("csv", tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[1]", "a JSON list"),
        ("{", "no JSON"),
        ("{}", "'ops' is None"),
        ('{"ops": ["a"], "edges": [], "m": "x"}', "m is 'x'"),
        ('{"ops": ["a"], "edges": [], "m": true}', "m is True"),
        ('{"ops": ["a"], "edges": [], "m": 1e999}', "m is inf"),
        ('{"ops": ["a"], "edges": [], "m [%]": 1}', "declares m otherwise"),
        ('{"arch": 3.5, "space": "nb201"}', "arch is 3.5"),
        ('{"ops": "[", "edges": []}', "no JSON"),
        ('{"ops": ["a", "b"], "edges": "0-1"}', "no pair of node positions"),
    ],
)
def test_malformed_lines_are_rejected(tmp_path: Path, line: str, reason: str) -> None:
    good = '{"ops": ["a"], "edges": [], "m": 1}\n'
    other = '{"ops": ["b"], "edges": [], "m": 1}\n'
    (tmp_path / "t.jsonl").write_text(good + line + "\n" + other)
    report = import_table("jsonl", tmp_path / "t.jsonl")
    assert [(item.number) for item in report.rejected] == [2]
    assert reason in report.rejected[0].reason
    assert len(report.dataset) == 2


def test_parquet_types(tmp_path: Path) -> None:
    table: dict[str, Any] = {
        "ops": ["a|b", '["a", "b"]', "a|c"],
        "edges": ["0>1", "[[0, 1]]", "0>1"],
        "m": pa.array([1, None, 3], pa.int32()),
        "n": pa.array([1.5, float("nan"), 2.5]),
    }
    pyarrow.parquet.write_table(pa.table(table), tmp_path / "t.parquet")
    report = import_table("parquet", tmp_path / "t.parquet")
    assert [(item.number, "n is nan" in item.reason) for item in report.rejected] == [(1, True)]
    np.testing.assert_array_equal(report.dataset.values["m"], [1, 3])


def test_parquet_needs_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.parquet").write_bytes(miniatures.parquet_table())
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(
        MissingExtraError, match=r"reading Parquet files needs pyarrow.*nasflow\[parquet\]"
    ):
        read_table("parquet", tmp_path / "t.parquet")
