"""PyG's usual `processed/data.pt` is a tuple of one large graph and slices; it was refused, since
"it needs a list of graphs".
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch_geometric.data import Data, InMemoryDataset

import miniatures
from nasflow.datasets.importing import import_table, read_table
from nasflow.errors import DataError, UnsafeFileError


def graphs() -> list[Any]:
    """Three graphs of different sizes; the last has no edge."""
    made = []
    for n_nodes in (2, 4, 1):
        one_hot = torch.eye(4)[:n_nodes]
        path = torch.tensor([list(range(n_nodes - 1)), list(range(1, n_nodes))], dtype=torch.long)
        made.append(
            Data(x=one_hot, edge_index=path, y=torch.tensor([80.0 + n_nodes]), name=f"g{n_nodes}")
        )
    return made


def saved(content: object, path: Path) -> Path:
    torch.save(content, path)
    return path


@pytest.mark.parametrize("with_class", [True, False])
def test_the_graphs_are_those_of_a_list(with_class: bool, tmp_path: Path) -> None:
    data, slices = InMemoryDataset.collate(graphs())
    content = (data.to_dict(), slices, Data) if with_class else (data, slices)
    collated = read_table("pyg", saved(content, tmp_path / "data.pt"))
    listed = read_table("pyg", saved(graphs(), tmp_path / "list.pt"))
    assert list(collated.table) == list(listed.table)
    assert collated.values["y"].tolist() == listed.values["y"].tolist() == [82, 84, 81]
    assert collated.notes == ("attributes that are no single number were left unread: name",)


def test_a_data_set_of_one_graph_has_no_slices(tmp_path: Path) -> None:
    data, slices = InMemoryDataset.collate([miniatures.pyg_graph(90.0)])
    assert slices is None
    dataset = read_table("pyg", saved((data.to_dict(), slices, Data), tmp_path / "data.pt"))
    assert len(dataset) == 1
    assert dataset.values["y"].tolist() == [90]


def test_nothing_of_it_is_executed(tmp_path: Path) -> None:
    data, slices = InMemoryDataset.collate(graphs())
    path = saved((data.to_dict(), slices, io.BytesIO), tmp_path / "data.pt")
    with pytest.raises(UnsafeFileError, match=r"BytesIO.*nothing was executed"):
        read_table("pyg", path)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("x", [0, 2, 99, 100]),
        ("x", [0, 3, 2, 7]),
        ("x", [2, 6, 7]),
        ("x", [0.0, 2.0, 6.0, 7.0]),
        ("edge_index", [0, 1]),
        ("y", [0, 1, 2, 9]),
    ],
)
def test_slices_that_do_not_fit_are_an_error(name: str, numbers: list[int], tmp_path: Path) -> None:
    data, slices = InMemoryDataset.collate(graphs())
    slices[name] = torch.from_numpy(np.array(numbers))
    path = saved((data.to_dict(), dict(slices), Data), tmp_path / "data.pt")
    with pytest.raises(DataError, match="slices"):
        read_table("pyg", path)


@pytest.mark.parametrize(
    "content", [(1, 2), ({}, {}), ({"x": 1}, None), ((), {}), (None, None, None)]
)
def test_other_tuples_are_refused(content: object, tmp_path: Path) -> None:
    with pytest.raises(DataError):
        import_table("pyg", saved(content, tmp_path / "data.pt"))
