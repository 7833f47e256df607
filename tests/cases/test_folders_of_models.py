"""Whoever gave a command a folder of ONNX models was told the suffixes of tables, not the way from
models to a table.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from importers.structure import from_onnx
from nasflow.cli import main
from nasflow.datasets.importing import import_table
from nasflow.datasets.registry import open_dataset
from nasflow.errors import DataError


def save_models(folder: Path) -> None:
    """Two networks: one and two activations."""
    value = helper.make_tensor_value_info
    for name, ops in (("one", ["Relu"]), ("two", ["Relu", "Tanh"])):
        names = ["x", *(f"t{i}" for i in range(len(ops) - 1)), "y"]
        nodes = [helper.make_node(op, [names[i]], [names[i + 1]]) for i, op in enumerate(ops)]
        ends = [[value(end, TensorProto.FLOAT, [1])] for end in ("x", "y")]
        onnx.save(helper.make_model(helper.make_graph(nodes, "g", *ends)), folder / f"{name}.onnx")


def test_the_refusal_names_the_way(tmp_path: Path) -> None:
    save_models(tmp_path)
    way = r"`nasflow import-models .* --out models.jsonl` makes a table"
    with pytest.raises(DataError, match=f"is a folder; .*; it holds 2 ONNX models: {way}"):
        open_dataset(str(tmp_path))
    with pytest.raises(DataError, match=f"suffix '.onnx'; .*; it is an ONNX model: {way}"):
        open_dataset(str(tmp_path / "one.onnx"))
    for format_name in ("csv", "jsonl", "nats"):
        with pytest.raises(DataError, match=f"is no table; it holds 2 ONNX models: {way}"):
            import_table(format_name, tmp_path)
    with pytest.raises(DataError, match=f"is no table; it is an ONNX model: {way}"):
        import_table("csv", tmp_path / "one.onnx")


def test_other_folders_are_refused_as_before(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is a folder; legal: \.npz"):
        open_dataset(str(tmp_path))


def test_the_way_leads_to_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_models(tmp_path)
    accuracy = {"one": 0.7, "two": 0.8}
    rows = []
    for path in sorted(tmp_path.glob("*.onnx")):
        rows.append({**from_onnx(path).to_dict(), "accuracy": accuracy[path.stem]})
    table = tmp_path / "models.jsonl"
    table.write_text("".join([json.dumps(row) + "\n" for row in rows]))
    main(["data", "info", str(table)])
    assert "2 architectures" in capsys.readouterr().out


def test_the_command_in_the_docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "import-models.md").read_text()
    (commands,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    (tmp_path / "models").mkdir()
    save_models(tmp_path / "models")
    (tmp_path / "latency.csv").write_text('id,"latency [ms, min]"\none,0.7\ntwo,0.8\n')
    monkeypatch.chdir(tmp_path)
    main(commands.splitlines()[0].split()[1:])
    table = open_dataset("models.jsonl")
    assert len(table) == 2
    assert set(table.metrics) == {"latency"}
