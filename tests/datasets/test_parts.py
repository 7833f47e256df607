"""Tables in parts: the rows, numbers and errors of the whole, from every kind of source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasflow.datasets.base import Dataset, Metric
from nasflow.datasets.own_tables import read_own_table
from nasflow.datasets.parts import table_parts
from nasflow.datasets.readers import jsonl_block
from nasflow.datasets.readers.jsonl_block import JsonlBlock
from nasflow.errors import DataError, GraphError, MissingDataError, NasflowError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.spaces.nb201 import NB201
from strategies import OPS, dags

NUMBERS = st.one_of(st.none(), st.integers(-3, 3), st.sampled_from([0.1, 64.0]))


def lines_of(n: int) -> list[dict[str, Any]]:
    """Cells of NAS-Bench-201, some with numbers and labels."""
    rows = []
    for i, cell in enumerate(NB201().enumerate()[:: 15625 // n][:n]):
        row = cell.to_dict()
        if i % 3 == 0:
            row["attrs"] = {"width": [None, *[i] * 6, None]}
        if i % 4 == 0:
            row["globals"] = {"lr": i / 100}
        if i % 2 == 0:
            row["params [million, min, free]"] = i / 10
        rows.append(row)
    return rows


def write(path: Path, rows: list[Any]) -> str:
    """A JSONL file, with an empty line in the middle."""
    texts = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join([*texts[:3], "", *texts[3:]]) + "\n")
    return str(path)


def joined(source: str, rows_of_part: int, first_row: int = 0) -> tuple[list[Any], list[float]]:
    """The graphs and a column of all parts, which must follow each other."""
    graphs: list[Any] = []
    values: list[float] = []
    for part in table_parts(source, NB201().ops, rows_of_part, first_row):
        assert part.first_row == first_row + len(graphs)
        table, columns = part.read(NB201().ops, ["params"])
        assert len(table) == part.n_rows <= rows_of_part
        graphs += list(table)
        values += columns.get("params", np.full(len(table), np.nan)).tolist()
    return graphs, values


@pytest.mark.parametrize("kind", ["jsonl", "csv", "npz", "jsonl.gz"])
@pytest.mark.parametrize("rows_of_part", [1, 4, 1000])
def test_parts_of_any_source_are_the_rows_of_the_whole(
    tmp_path: Path, kind: str, rows_of_part: int
) -> None:
    source = write(tmp_path / "mine.jsonl", lines_of(11))
    whole = read_own_table(source, NB201().ops, join=False)
    if kind == "npz":
        whole.save(tmp_path / "mine.npz")
        source = str(tmp_path / "mine.npz")
    elif kind == "jsonl.gz":
        import gzip

        packed = tmp_path / "mine.jsonl.gz"
        packed.write_bytes(gzip.compress(Path(source).read_bytes()))
        source = str(packed)
    elif kind == "csv":
        lines = ["ops,edges,attrs,globals,params [free]"]
        for graph, value in zip(whole.table, whole.labels("params"), strict=True):
            cells = [graph.ops, graph.edges, graph.to_dict().get("attrs"), dict(graph.globals)]
            quoted = ['"' + json.dumps(cell).replace('"', '""') + '"' for cell in cells if cell]
            parts = iter(quoted)
            texts = [next(parts) if cell else "" for cell in cells]
            lines.append(",".join([*texts, "" if np.isnan(value) else str(value)]))
        (tmp_path / "mine.csv").write_text("\n".join(lines))
        source = str(tmp_path / "mine.csv")
    graphs, values = joined(source, rows_of_part)
    assert graphs == list(whole.table)
    np.testing.assert_array_equal(values, whole.labels("params"))
    first = 8 if rows_of_part == 4 else 5 * (rows_of_part == 1)
    graphs, values = joined(source, rows_of_part, first)
    assert graphs == list(whole.table)[first:]
    np.testing.assert_array_equal(values, whole.labels("params")[first:])


def test_a_registered_table_comes_in_parts_too() -> None:
    pytest.importorskip("nas_bench_graph")
    parts = list(table_parts("nbgraph-proteins", (), 1000))
    assert [part.n_rows for part in parts] == [1000, 1000, 21]


@given(st.lists(st.tuples(dags(), NUMBERS, NUMBERS, st.booleans()), min_size=1, max_size=6))
def test_plain_lines_are_read_as_any_form_is(rows: list[tuple[Any, ...]]) -> None:
    lines = []
    for graph, width, label, has_numbers in rows:
        record = graph.to_dict()
        if has_numbers:
            record["attrs"] = {"width": [width] * graph.n_nodes}
            record["globals"] = {"lr": width}
        lines.append(json.dumps(record | {"y": label}))
    block = JsonlBlock(Path("x.jsonl"), tuple(range(1, len(lines) + 1)), tuple(lines))
    plain = jsonl_block._plain(block, OPS, ["y"])
    assert plain is not None
    slow, columns = jsonl_block._in_any_form(block, OPS, ["y"])
    assert plain[0].content_hash() == slow.content_hash()
    np.testing.assert_array_equal(plain[1]["y"], columns["y"])


@pytest.mark.parametrize(
    "line",
    [
        '{"ops": ["a", "b"], "edges": [[0, 1.0]]}',
        '{"ops": ["a", "b"], "edges": [[0, true]]}',
        '{"ops": ["a", "b"], "edges": [[0, 1, 1]]}',
        '{"ops": ["a", "b"], "edges": [[0, 1], [0, 1]]}',
        '{"ops": ["a", "b"], "edges": [[0, 1], [1, 0]]}',
        '{"ops": ["a", "b"], "edges": [[0, 2]]}',
        '{"ops": ["a", "zoom"], "edges": []}',
        '{"ops": [], "edges": []}',
        '{"ops": "ab", "edges": []}',
        '{"ops": ["a"], "edges": [], "ops": ["b"]}',
        '{"ops": ["a"], "edges": [], "ops" : ["b"]}',
        '{"ops": ["a"], "edges": [], "attrs": {"w"\t: [1], "w": [2]}}',
        '{"ops": ["a"], "edges": [], "attrs": []}',
        '{"ops": ["a"], "edges": [], "arch": 0}',
        '{"ops": ["a"], "edges": [], "y [%]": 101}',
        '{"ops": ["a"], "edges": [], "y": NaN}',
        '{"ops": ["a"], "edges": [], "y": "1"}',
        '{"ops": ["a"], "edges": [], "y": true}',
        '{"ops": ["a"], "edges": [], "attrs": {"w": ["1"]}}',
        '{"ops": ["a"], "edges": [], "attrs": {"w": [1e300]}}',
        '{"ops": ["a"], "edges": [], "attrs": {"w": [1, 2]}}',
        '{"ops": ["a"], "edges": [], "attrs": {" w": [1]}}',
        '{"ops": ["a"], "edges": [], "globals": 3}',
        '{"ops": ["a"], "edges": [], "globals": {"y": 3}, "y": 1}',
        '{"ops": ["a"], "edges": []',
        "[]",
        "3",
    ],
)
def test_what_is_wrong_with_a_line_is_said_as_for_the_whole_table(
    tmp_path: Path, line: str
) -> None:
    good = '{"ops": ["a", "b"], "edges": [[0, 1]], "y": 1.5}'
    source = write(tmp_path / "mine.jsonl", [good, good, good, line, good])
    with pytest.raises(NasflowError) as whole:
        read_own_table(source, ("a", "b"), join=False)
    parts = table_parts(source, ("a", "b"), 2)
    with pytest.raises(NasflowError) as in_parts:
        _ = [part.read(("a", "b"), ["y"]) for part in parts]
    assert str(in_parts.value) == str(whole.value)
    assert "line 5" in str(whole.value)


@pytest.mark.parametrize(
    "line",
    [
        '{"arch": "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|", "space": "nb201", "id": "x"}',
        '{"ops": ["input"], "edges": [], "attrs.width": [3], "comment": "a: b\\": c"}',
        '{"ops" : ["input"], "edges" : []}',
        '{"ops": ["input"], "edges": [], "params#1": 1, "params#2": [2, 3]}',
        '{"ops": ["input"], "edges": [], "attrs": {"w": [NaN]}, "globals": {"lr": NaN}}',
    ],
)
def test_lines_in_other_forms_are_read_as_well(tmp_path: Path, line: str) -> None:
    source = write(tmp_path / "mine.jsonl", [line, line, line])
    whole = read_own_table(source, NB201().ops, join=False)
    graphs, values = joined(source, 2)
    assert graphs == list(whole.table)
    if "params" in whole.metrics:
        np.testing.assert_array_equal(values, whole.labels("params"))


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_a_column_that_becomes_one_of_texts_is_refused(tmp_path: Path, kind: str) -> None:
    values = [1, 2, "OOM", "OOM", "OOM", "OOM"]
    path = tmp_path / f"t.{kind}"
    if kind == "jsonl":
        write(path, [{"ops": ["a"], "edges": [], "y [free]": value} for value in values])
    else:
        path.write_text("\n".join(["ops,edges,y [free]", *(f"a,,{value}" for value in values)]))
    first, second, _ = table_parts(str(path), ("a",), 2)
    assert first.read_all(("a",), ["y"], str(path))[1]["y"].tolist() == [1, 2]
    with pytest.raises(DataError, match="y is .*'OOM'"):
        second.read_all(("a",), ["y"], str(path))


def test_files_that_hold_no_table_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n\n")
    with pytest.raises(DataError, match="holds no architecture"):
        list(table_parts(str(tmp_path / "empty.jsonl"), ("a",)))
    with pytest.raises(NasflowError, match="nowhere"):
        list(table_parts(str(tmp_path / "nowhere.jsonl"), ("a",)))
    (tmp_path / "other.npz").write_bytes(b"PK\x03\x04 and no zip")
    with pytest.raises(DataError, match="no readable"):
        list(table_parts(str(tmp_path / "other.npz"), ("a",)))
    np.savez(tmp_path / "foreign.npz", x=np.zeros(3))
    with pytest.raises(DataError, match="lacks"):
        list(table_parts(str(tmp_path / "foreign.npz"), ("a",)))
    with pytest.raises(MissingDataError):
        list(table_parts(str(tmp_path / "nowhere.npz"), ("a",)))


def test_a_damaged_row_of_a_saved_table_is_named(tmp_path: Path) -> None:
    graphs = [Architecture(("a", "b"), ((0, 1),))] * 6
    table = ArchTable.from_architectures(graphs)
    metric = Metric("y", "a number")
    data = Dataset("mine", table, {"y": metric}, {"y": np.arange(6.0)})
    data.save(tmp_path / "mine.npz")
    arrays = dict(np.load(tmp_path / "mine.npz"))
    arrays["edges"][1, 4] = 7
    np.savez_compressed(tmp_path / "bad.npz", **arrays)
    parts = table_parts(str(tmp_path / "bad.npz"), ("a", "b"), 2)
    assert [next(parts).first_row, next(parts).first_row] == [0, 2]
    with pytest.raises(GraphError, match=r"bad.npz, rows 4 to 5: row 0: edge \[0, 7\]"):
        next(parts)
