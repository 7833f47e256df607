"""A CSV as pandas, Optuna or a logger export it: an index without a name, dates, texts, a title
that cannot be. It was refused for one of them at a time, and all rows for a column of comments.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from nasflow import open_dataset
from nasflow.cli import main
from nasflow.datasets.importing import import_table
from nasflow.errors import DataError, DataWarning

OPTUNA = """,number,value,datetime_start,duration,arch,space,params_name,"system_attrs [a, b]",state
0,0,81.5,2024-11-29 10:15:00,0 days 00:01:02,235,nb201,first,,COMPLETE
1,1,,2024-11-29 10:16:00,0 days 00:01:03,236,nb201,second,x,FAIL
2,2,82.5,2024-11-29 10:17:00,0 days 00:01:04,237,nb201,3,,COMPLETE
"""


def test_an_export_is_read_and_what_is_left_unread_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "trials.csv"
    path.write_text(OPTUNA)
    with pytest.warns(DataWarning) as warnings:
        dataset = open_dataset(str(path))
    assert set(dataset.metrics) == {"number", "value"}
    assert dataset.labels("value")[[0, 2]].tolist() == [81.5, 82.5]
    said = [str(warning.message) for warning in warnings]
    assert said == list(dataset.notes)
    assert "a column without a name was left unread" in said[0]
    for title in ("datetime_start ('2024-11-29 10:15:00')", "state ('COMPLETE')", "params_name"):
        assert title in said[1]
    report = import_table("csv", path)
    assert report.n_rejected == 0
    assert report.dataset.notes == dataset.notes
    main(["data", "info", str(path)])
    printed = capsys.readouterr()
    assert "note: columns of text were left unread: datetime_start" in printed.out
    assert not printed.err


def test_every_command_says_it_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "own.csv"
    path.write_text("ops,edges,acc,comment\na,,1,first\nb,,2,second\n")
    main(["surrogate", str(path), "--out", str(tmp_path / "s.npz")])
    assert capsys.readouterr().err == (
        "nasflow: note: columns of text were left unread: comment ('first') (own.csv)\n"
    )


def test_all_faults_of_a_header_come_at_once(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text('arch,"acc [a, b]",acc,acc,loss#x,lr [%],lr [ms]\n235,1,2,3,4,5,6\n')
    with pytest.raises(DataError) as raised:
        open_dataset(str(path))
    for fault in (
        "needs columns ops and edges, or arch and space, and has: arch, acc",
        "names a column twice: acc",
        "with the units a, b; legal: one",
        "column 'loss#x' has no legal title; legal: a name, then #repeat",
        "column 'lr [ms]' declares lr otherwise",
    ):
        assert fault in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_title_that_cannot_be_does_not_matter_above_text(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text('ops,edges,acc,"notes [a, b]"\na,,1,first\nb,,2,\n')
    with pytest.warns(DataWarning, match=r"notes \[a, b\] \('first'\)"):
        assert set(open_dataset(str(path)).metrics) == {"acc"}


def test_few_texts_among_numbers_are_faults_of_their_rows(tmp_path: Path) -> None:
    """Otherwise a training that failed would turn all labels into a comment."""
    path = tmp_path / "own.csv"
    path.write_text("ops,edges,acc\na,,failed\nb,,81\nc,,82\n")
    with pytest.raises(DataError, match="line 2: acc is 'failed'; it needs a finite number"):
        open_dataset(str(path))
    report = import_table("csv", path)
    assert [item.number for item in report.rejected] == [2]
    assert report.dataset.labels("acc").tolist() == [81, 82]


def test_few_numbers_among_texts_are_texts(tmp_path: Path) -> None:
    """Of hexadecimal hashes some have no letter, and some are powers of ten."""
    path = tmp_path / "own.csv"
    path.write_text(
        "ops,edges,hash,acc\na,,ab12,81\nb,,1234,82\nc,,12e4,83\nd,,c0de,84\ne,,beef,85\n"
    )
    with pytest.warns(DataWarning, match="hash"):
        dataset = open_dataset(str(path))
    assert dataset.default_metric == "acc"
    assert len(dataset) == 5


@pytest.mark.parametrize("first", ["", "null"])
def test_a_comment_that_begins_late_is_no_metric(first: str, tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    begun = f', "comment": {first}' if first else ""
    path.write_text(
        f'{{"ops": ["a"], "edges": [], "acc": 1{begun}}}\n'
        '{"ops": ["b"], "edges": [], "acc": 2, "comment": "late", "tags": ["x"],'
        ' "config": {"a": 1}, "pruned": true}\n'
    )
    with pytest.warns(
        DataWarning, match=r"comment \('late'\), tags .*, config .*, pruned \(True\)"
    ):
        dataset = open_dataset(str(path))
    assert set(dataset.metrics) == {"acc"}
    assert dataset.default_metric == "acc"


def test_a_column_with_nothing_in_it_does_not_take_the_only_label_away(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("ops,edges,acc,loss\na,,1,\nb,,2,\n")
    dataset = open_dataset(str(path))
    assert set(dataset.metrics) == {"acc", "loss"}
    assert dataset.default_metric == "acc"


@pytest.mark.parametrize("title", ["", "Unnamed: 0", "__index_level_0__"])
def test_an_index_is_no_metric(title: str, tmp_path: Path) -> None:
    table = pa.table({title: [0, 1], "ops": ["a", "b"], "edges": ["", ""], "acc": [1.5, 2.5]})
    pyarrow.parquet.write_table(table, tmp_path / "own.parquet")
    (tmp_path / "own.csv").write_text(f"{title},ops,edges,acc\n0,a,,1.5\n1,b,,2.5\n")
    for name in ("own.parquet", "own.csv"):
        with pytest.warns(DataWarning, match="without a name"):
            dataset = open_dataset(str(tmp_path / name))
        assert set(dataset.metrics) == {"acc"}
        assert dataset.default_metric == "acc"


def test_a_title_that_a_comma_cut_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("ops,edges,latency [ms, min]\na,,1\n")
    with pytest.raises(DataError, match="one with a comma in it needs quotes"):
        open_dataset(str(path))


def test_a_table_with_semicolons_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("ops;edges;acc\na;;1,5\n")
    with pytest.raises(DataError, match="a CSV here has commas"):
        open_dataset(str(path))
