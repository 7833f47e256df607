"""`nasflow import-models`: models in files become a table."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest
import torch
from torch import nn

from command_failures import failure
from importers.exports import as_if_trained, onnx_model
from importers.models import BasicBlock
from nasflow.cli import main
from nasflow.datasets.registry import open_dataset
from nasflow.importers import from_onnx, from_torch
from nasflow.importers.folding import unfolded


def classifier(width: int) -> nn.Module:
    """A convolution, two equal residual blocks and a linear layer."""
    blocks = [BasicBlock(width, width, 1), BasicBlock(width, width, 1)]
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 5)]
    model = nn.Sequential(nn.Conv2d(3, width, 3), *blocks, *head)
    return as_if_trained(model).eval()


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with one model as .onnx and .pt2, another in a folder inside, and two damaged."""
    folder = tmp_path / "models"
    (folder / "inside").mkdir(parents=True)
    example = torch.rand(1, 3, 8, 8)
    batch = ({0: torch.export.Dim("batch")},)
    small = onnx_model(classifier(4), example.repeat(2, 1, 1, 1), dynamic_shapes=batch)
    onnx.save(small, folder / "small.onnx")
    torch.export.save(torch.export.export(classifier(4), (example,)), folder / "small.pt2")
    onnx.save(onnx_model(classifier(6), example), folder / "inside" / "wide.onnx")
    (folder / "broken.onnx").write_bytes(b"no model")
    (folder / "broken.pt2").write_bytes(b"no model")
    (folder / "README.md").write_text("models")
    return folder


def rows_of(table: Path) -> dict[str, dict[str, object]]:
    """The lines of a table by id."""
    rows = [json.loads(line) for line in table.read_text().splitlines()]
    return {row["id"]: row for row in rows}


def test_a_folder_becomes_a_table(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "zoo.jsonl"
    main(["import-models", str(models), "--inputs", "1,3,8,8", "--out", str(out)])
    printed = capsys.readouterr().out
    assert "refused broken.onnx: " in printed
    assert "refused broken.pt2: " in printed
    assert f"{out}: 3 of 5 models (2 of them different), 20 to 20 nodes" in printed
    rows = rows_of(out)
    assert list(rows) == ["inside/wide.onnx", "small.onnx", "small.pt2"]
    expected = from_torch(classifier(4), input_shapes=(1, 3, 8, 8))
    assert rows["small.pt2"]["globals"] == dict(expected.globals)
    dataset = open_dataset(str(out))
    # the two files of one network are one architecture
    assert len(dataset.table) == 2
    assert set(dataset.table.attr_names) == set(expected.attrs)
    assert dataset.table.canonical_ids[1] == expected.canonical_id


def test_numbers_may_be_left_out_and_blocks_folded(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, file = tmp_path / "zoo.jsonl", models / "small.onnx"
    main(["import-models", str(file), "--no-numbers", "--out", str(out)])
    row = rows_of(out)["small.onnx"]
    plain = from_onnx(file, numbers=False)
    assert row == {"id": "small.onnx", **plain.to_dict()}
    assert set(row) == {"id", "ops", "edges"}
    main(["import-models", str(file), "--fold", "--dim", "batch=1", "--out", str(out)])
    folded = open_dataset(str(out)).table[0]
    whole = from_onnx(file)
    assert (whole.n_nodes, folded.n_nodes) == (20, 13)
    assert unfolded(folded).canonical_id == whole.canonical_id
    capsys.readouterr()


def test_missing_numbers_are_noted(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    open_model = onnx.load(models / "small.onnx")
    for axis in (2, 3):
        open_model.graph.input[0].type.tensor_type.shape.dim[axis].dim_param = f"side{axis}"
    del open_model.graph.value_info[:]
    onnx.save(open_model, models / "open.onnx")
    out = tmp_path / "zoo.jsonl"
    main(["import-models", str(models / "open.onnx"), "--out", str(out)])
    assert "note: open.onnx: flops of" in capsys.readouterr().out
    words = ["import-models", str(models / "open.onnx"), "--out", str(out)]
    main([*words, "--dim", "side2=8,side3=8"])
    assert "note:" not in capsys.readouterr().out
    assert (
        open_dataset(str(out)).table[0].canonical_id
        == from_onnx(models / "small.onnx").canonical_id
    )


def test_a_mapping_names_operations(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "names.yaml").write_text("relu: gelu\n")
    out = tmp_path / "zoo.jsonl"
    words = ["import-models", str(models / "small.pt2"), "--out", str(out)]
    main([*words, "--mapping", str(tmp_path / "names.yaml")])
    ops = rows_of(out)["small.pt2"]["ops"]
    assert isinstance(ops, list)
    assert "gelu" in ops
    assert "relu" not in ops
    capsys.readouterr()


def test_labels_are_joined_by_the_names_of_files(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels, out = tmp_path / "labels.csv", tmp_path / "zoo.jsonl"
    labels.write_text(
        'id,"latency [ms, min]",note\nsmall,2.5,first\ninside/wide.onnx,,\nother,1,\n'
    )
    main(["import-models", str(models), "--labels", str(labels), "--out", str(out)])
    assert "labels of 3 of 3 models; no model for other" in capsys.readouterr().out
    rows = rows_of(out)
    assert rows["small.pt2"]["latency [ms, min]"] == 2.5
    assert rows["small.onnx"]["note"] == "first"
    assert rows["inside/wide.onnx"]["latency [ms, min]"] is None
    dataset = open_dataset(str(out))
    assert not dataset.metrics["latency"].maximise


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,latency\na,1\n", "legal: id, and labels"),
        ("id,ops\na,1\n", "legal: id, and labels"),
        ("id,a,a\na,1,1\n", "legal: id, and labels"),
        ("id,a\nx,1\nx,2\n", "line 3: the id is 'x'"),
        ("id,a\n,1\n", "line 2: the id is ''"),
        ("id,a\nx,1,2\n", "line 2: the id is 'x'"),
    ],
)
def test_labels_that_cannot_be_joined(
    models: Path, tmp_path: Path, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text(text)
    assert message in failure(capsys, "import-models", str(models), "--labels", str(labels))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--inputs", "1,x"], "legal: 1,3,224,224"),
        (["--inputs", "1,0"], "legal: 1,3,224,224"),
        (["--dim", "batch"], "legal: batch=1,height=224"),
        (["--dim", "batch=0"], "legal: batch=1,height=224"),
        (["--out", "zoo.csv"], "give it that suffix"),
        (["--mapping", "none.yaml"], "none.yaml"),
    ],
)
def test_mistakes_are_told_before_the_work(
    models: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in failure(capsys, "import-models", str(models), *words)


def test_where_nothing_can_be_read(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "zoo.jsonl"
    out.write_text("what was there\n")
    words = ["import-models", str(models / "broken.onnx"), str(models / "broken.pt2")]
    assert "none of 2 models could be read" in failure(capsys, *words, "--out", str(out))
    assert out.read_text() == "what was there\n"
    assert "is no model" in failure(capsys, "import-models", str(models / "README.md"))
    assert "no such file" in failure(capsys, "import-models", str(models / "none.onnx"))
    # of a shape that fits no model, each is refused
    words = ["import-models", str(models / "small.onnx"), "--inputs", "1,4,8,8", "--out", str(out)]
    assert "none of 1 models" in failure(capsys, *words)
