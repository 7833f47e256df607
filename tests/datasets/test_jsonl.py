from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasflow.datasets.own_tables import read_own_table
from nasflow.errors import DataError, MissingDataError, NasflowError

GOOD = '{"ops": ["a", "b"], "edges": [[0, 1]], "accuracy": 1.5, "id": "x"}\n'


def write(path: Path, text: str) -> Path:
    file = path / "mine.jsonl"
    file.write_text(text)
    return file


def test_labels_may_be_missing_and_lines_empty(tmp_path: Path) -> None:
    data = read_own_table(
        write(
            tmp_path,
            "\ufeff" + GOOD + '\n{"ops": ["b"], "edges": [], "accuracy": null, "loss": 3}\n',
        )
    )
    assert list(data.table.vocabulary) == ["a", "b"]
    np.testing.assert_array_equal(data.labels("accuracy"), [1.5, np.nan])
    np.testing.assert_array_equal(data.labels("loss"), [np.nan, 3])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"ops": ["a"], "edges": [[0, 0]]}', r"line 2: edge \[0, 0\]"),
        (
            '{"ops": ["a", "b"], "edges": [[0, 1], [1, 0]]}',
            "line 2: edge list has a cycle 0 -> 1 -> 0",
        ),
        ('{"ops": ["zoom"], "edges": []}', "line 2: unknown operation 'zoom'; legal: a, b"),
        (
            '{"ops": ["a"], "edges": [], "accuracy": "high"}',
            "line 2: accuracy is 'high'.*finite number, or null",
        ),
        ('{"ops": ["a"], "edges": [], "accuracy": NaN}', "line 2: accuracy is nan"),
        ('{"ops": ["a"], "edges": [], "accuracy": true}', "line 2: accuracy is True"),
        ('{"ops": ["a"], "edges": [[0]]}', "line 2: .*no pair"),
        ('{"ops": "ab", "edges": []}', "line 2: unknown operation 'ab'"),
        ("[1, 2]", "line 2: a JSON list"),
        ('{"ops": ["a"', "line 2: no JSON"),
        ("[" * 100000, "line 2: no JSON"),
    ],
)
def test_a_bad_line_is_named_with_its_value(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_own_table(write(tmp_path, GOOD + line + "\n"), vocabulary=("a", "b"))


def test_empty_absent_and_binary_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no architecture"):
        read_own_table(write(tmp_path, "\n\n"))
    with pytest.raises(MissingDataError, match="does not exist"):
        read_own_table(tmp_path / "none.jsonl")
    (tmp_path / "mine.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="no UTF-8"):
        read_own_table(tmp_path / "mine.jsonl")


@given(st.data())
def test_damaged_files_end_in_a_typed_error_or_a_table(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray((GOOD * 3).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("fuzz") / "x.jsonl"
    path.write_bytes(bytes(content))
    with contextlib.suppress(NasflowError):
        assert len(read_own_table(path).table) > 0


def test_a_line_separator_inside_a_string_does_not_end_the_line(tmp_path: Path) -> None:
    line = '{"ops": ["a"], "edges": [], "id": "one\u2028two\u0085three", "accuracy": 1}\n'
    data = read_own_table(write(tmp_path, line))
    assert data.labels("accuracy").tolist() == [1]


@pytest.mark.parametrize("number", ["1e999", "-Infinity", "1" + "0" * 400])
def test_a_label_beyond_the_floats_is_refused(tmp_path: Path, number: str) -> None:
    with pytest.raises(DataError, match=r"line 1: accuracy is .*finite number"):
        read_own_table(write(tmp_path, f'{{"ops": ["a"], "edges": [], "accuracy": {number}}}'))


def test_windows_line_ends_are_read(tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_bytes(GOOD.replace("\n", "\r\n").encode() * 3)
    assert len(read_own_table(tmp_path / "mine.jsonl", join=False)) == 3
