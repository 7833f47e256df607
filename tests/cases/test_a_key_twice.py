"""A line of JSON with one key twice: the last value won, without a word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import miniatures
from nasflow import open_dataset
from nasflow.datasets.importing import import_table, read_table
from nasflow.errors import DataError, GraphError
from nasflow.spaces import load_space

GOOD = '{"ops": ["a"], "edges": [], "acc": 1}\n'


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('{"ops": ["b"], "edges": [], "acc": 81.2, "acc": 18.2}', "acc"),
        ('{"ops": ["b"], "ops": ["a"], "edges": [], "acc": 81.2}', "ops"),
        (
            '{"arch": {"matrix": [[0, 1], [0, 0]], "ops": ["input", "output"], "ops": []},'
            ' "space": "nb101"}',
            "ops",
        ),
    ],
)
def test_a_line_with_a_key_twice_is_refused(line: str, key: str, tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text(GOOD + line + "\n")
    with pytest.raises(DataError, match=rf"line 2: the key '{key}' stands twice"):
        open_dataset(str(path))
    (rejected,) = import_table("jsonl", path).rejected
    assert rejected.number == 2


def test_so_is_one_in_the_cell_of_a_csv(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text('arch,space,acc\n"{""matrix"": [], ""matrix"": [], ""ops"": []}",nb101,1\n')
    with pytest.raises(DataError, match="line 2: .*the key 'matrix' stands twice"):
        open_dataset(str(path))


@pytest.mark.parametrize("name", ["nb101", "nasbench-nlp"])
def test_and_in_the_notation_of_a_space(name: str) -> None:
    with pytest.raises(GraphError, match="the key 'a' stands twice"):
        load_space(name).parse('{"a": 1, "a": 2}')


def test_and_in_the_files_of_benchmarks(tmp_path: Path) -> None:
    key, entry = miniatures.zero_cost_keys()["201"][0], miniatures.zero_cost_entry(70)
    whole = json.dumps({"cifar10": {key: entry}})
    twice = whole.replace('"jacov"', '"snip"')
    two_entries = f'{{"cifar10": {{"{key}": {json.dumps(entry)}, "{key}": {json.dumps(entry)}}}}}'
    for content in (twice, two_entries):
        (tmp_path / "zc.json").write_text(content)
        with pytest.raises(DataError, match=r"zc.json character \d+: .*stands twice"):
            read_table("zero-cost-json", tmp_path / "zc.json")
    result = miniatures.nb301_json().replace(b'"runtime"', b'"test_accuracy"')
    (tmp_path / "results_0.json").write_bytes(result)
    with pytest.raises(DataError, match="the key 'test_accuracy' stands twice"):
        read_table("nb301-json", tmp_path / "results_0.json")
