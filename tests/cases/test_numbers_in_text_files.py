"""`1_000` in a CSV was read as 1000, `8_1` as 81, a run's name as twenty trillion, digits of any
script counted: Python's `float` takes more for a number than a table means.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from nasflow import open_dataset
from nasflow.datasets.csv_table import numbers
from nasflow.errors import DataError, GraphError, UnknownNameError
from nasflow.spaces import load_space

ODD = [
    "1_000",
    "8_1",
    "20241129_101500",
    "８１",
    "٨١",
    "0x51",
    "81,5",
    "1 000",
    "nan",
    "-inf",
    "1e999",
]


@pytest.mark.parametrize("text", ODD)
def test_what_is_no_number_is_refused_with_line_and_value(text: str, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(f'ops,edges,acc\na,,80\nb,,"{text}"\nc,,82\n')
    with pytest.raises(DataError, match=rf"line 3: acc is '{text}'; it needs a finite number"):
        open_dataset(str(path))
    with pytest.raises(DataError, match=rf"row 1: acc is '{text}'"):
        numbers(path, "acc", ["80", text])


@pytest.mark.parametrize(
    "number", ["true", '"81"', "1" + "0" * 400, "NaN", "Infinity", "[80, [1]]"]
)
def test_so_is_what_is_none_in_json(number: str, tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text(
        '{"ops": ["a"], "edges": [], "acc": 80}\n'
        f'{{"ops": ["b"], "edges": [], "acc": {number}}}\n'
        '{"ops": ["c"], "edges": [], "acc": 82}\n'
    )
    with pytest.raises(DataError, match=r"line 2: acc is .*; it needs a finite number"):
        open_dataset(str(path))


def test_a_column_without_any_number_is_said_to_be_text(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("ops,edges,acc,run\na,,1_000,20241129_101500\nb,,2_000,20241129_111500\n")
    with pytest.warns(
        UserWarning, match=r"left unread: acc \('1_000'\), run \('20241129_101500'\)"
    ):
        dataset = open_dataset(str(path))
    with pytest.raises(
        UnknownNameError, match=r"'acc' of own is a column of text, such as '1_000'"
    ):
        dataset.labels("acc")


@pytest.mark.parametrize(
    ("space", "text"),
    [
        ("nb201", "１２"),
        ("nbgraph", "0,0,1,1_0|gcn,gat,skip,fc"),
        ("nbgraph", "0,0,1,２|gcn,gat,skip,fc"),
    ],
)
def test_digits_of_notations_are_those_of_ascii(space: str, text: str) -> None:
    with pytest.raises(GraphError):
        load_space(space).parse(text)


@pytest.mark.parametrize("edges", ["٠>١", "0>1_0"])
def test_so_are_positions_of_nodes(edges: str, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(f"ops,edges,acc\na|b,{edges},80\n")
    with pytest.raises(DataError, match="no pair of node positions"):
        open_dataset(str(path))
