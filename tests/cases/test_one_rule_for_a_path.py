"""`own.jsonl/` was read and `own.npz/` failed with errno 20; a pipe "does not exist"."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from nasflow import open_dataset
from nasflow.cli import main
from nasflow.datasets import Dataset
from nasflow.datasets.importing import import_table
from nasflow.datasets.proxy_table import ProxyTable
from nasflow.errors import DataError, MissingDataError

LINE = '{"ops": ["a"], "edges": [], "acc": 1}\n'


def own_files(folder: Path) -> list[Path]:
    """One table in two formats."""
    (folder / "own.jsonl").write_text(LINE)
    open_dataset(str(folder / "own.jsonl")).save(folder / "own.npz")
    return [folder / "own.jsonl", folder / "own.npz"]


def two_rows(folder: Path) -> Path:
    """A table that a model can be fitted on."""
    (folder / "two.csv").write_text("ops,edges,acc\na,,1\na|a,0>1,2\n")
    return folder / "two.csv"


def test_a_slash_behind_a_file_is_the_file(tmp_path: Path) -> None:
    for path in own_files(tmp_path):
        assert len(open_dataset(f"{path}/")) == 1
    assert len(Dataset.load(f"{tmp_path}/own.npz/")) == 1
    assert import_table("jsonl", f"{tmp_path}/own.jsonl/").n_read == 1


def test_so_it_is_behind_what_is_written_and_behind_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The measures were taken, into a folder of that name, and the file could not be written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NASFLOW_DATA", raising=False)
    out = tmp_path / "proxies.npz"
    main(["proxies", "nb201", "--sample", "1", "--measures", "params", "--out", f"{out}/"])
    assert len(ProxyTable.load(out).ids) == 1
    own, model = own_files(tmp_path)[0], tmp_path / "model.safetensors"
    main(["pretrain", str(own), "--pretrain.epochs", "1", "--out", f"{model}/"])
    main(["fit", str(two_rows(tmp_path)), "--model", f"{model}/", "--fit.epochs", "1"])
    assert "fitted on 2 of 2 architectures" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["own.csv", "own.jsonl.gz", "own.parquet", "own.npz"])
def test_a_folder_is_none(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(MissingDataError, match="is a folder, not a file"):
        open_dataset(str(tmp_path / name))


@pytest.mark.parametrize("name", ["own.csv", "own.jsonl", "own.npz"])
def test_a_pipe_is_said_to_be_none(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(MissingDataError, match="is no regular file"):
        open_dataset(str(tmp_path / name))


def test_a_file_that_may_not_be_read_is_not_called_damaged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    for path in own_files(tmp_path):
        path.chmod(stat.S_IWUSR)
        with pytest.raises(SystemExit):
            main(["data", "info", str(path)])
        assert f"nasflow: {path}: Permission denied\n" == capsys.readouterr().err


def test_a_folder_of_models_is_shown_the_way(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    with pytest.raises(DataError, match=r"is a folder; legal: .npz.*docs/import-models.md"):
        open_dataset(str(tmp_path / "models"))
    (tmp_path / "net.onnx").write_bytes(b"")
    with pytest.raises(DataError, match=r"suffix '.onnx'; legal: .npz.*docs/import-models.md"):
        open_dataset(str(tmp_path / "net.onnx"))


@pytest.mark.parametrize("how", ["replaced", "written to", "removed"])
def test_a_file_that_changes_while_it_is_read_is_an_error(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows would be cached and named under the digest of what it was before."""
    path = tmp_path / "own.jsonl"
    # of its own, or it would come from the cache
    path.write_text(LINE.replace("acc", how.replace(" ", "_")))

    def change() -> None:
        if how == "replaced":
            (tmp_path / "new").write_text(LINE.replace("1", "2"))
            (tmp_path / "new").replace(path)
        elif how == "written to":
            with path.open("a") as file:
                file.write(LINE.replace("a", "b"))
        else:
            path.unlink()

    from nasflow.datasets.readers.jsonl_file import JsonlFile

    records = JsonlFile.records

    def changing(reader: JsonlFile, progress: object) -> object:
        yield from records(reader, progress)  # type: ignore[arg-type]
        if path.exists():
            change()

    monkeypatch.setattr(JsonlFile, "records", changing)
    with pytest.raises(DataError, match="was changed or replaced while it was read"):
        import_table("jsonl", path)
    monkeypatch.undo()
    path.write_text(LINE.replace("acc", how.replace(" ", "_")))
    assert not import_table("jsonl", path).from_cache
