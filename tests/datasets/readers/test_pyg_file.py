from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

import miniatures
from nasflow.datasets.importing import import_table, read_table
from nasflow.errors import DataError, UnsafeFileError
from nasflow.graphs.architecture import Architecture

EDGES = ((0, 1), (0, 2), (1, 3), (2, 3))


def save(path: Path, content: Any, zipped: bool = True) -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


@pytest.mark.parametrize("zipped", [True, False])
def test_graphs_and_labels(tmp_path: Path, zipped: bool) -> None:
    path = save(
        tmp_path / "nb101.pt", [miniatures.pyg_graph(91.5), miniatures.pyg_graph(93.25)], zipped
    )
    data = read_table("pyg", path)
    assert data.table[0] == Architecture(("op0", "op1", "op2", "op3"), EDGES)
    assert data.values["y"].tolist() == [91.5, 93.25]
    assert list(data.metrics) == ["y"]  # edge_masks, abs_pe and the like are no metrics
    assert data.default_metric == "y"


def test_names_come_from_a_file_beside_it(tmp_path: Path) -> None:
    path = save(tmp_path / "nb101.pt", [miniatures.pyg_graph(91.5)])
    before = import_table("pyg", path)
    (tmp_path / "nb101.ops").write_text("input\nconv\npool\noutput\n")
    report = import_table("pyg", path)
    assert not report.from_cache
    assert report.sha256 != before.sha256
    assert report.dataset.table.vocabulary == ("input", "conv", "pool", "output")
    (tmp_path / "nb101.ops").write_text("input\nconv\n")
    with pytest.raises(DataError, match="4 operations, but 2 names"):
        read_table("pyg", path)
    (tmp_path / "nb101.ops").write_text("a a b c")
    with pytest.raises(DataError, match="each operation's name once"):
        read_table("pyg", path)


def test_pairs_become_one_graph(tmp_path: Path) -> None:
    path = save(tmp_path / "nb301.pt", [(miniatures.pyg_graph(91.5), miniatures.pyg_graph(0.0))])
    data = read_table("pyg", path)
    assert data.table[0].n_nodes == 8
    assert data.table[0].edges == (*EDGES, (3, 4), *((s + 4, t + 4) for s, t in EDGES))
    assert data.values["y"].tolist() == [91.5]


def broken(**changes: Any) -> Any:
    graph = miniatures.pyg_graph(90.0)
    for name, value in changes.items():
        graph[name] = value
    return graph


def test_malformed_graphs_are_rejected(tmp_path: Path) -> None:
    graphs = [
        miniatures.pyg_graph(90.0),
        broken(x=torch.ones(4, 4)),
        broken(edge_index=torch.tensor([[0, 1], [1, 0]])),
        broken(edge_index=torch.tensor([[0], [9]])),
        broken(y=torch.tensor([float("nan")])),
        broken(x=None),
        broken(edge_index=torch.tensor([0, 1])),
        7,
        {"x": 1},
    ]
    report = import_table("pyg", save(tmp_path / "a.pt", graphs))
    assert [item.number for item in report.rejected] == list(range(1, 9))
    reasons = " ".join(item.reason for item in report.rejected)
    for words in (
        "one-hot",
        "cycle 0 -> 1 -> 0",
        "leaves the graph",
        "label y is nan",
        "without tensors x and edge_index",
        "edge_index has shape (2,)",
        "needs a torch_geometric Data",
    ):
        assert words in reasons


def test_a_file_that_asks_for_anything_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UnsafeFileError, match=r"torch\.nn\.modules\.linear\.Linear.*nothing was executed"
    ):
        read_table("pyg", save(tmp_path / "a.pt", [torch.nn.Linear(1, 1)]))
    with pytest.raises(UnsafeFileError, match=r"builtin(s|__)\.print"):
        read_table("pyg", save(tmp_path / "b.pt", [print]))


def test_a_view_that_leaves_its_storage_is_refused(tmp_path: Path) -> None:
    """A hostile stride would read memory beyond the file's numbers."""
    content = io.BytesIO()
    torch.save([miniatures.pyg_graph(90.0)], content)
    with (
        zipfile.ZipFile(io.BytesIO(content.getvalue())) as archive,
        zipfile.ZipFile(tmp_path / "a.pt", "w") as out,
    ):
        for name in archive.namelist():
            data = archive.read(name)
            if name.endswith("data.pkl"):  # shape (4, 4), strides (4, 1) -> (4, 100)
                assert data.count(b"K\x04K\x04\x86q\x15K\x04K\x01\x86") == 1
                data = data.replace(
                    b"K\x04K\x04\x86q\x15K\x04K\x01\x86", b"K\x04K\x04\x86q\x15K\x04Kd\x86"
                )
            out.writestr(name, data)
    with pytest.raises(DataError, match="leaves its 16 numbers"):
        read_table("pyg", tmp_path / "a.pt")


def test_something_else_than_a_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds a dict; it needs a list of graphs"):
        read_table("pyg", save(tmp_path / "a.pt", {"a": 1}))
