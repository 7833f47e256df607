"""Tables as editors, spreadsheets and shells leave them: a byte order mark, UTF-16, line ends of
Windows or inside quotes, one damaged character, very many columns, names that nothing can print.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from nasflow import open_dataset
from nasflow.cli import main
from nasflow.datasets import Dataset
from nasflow.datasets.importing import import_table
from nasflow.errors import DataError
from nasflow.graphs.names import is_op_name

CSV = 'ops,edges,"latency [ms, min]"\ninput|ä|output,0>1 1>2,3\ninput|b|output,0>1 1>2,4\n'
JSONL = (
    '{"ops": ["input", "ä", "output"], "edges": [[0, 1], [1, 2]], "latency [ms, min]": 3}\n'
    '{"ops": ["input", "b", "output"], "edges": [[0, 1], [1, 2]], "latency [ms, min]": 4}\n'
)
TEXTS = {"csv": CSV, "jsonl": JSONL}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("form", TEXTS)
def test_every_encoding_with_a_mark_and_every_line_end(
    form: str, line_end: str, encoding: str, tmp_path: Path
) -> None:
    path = tmp_path / f"own.{form}"
    path.write_bytes(TEXTS[form].replace("\n", line_end).encode(encoding))
    dataset = open_dataset(str(path))
    assert dataset.table.vocabulary == ("b", "input", "output", "ä")
    assert dataset.labels("latency").tolist() == [3, 4]
    assert dataset.metric("latency").unit == "ms"


def test_a_mark_where_two_files_were_joined(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    path.write_bytes(JSONL.encode("utf-8-sig") + JSONL.replace("ä", "c").encode("utf-8-sig"))
    assert open_dataset(str(path)).table.n_ops == 5


@pytest.mark.parametrize("form", TEXTS)
def test_a_damaged_character_is_the_fault_of_its_line(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"own.{form}"
    path.write_bytes(TEXTS[form].encode().replace("ä".encode(), b"\xff"))
    line = 2 if form == "csv" else 1
    with pytest.raises(DataError, match=rf"own.{form} line {line}: no UTF-8 text at b'.*xff"):
        open_dataset(str(path))
    report = import_table(form, path)
    assert [item.number for item in report.rejected] == [line]
    assert len(report.dataset) == 1


def test_utf_16_without_a_mark_and_other_bytes_are_refused(tmp_path: Path) -> None:
    for form, text in TEXTS.items():
        path = tmp_path / f"own.{form}"
        for content in (text.encode("utf-16-le"), b"\xff\xfe\x00", b"\x00" * 100, b""):
            path.write_bytes(content)
            with pytest.raises(DataError):
                open_dataset(str(path))


def test_cells_in_quotes_may_have_lines_and_commas(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(
        'ops,edges,"acc\n[%]",comment\n'
        '"input|a|output","0>1\n1>2",81,"two\nlines, and ""quotes"""\n'
        "input|b|output,0>1 1>7,82,\n"
    )
    with pytest.raises(DataError, match=r"line 6: edge \[1, 7\] leaves the graph"):
        open_dataset(str(path))
    data = import_table("csv", path).dataset
    assert data.metric("acc").unit == "%"
    assert data.table[0].edges == ((0, 1), (1, 2))


def test_a_quote_that_nothing_closes_does_not_swallow_the_rows_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text('ops,edges,acc\na,,81\nb,,"82\nc,,83\nd,,84\n')
    for read in (lambda: open_dataset(str(path)), lambda: import_table("csv", path)):
        with pytest.raises(
            DataError, match="no readable CSV .behind line 2: unexpected end of data"
        ):
            read()


def test_a_graph_of_many_edges_fits_in_a_cell(tmp_path: Path) -> None:
    n = 20_000
    path = tmp_path / "own.csv"
    edges = " ".join(f"{v}>{v + 1}" for v in range(n - 1))
    path.write_text(f"ops,edges,acc\n{'|'.join(['a'] * n)},{edges},81\n")
    assert open_dataset(str(path)).table[0].n_nodes == n


@pytest.mark.parametrize("form", TEXTS)
def test_very_many_columns_are_refused_at_once(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"own.{form}"
    titles = [f"m{i}" for i in range(1_000_000)]
    started = time.process_time()
    if form == "csv":
        path.write_text(f"ops,edges,{','.join(titles)}\na,,{','.join(['1'] * len(titles))}\n")
    else:
        path.write_text(json.dumps({"ops": ["a"], "edges": [], **dict.fromkeys(titles, 1)}))
    with pytest.raises(DataError, match=r"1000002 columns; legal: at most 10000|1000002 keys"):
        open_dataset(str(path))
    assert time.process_time() - started < 10


def test_a_thousand_are_read(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    titles = [f"m{i} [ms, min]" for i in range(1000)]
    header = ",".join(f'"{title}"' for title in titles)
    path.write_text(f"ops,edges,{header}\na,,{','.join(['1'] * 1000)}\n")
    assert len(open_dataset(str(path)).metrics) == 1000


@pytest.mark.parametrize(
    ("name", "legal"),
    [
        ("acc", True),
        ("<script>alert(1)</script>", True),
        ("two\nlines", True),
        ("x" * 10_000, False),
        ("a\u0000b", False),
        ("\ud800", False),
        ("bell\u0007", False),
    ],
)
def test_names_of_metrics(
    name: str, legal: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text(json.dumps({"ops": ["a"], "edges": [], name: 1}))
    if not legal:
        with pytest.raises(DataError, match="line 1: a metric is called"):
            open_dataset(str(path))
        return
    # the title may be broken over lines; the name is one line
    (written,) = open_dataset(str(path)).metrics
    assert written == " ".join(name.split())
    main(["data", "import", "jsonl", str(path), "--out", str(tmp_path / "t.npz")])
    assert list(Dataset.load(tmp_path / "t.npz").metrics) == [written]
    capsys.readouterr()
    main(["data", "info", str(tmp_path / "t.npz")])
    assert capsys.readouterr().out.splitlines()[4].startswith(written)


@pytest.mark.parametrize("op", ["\ud800", "a\u0000", "", "x" * 10_000, "<b>", "a\nb", "a\u0000b"])
def test_names_of_operations_end_in_a_table_or_a_typed_error(op: str, tmp_path: Path) -> None:
    record = {"ops": ["input", op, "output"], "edges": [[0, 1], [1, 2]], "acc": 1}
    (tmp_path / "own.jsonl").write_text(json.dumps(record))
    if not is_op_name(op):
        with pytest.raises(DataError, match=r"line 1: ops\[1\] is"):
            open_dataset(str(tmp_path / "own.jsonl"))
        return
    open_dataset(str(tmp_path / "own.jsonl")).save(tmp_path / "t.npz")
    assert Dataset.load(tmp_path / "t.npz").table[0].ops == ("input", op, "output")


@pytest.mark.parametrize("n_rows", [0, 1])
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_no_row_and_one_row(form: str, n_rows: int, tmp_path: Path) -> None:
    path = tmp_path / f"own.{form}"
    if form == "csv":
        path.write_text("\n".join(["ops,edges,acc", *["a,,1"] * n_rows]))
    elif form == "jsonl":
        path.write_text('{"ops": ["a"], "edges": [], "acc": 1}' * n_rows)
    else:
        columns = {"ops": ["a"] * n_rows, "edges": [""] * n_rows, "acc": [1.0] * n_rows}
        pyarrow.parquet.write_table(pa.table(columns), path)
    if n_rows:
        np.testing.assert_array_equal(open_dataset(str(path)).labels(), [1])
        return
    with pytest.raises(DataError, match=f"own.{form} holds no architecture"):
        open_dataset(str(path))
