from __future__ import annotations

import dataclasses
import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

import miniatures
from nasflow.commands.data_import import run_import
from nasflow.datasets import Dataset
from nasflow.datasets.digests import source_digest
from nasflow.datasets.importing import import_table, read_table
from nasflow.datasets.readers.registry import format_names, format_summaries, make_reader
from nasflow.errors import ConfigError, DataError, MissingDataError, UnknownNameError


def written(folder: Path, label: str) -> tuple[str, Path]:
    """Format and path of a miniature."""
    fmt, name, make = miniatures.SINGLE_FILES[label]
    (folder / name).write_bytes(make())
    return fmt, folder / name


@pytest.mark.parametrize("label", miniatures.SINGLE_FILES)
def test_every_format_becomes_a_data_set_that_survives_its_file(label: str, tmp_path: Path) -> None:
    fmt, path = written(tmp_path, label)
    report = import_table(fmt, path)
    assert report.n_rejected == 0
    assert len(report.dataset) >= 1
    assert report.dataset.origin["sha256"] == report.sha256
    report.dataset.save(tmp_path / "table.npz")
    again = Dataset.load(tmp_path / "table.npz")
    assert again.content_hash() == report.dataset.content_hash()
    assert again.metrics == report.dataset.metrics
    assert again.default_metric == report.dataset.default_metric
    for metric in again.metrics.values():
        assert metric.description


@pytest.mark.parametrize("label", miniatures.SINGLE_FILES)
def test_a_second_import_comes_from_the_cache(label: str, tmp_path: Path) -> None:
    fmt, path = written(tmp_path, label)
    first = import_table(fmt, path)
    started = time.process_time()  # not the wall clock: other tests run at the same time
    second = import_table(fmt, path)
    assert time.process_time() - started < 1.0
    assert second.from_cache
    assert second.dataset.content_hash() == first.dataset.content_hash()
    assert (second.n_read, second.n_rejected, second.rejected) == (
        first.n_read,
        first.n_rejected,
        first.rejected,
    )


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    fmt, path = written(tmp_path, "csv")
    before = import_table(fmt, path)
    path.write_bytes(path.read_bytes().replace(b"81.2", b"61.2"))
    after = import_table(fmt, path)
    assert not after.from_cache
    assert before.dataset.labels("accuracy")[0] == pytest.approx(81.05)
    assert after.dataset.labels("accuracy")[0] == pytest.approx(71.05)


def test_rejected_rows_are_counted_and_listed_and_never_become_labels(tmp_path: Path) -> None:
    lines = [
        "ops,edges,accuracy",
        "input|conv|output,0>1 1>2,90",
        "input|conv|output,0>1 1>2 2>1,91",
        "input|conv|output,0>1 1>7,92",
        "input|conv|output,0>1,nan",
        "input|conv|output,0>1 1>2",
        "a||b,0>1,93",
        "input|pool|output,0>1 1>2,95",
    ]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    report = import_table("csv", tmp_path / "t.csv")
    assert report.n_read == 7
    assert [item.number for item in report.rejected] == [3, 4, 5, 6, 7]
    reasons = " ".join(item.reason for item in report.rejected)
    for words in (
        "cycle 1 -> 2 -> 1",
        "leaves the graph",
        "'nan'; it needs a finite number",
        "2 values where the header",
        "non-empty string",
    ):
        assert words in reasons
    assert report.dataset.values["accuracy"].tolist() == [90, 95]


def test_a_file_without_a_valid_row_names_the_first_fault(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("ops,edges,accuracy\na|b,0>1 1>0,3\n")
    with pytest.raises(
        DataError, match=r"no valid row of format csv \(1 rejected; line 2: .*cycle"
    ):
        import_table("csv", tmp_path / "t.csv")


def test_only_the_first_thousand_rejections_are_kept(tmp_path: Path) -> None:
    good, bad = '{"ops": ["a"], "edges": []}\n', '{"ops": [], "edges": []}\n'
    (tmp_path / "t.jsonl").write_text(good + bad * 1500)
    report = import_table("jsonl", tmp_path / "t.jsonl")
    assert (report.n_rejected, len(report.rejected)) == (1500, 1000)


def test_the_command_saves_and_prints_a_summary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fmt, path = written(tmp_path, "csv")
    with path.open("a") as file:
        file.write("broken,0>1,1,1,1,1,c\n")
    run_import(fmt, str(path), str(tmp_path / "table.npz"))
    out = capsys.readouterr().out
    assert "2 architectures from 3 records (1 rejected), 4 operations" in out
    assert "source SHA-256 " in out
    assert "peak memory " in out
    assert "rejected row 4: edge [0, 1] leaves the graph" in out
    words = {
        line.split("│")[1].strip(): [cell.strip() for cell in line.split("│")[2:7]]
        for line in out.splitlines()
        if line.startswith("│")
    }
    assert words["accuracy"] == ["%", "more", "yes", "2", "2"]
    assert words["latency"] == ["ms", "less", "yes", "1", "2"]
    assert words["params"] == ["million", "less", "no", "1", "2"]
    assert len(Dataset.load(tmp_path / "table.npz")) == 2


def test_wrong_names_and_places(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown file format 'nb101'.*nb101-tfrecord"):
        import_table("nb101", tmp_path)
    with pytest.raises(MissingDataError, match="does not exist"):
        import_table("csv", tmp_path / "nothing.csv")
    with pytest.raises(MissingDataError, match="is a folder"):
        import_table("csv", tmp_path)
    with pytest.raises(ConfigError, match=r"saved as \.npz"):
        run_import("csv", "x.csv", str(tmp_path / "table.csv"))
    assert set(format_summaries()) == set(format_names())
    for name in format_names():
        assert make_reader(name, tmp_path).format == name


@pytest.mark.parametrize("label", miniatures.SINGLE_FILES)
def test_an_empty_and_a_foreign_file_are_refused(label: str, tmp_path: Path) -> None:
    fmt, name, _ = miniatures.SINGLE_FILES[label]
    for content in (b"", b"\x00" * 64, b"PK\x03\x04", b"[1, 2]", b"\xff\xfe\xfd", os.urandom(3000)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError):
            read_table(fmt, tmp_path / name)


def test_progress_never_runs_backwards_and_ends_at_the_end(tmp_path: Path) -> None:
    fmt, path = written(tmp_path, "nb101")
    seen: list[tuple[int, int]] = []
    read_table(fmt, path, lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (path.stat().st_size,) * 2


def test_operations_beyond_256_are_refused(tmp_path: Path) -> None:
    rows = [json.dumps({"ops": [f"op{i}"], "edges": []}) for i in range(300)]
    (tmp_path / "t.jsonl").write_text("\n".join(rows))
    with pytest.raises(DataError, match="300 different operations; legal: at most 256"):
        read_table("jsonl", tmp_path / "t.jsonl")


def test_large_sources_are_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nasflow.datasets.digests._LARGE", 10)
    path = tmp_path / "large.csv"
    path.write_bytes(b"x" * 100)
    fresh = source_digest([path], path)
    os.utime(path, (1e9, 1e9))  # changed long ago, so that its time can be trusted
    assert source_digest([path], path) == fresh
    calls = []
    monkeypatch.setattr("nasflow.datasets.digests.sha256", lambda p: calls.append(p) or "")
    assert source_digest([path], path) == fresh
    assert not calls
    path.write_bytes(b"y" * 100)
    source_digest([path], path)
    assert calls


def test_values_are_what_the_rows_say_in_any_order(tmp_path: Path) -> None:
    """The columns against a dictionary filled row by row."""
    rng = np.random.default_rng(0)
    lines, expected = [], []
    for row in range(50):
        repeats = [round(float(v), 3) for v in rng.normal(size=rng.integers(1, 4))]
        record = {"ops": ["a"] * (1 + row), "edges": [], "m": repeats}
        if row % 4:
            record["n"] = row / 2
        lines.append(json.dumps(record))
        expected.append(repeats)
    (tmp_path / "t.jsonl").write_text("\n".join(lines))
    data = read_table("jsonl", tmp_path / "t.jsonl")
    for row, repeats in enumerate(expected):
        assert data.values["m"][row, : len(repeats)].tolist() == repeats
        assert np.isnan(data.values["m"][row, len(repeats) :]).all()
    n = data.values["n"]
    assert np.isnan(n[::4]).all()
    assert n[1] == 0.5


def test_a_report_is_plain_data(tmp_path: Path) -> None:
    fmt, path = written(tmp_path, "csv")
    report = import_table(fmt, path)
    assert {field.name for field in dataclasses.fields(report)} == {
        "dataset",
        "n_read",
        "n_rejected",
        "rejected",
        "sha256",
        "peak_bytes",
        "seconds",
        "from_cache",
    }
