from __future__ import annotations

from pathlib import Path

import pytest

from nasflow.datasets import dataset_info, dataset_names, load_dataset, open_dataset
from nasflow.errors import DataError, MissingDataError, UnknownNameError


def test_every_entry_says_where_it_comes_from_and_under_which_licence() -> None:
    for name in dataset_names():
        info = dataset_info(name)
        assert info.size > 0
        assert info.source
        assert info.licence


def test_a_misspelt_name_gets_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'nbgraph-cora'"):
        load_dataset("nbgraph-coraa")


def test_files_are_opened_by_suffix(tmp_path: Path) -> None:
    mine = tmp_path / "mine.jsonl"
    mine.write_text('{"ops": ["a"], "edges": []}\n')
    data = open_dataset(str(mine))
    data.save(tmp_path / "mine.npz")
    assert open_dataset(str(tmp_path / "mine.npz")).content_hash() == data.content_hash()
    (tmp_path / "mine.txt").write_text("")
    with pytest.raises(
        DataError, match=r"suffix '.txt'; legal: .npz, or your own table: .csv, .jsonl, "
    ):
        open_dataset(str(tmp_path / "mine.txt"))
    with pytest.raises(MissingDataError):
        open_dataset(str(tmp_path / "none.jsonl"))


def test_an_entry_tells_the_truth_about_its_table() -> None:
    info, data = dataset_info("nbgraph-proteins"), load_dataset("nbgraph-proteins")
    assert len(data) == info.size
    assert tuple(data.metrics) == info.metrics
    assert data.default_metric == info.metrics[0]


def test_what_is_neither_a_name_nor_a_file_lists_the_names() -> None:
    with pytest.raises(UnknownNameError, match=r"'nothing'.*legal: .*nb201"):
        open_dataset("nothing")
