"""The same graph twice in one's own file, with different labels: two rows that a split could put on
both sides, though the documentation said that repeats are joined.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nasflow import open_dataset
from nasflow.cli import main
from nasflow.datasets.importing import import_table
from nasflow.running.files import load_npz

LINES = [
    {"ops": ["input", "a", "b", "output"], "edges": [[0, 1], [0, 2], [1, 3], [2, 3]], "acc": 81},
    {"ops": ["input", "a", "output"], "edges": [[0, 1], [1, 2]], "acc": 60},
    # the first again, its edges in another order
    {"ops": ["input", "a", "b", "output"], "edges": [[2, 3], [0, 2], [0, 1], [1, 3]], "acc": 83},
    # what computes the same with its nodes in another order is another row: a space has such twins
    {"ops": ["input", "b", "a", "output"], "edges": [[0, 1], [0, 2], [1, 3], [2, 3]], "acc": 85},
    {"ops": ["input", "a", "b", "output"], "edges": [[0, 1], [0, 2], [1, 3], [2, 3]]},
]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.jsonl"
    path.write_text("\n".join(map(json.dumps, LINES)))
    return path


def test_rows_of_one_graph_are_repeats(own: Path) -> None:
    for dataset in (open_dataset(str(own)), import_table("jsonl", own).dataset):
        assert len(dataset) == 3
        assert dataset.labels("acc").tolist() == [82, 60, 85]
        assert dataset.values["acc"][0, :2].tolist() == [81, 83]


def test_what_is_numbered_by_the_rows_of_a_file_has_all_of_them(own: Path) -> None:
    dataset = open_dataset(str(own), join=False)
    np.testing.assert_array_equal(dataset.labels("acc"), [81, 60, 83, 85, np.nan])
    assert list(dataset.table) == [
        *list(open_dataset(str(own)).table)[:2],
        dataset.table[0],
        dataset.table[3],
        dataset.table[0],
    ]


def test_surrogates_come_one_for_each_line(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["surrogate", str(own), "--out", str(tmp_path / "s.npz")])
    assert "(5, 8)" in capsys.readouterr().out
    assert len(load_npz(tmp_path / "s.npz")["surrogate"]) == 5


def test_how_many_rows_were_joined_is_said(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["data", "info", str(own)])
    assert "3 architectures" in capsys.readouterr().out
    main(["data", "import", "jsonl", str(own), "--out", str(tmp_path / "t.npz")])
    assert (
        "3 architectures from 5 records (0 rejected, 2 repeats of an earlier one)"
        in capsys.readouterr().out
    )
    main(["data", "info", str(tmp_path / "t.npz")])
    assert "from 5 rows (repeats of an architecture are one row here)" in capsys.readouterr().out


def test_repeats_that_say_nothing_new_make_no_second_column(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(
        'ops,edges,acc,"params [free]","latency [ms, free]"\n'
        "a|b,0>1,,7,3\n"
        "a|b,0>1,81,7,4\n"
        "a|c,0>1,82,9,5\n"
    )
    dataset = open_dataset(str(path))
    # one label; the same number twice; two measurements of a latency, which contradict nothing
    assert dataset.values["acc"].tolist() == [81, 82]
    assert dataset.values["params"].tolist() == [7, 9]
    np.testing.assert_array_equal(dataset.values["latency"], [[3, 4], [5, np.nan]])


def test_all_columns_of_one_metric_are_read(tmp_path: Path) -> None:
    """Of `acc#1` and `acc#2` in a line of JSON only the last was kept."""
    path = tmp_path / "own.jsonl"
    path.write_text('{"ops": ["a"], "edges": [], "acc#2 [%]": 82, "acc#1 [%]": 81}\n')
    assert open_dataset(str(path)).values["acc"].tolist() == [[81, 82]]
