"""Numbers on nodes and graphs in users' tables: every way to write them gives the same graphs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nasflow.datasets.base import Dataset
from nasflow.datasets.own_tables import read_own_table
from nasflow.errors import DataError
from nasflow.graphs.architecture import Architecture

GRAPHS = [
    Architecture(("in", "conv", "out"), ((0, 1), (1, 2)), {"width": [None, 64, None]}),
    Architecture(
        ("in", "conv", "out"),
        ((0, 1), (1, 2)),
        {"width": [None, 0.1, None], "kernel": [3, 5, None]},
        {"lr": 0.01},
    ),
    Architecture(("in", "out"), ((0, 1),)),
]
LABELS = [1.5, 2.5, 3.5]

CSV_COLUMNS = """ops,edges,attrs.width,attrs.kernel,globals.lr,accuracy
in|conv|out,0>1 1>2,|64|,,,1.5
in|conv|out,0>1 1>2,"[null, 0.1, null]",3|5|,0.01,2.5
in|out,0>1,,,,3.5
"""
CSV_OBJECTS = """ops,edges,attrs,globals,accuracy
in|conv|out,0>1 1>2,"{""width"": [null, 64, null]}",,1.5
in|conv|out,0>1 1>2,"{""kernel"": [3, 5, null], ""width"": [null, 0.1, null]}","{""lr"": 0.01}",2.5
in|out,0>1,,,3.5
"""


def read(path: Path, text: str) -> Dataset:
    """The data set of a file with this text."""
    path.write_text(text)
    return read_own_table(path)


def jsonl(rows: list[dict[str, Any]]) -> str:
    """The rows as lines of JSON."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_every_way_to_write_numbers_gives_the_same_graphs(tmp_path: Path) -> None:
    objects = [{**g.to_dict(), "accuracy": y} for g, y in zip(GRAPHS, LABELS, strict=True)]
    columns = []
    for graph, label in zip(GRAPHS, LABELS, strict=True):
        row = {"ops": graph.ops, "edges": graph.edges, "accuracy": label}
        row |= {f"attrs.{name}": values for name, values in graph.attrs.items()}
        columns.append(row | {f"globals.{name}": value for name, value in graph.globals.items()})
    for name, text in [
        ("objects.jsonl", jsonl(objects)),
        ("columns.jsonl", jsonl(columns)),
        ("columns.csv", CSV_COLUMNS),
        ("objects.csv", CSV_OBJECTS),
    ]:
        data = read(tmp_path / name, text)
        assert list(data.table) == GRAPHS, name
        assert data.labels("accuracy").tolist() == LABELS
        assert list(data.metrics) == ["accuracy"]


def test_parquet_has_them_as_structures_and_lists(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    objects, lists = [], []
    for graph in GRAPHS:
        # Arrow takes the columns of the first row
        objects.append({"attrs": None, "globals": None, **graph.to_dict()})
        row = {name: graph.to_dict()[name] for name in ("ops", "edges")}
        row["attrs.width"] = graph.to_dict().get("attrs", {}).get("width")
        row["attrs.kernel"] = graph.to_dict().get("attrs", {}).get("kernel")
        lists.append({**row, "globals.lr": graph.globals.get("lr")})
    for rows in (objects, lists):
        parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "t.parquet")
        assert list(read_own_table(tmp_path / "t.parquet").table) == GRAPHS


def test_rows_are_repeats_only_where_their_numbers_are_equal(tmp_path: Path) -> None:
    rows = [{**GRAPHS[0].to_dict(), "accuracy": 1}, {**GRAPHS[0].to_dict(), "accuracy": 3}]
    rows.append({**GRAPHS[0].to_dict(), "attrs": {"width": [None, 32, None]}, "accuracy": 9})
    data = read(tmp_path / "a.jsonl", jsonl(rows))
    assert data.labels("accuracy").tolist() == [2, 9]


def test_a_notation_may_have_numbers_beside_it(tmp_path: Path) -> None:
    cell = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"
    row = {"arch": cell, "space": "nb201", "globals.lr": 0.1, "accuracy": 1}
    data = read(tmp_path / "a.jsonl", jsonl([row, {**row, "globals.lr": 0.2}]))
    assert [graph.globals["lr"] for graph in data.table] == [0.1, 0.2]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"attrs": {"width": [1]}}, r"line 1: attrs\['width'\] has 1 values for 3 nodes"),
        ({"attrs": {"width": [1, "x", 2]}}, r"line 1: attrs\['width'\] of node 1 is 'x'"),
        ({"attrs": "wide"}, "line 1: attrs is 'wide', no JSON"),
        ({"attrs": [1, 2, 3]}, r"line 1: attrs is \[1, 2, 3\]; legal: an object"),
        ({"attrs.width": 3}, r"line 1: attrs\['width'\] is 3; legal: a list"),
        ({"attrs.width": "1|big|3"}, r"line 1: attrs\['width'\] of node 1 is 'big'"),
        ({"attrs.width": [1, 2, 1e300]}, r"line 1: attrs\['width'\] of node 2 is 1e\+300"),
        ({"globals.lr": "fast"}, r"line 1: globals\['lr'\] is 'fast'; legal: a number"),
        ({"globals": 7}, "line 1: globals is 7; legal: an object"),
        (
            {"globals": {"accuracy": 1}},
            "line 1: globals has the name 'accuracy', which is a column of its own too",
        ),
        (
            {"attrs": {"width": [1, 2, 3]}, "attrs.width": [1, 2, 3]},
            "line 1: attrs has the name 'width' twice, in two columns",
        ),
    ],
)
def test_malformed_numbers_are_named_with_their_line(
    tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    row = {"ops": ["in", "conv", "out"], "edges": [[0, 1], [1, 2]], "accuracy": 1}
    with pytest.raises(DataError, match=says):
        read(tmp_path / "a.jsonl", jsonl([{**row, **change}]))
