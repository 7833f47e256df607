"""What a folder must hold, and what happens where a piece is missing or damaged."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from nasflow.datasets import open_dataset
from nasflow.errors import DataError, MissingDataError, MissingExtraError
from nasflow.report.build import write_report
from nasflow.report.results import read_results
from nasflow.running.journal import Journal
from report.handmade import entry, write_dataset, write_results
from report.reading import Report


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "chains.jsonl")


@pytest.fixture
def folder(tmp_path: Path, data: Path) -> Path:
    return write_results(tmp_path / "results", data)


def change_manifest(folder: Path, **changes: Any) -> None:
    path = folder / "manifest.json"
    manifest = {**json.loads(path.read_text()), **changes}
    path.write_text(
        json.dumps({name: value for name, value in manifest.items() if value is not None})
    )


def rewrite_journal(folder: Path, change: Any) -> None:
    path = folder / "runs.jsonl"
    lines = [change(json.loads(line)) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_a_folder_that_is_none_of_results_says_what_one_is(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(
        MissingDataError, match="nowhere does not exist; name a folder that nasflow evaluate wrote"
    ):
        read_results(tmp_path / "nowhere")
    with pytest.raises(MissingDataError, match="manifest.json is a file; name a folder"):
        read_results(folder / "manifest.json")
    with pytest.raises(
        MissingDataError, match="it has no manifest.json; name a folder that nasflow evaluate wrote"
    ):
        read_results(tmp_path)
    (folder / "runs.jsonl").unlink()
    with pytest.raises(MissingDataError, match="it has no runs.jsonl"):
        read_results(folder)
    Journal(folder / "runs.jsonl").append({"key": "x", "kind": "run"})
    with pytest.raises(
        DataError, match="holds no finished run of this result yet: nasflow evaluate goes on"
    ):
        read_results(folder)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is no JSON"),
        ("[]", "is no manifest but a JSON list"),
        ("{}", "has no object 'dataset'"),
        ('{"dataset": {"name": "a"}, "metric": {}}', "does not say which data set and metric"),
        (
            (
                '{"dataset": {"name": 1, "content_sha256": ""}, "metric": {"name": "m",'
                ' "description": ""}}'
            ),
            "else than text",
        ),
    ],
)
def test_a_manifest_that_is_none_is_named(folder: Path, content: str, words: str) -> None:
    (folder / "manifest.json").write_text(content)
    with pytest.raises(DataError, match=words):
        read_results(folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tau": "high"}, "has tau 'high'; it needs a number"),
        ({"split": 1.5}, "has split 1.5; it needs a whole number"),
        ({"method": None}, "has method None; it needs a text"),
        ({"n_test": True}, "has n_test True"),
        ({"n_test": 10**400}, "has n_test 10000"),
        ({"tau": float("nan")}, "has tau nan; it needs a number from -1 to 1"),
        ({"p1": 1e308}, "has p1 1e[+]308; it needs a number from -1 to 1"),
        ({"fit_seconds": 1e308}, "has fit_seconds 1e[+]308; it needs a number of at least 0"),
    ],
)
def test_a_malformed_run_is_named(folder: Path, change: dict[str, Any], words: str) -> None:
    rewrite_journal(folder, lambda line: {**line, **change} if line["kind"] == "run" else line)
    with pytest.raises(DataError, match=words):
        read_results(folder)


def test_a_key_names_no_file_elsewhere(folder: Path, data: Path) -> None:
    Journal(folder / "runs.jsonl").append(entry(data, "none", 1, key="../../secret"))
    change_manifest(folder, runs={"../../secret": None})
    with pytest.raises(DataError, match="is no key of a run"):
        read_results(folder)


def test_runs_of_other_results_in_the_journal_are_not_shown(folder: Path, data: Path) -> None:
    Journal(folder / "runs.jsonl").append(entry(data, "none", 1, key="abc", tau=0.99))
    assert [e["tau"] for e in read_results(folder).entries] == [0.5, 0.7, 0.6, 1.0]


def test_a_grid_that_is_still_running_is_shown_as_far_as_it_is(
    folder: Path, tmp_path: Path
) -> None:
    lines = (folder / "runs.jsonl").read_text().splitlines(keepends=True)
    (folder / "runs.jsonl").write_text(
        "".join(lines[:4])
    )  # none, the pre-training, flow on the first split
    said = write_report(folder, tmp_path / "r.html")
    assert "3 of 4 runs" in said
    report = Report(tmp_path / "r.html")
    assert "The grid is not finished: 3 of 4 runs are done." in report.text
    # one pair of runs is left: a difference without an interval
    assert report.tables[1][1] == ["flow - none", "+10.0", "-", "+5.0", "+2.5", "1/1 runs"]
    (folder / "runs.jsonl").write_text("".join(lines[:2]))
    write_report(folder, tmp_path / "r.html")
    assert (
        "no two methods here have a finished run on the same split"
        in Report(tmp_path / "r.html").text
    )


def test_an_older_folder_has_its_tables_and_says_what_it_lacks(
    folder: Path, data: Path, tmp_path: Path
) -> None:
    """Before manifests listed runs, and before predictions and losses were kept."""
    change_manifest(folder, runs=None)
    shutil.rmtree(folder / "predictions")
    rewrite_journal(
        folder, lambda line: {name: value for name, value in line.items() if name != "task_losses"}
    )
    # the same run once more, with other options: the last one counts; and one of another metric
    Journal(folder / "runs.jsonl").append(entry(data, "none", 2, key="new", tau=0.9))
    Journal(folder / "runs.jsonl").append(
        entry(data, "none", 2, key="other", metric="latency", tau=0.1)
    )
    said = write_report(folder, tmp_path / "r.html").splitlines()
    report = Report(tmp_path / "r.html")
    assert report.tables[0][1][:3] == ["none", "2 + 1", "70.0 (20.0)"]
    assert report.tables[0][2][9] == "30"  # seconds of the pre-training with its seed
    assert list(report.data["figures"]) == ["differences", "map", "seconds"]
    assert report.text.count("Left out: ") == 4
    assert report.text.count("predictions were kept") == 3
    assert "made before the losses of their epochs were kept" in report.text
    assert [line.split(" (")[0] for line in said[1:]] == [
        "left out: Precision at the top",
        "left out: Predicted against true rank",
        "left out: Pre-training",
        "left out: Fine-tuning",
    ]


def test_a_data_set_that_is_gone_or_changed_leaves_the_map_out(
    folder: Path, data: Path, tmp_path: Path
) -> None:
    for text, words in (
        (
            data.read_text().replace("12.0", "12.5"),
            "no longer the one that these runs were made on",
        ),
        (None, "chains.jsonl does not exist"),
    ):
        if text is None:
            data.unlink()
        else:
            data.write_text(text)
        write_report(folder, tmp_path / "r.html")
        report = Report(tmp_path / "r.html")
        assert words in report.text
        assert "map" not in report.data["figures"]
        assert report.data["cells"] is None
        assert "ranks" in report.data["figures"]


def test_a_data_set_that_gained_a_column_is_the_same_where_its_label_has_a_hash(
    folder: Path, data: Path, tmp_path: Path
) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    same = open_dataset(str(data)).content_hash(["accuracy"])
    change_manifest(folder, dataset={**manifest["dataset"], "metric_sha256": same})
    data.write_text(data.read_text().replace('"accuracy": 1.0', '"params": 5, "accuracy": 1.0'))
    write_report(folder, tmp_path / "r.html")
    assert "map" in Report(tmp_path / "r.html").data["figures"]
    data.write_text(data.read_text().replace('"accuracy": 1.0', '"accuracy": 1.5'))
    write_report(folder, tmp_path / "r.html")
    assert "no longer the one" in Report(tmp_path / "r.html").text


def test_a_damaged_piece_is_named_in_the_place_of_its_section(folder: Path, tmp_path: Path) -> None:
    damaged = min((folder / "predictions").iterdir())
    damaged.write_bytes(b"not an npz")
    change_manifest(folder, options={"surrogate": {"kay": 4}})
    rewrite_journal(
        folder,
        lambda line: (
            {**line, "task_losses": {"flow": ["high"]}} if line["kind"] == "pretraining" else line
        ),
    )
    write_report(folder, tmp_path / "r.html")
    text = Report(tmp_path / "r.html").text
    assert text.count(f"{damaged} is no readable .npz file") == 3
    assert "unknown SurrogateConfig option 'kay'" in text
    assert "has task_losses {'flow': ['high']}" in text


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), 1e308, 10**400, True])
def test_a_loss_that_is_no_number_is_named(folder: Path, tmp_path: Path, loss: float) -> None:
    rewrite_journal(
        folder,
        lambda line: (
            {**line, "task_losses": {"flow": [1.0, loss]}} if "task_losses" in line else line
        ),
    )
    write_report(folder, tmp_path / "r.html")
    assert "it needs a list of numbers below 1e100" in Report(tmp_path / "r.html").text


def test_a_pretraining_that_is_no_key_is_named(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    change_manifest(folder, runs={key: [1] for key in manifest["runs"]})
    with pytest.raises(DataError, match=r"has the pre-training \[1\]; it needs a key or null"):
        read_results(folder)


def test_a_run_without_its_record_is_not_counted(folder: Path, tmp_path: Path) -> None:
    min((folder / "predictions").iterdir()).unlink()
    write_report(folder, tmp_path / "r.html")
    assert "the 3 of 4 runs that kept their predictions" in Report(tmp_path / "r.html").text


def test_without_plotly_the_extra_is_named(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.delitem(sys.modules, "plotly.offline", raising=False)
    with pytest.raises(
        MissingExtraError, match=r"needs plotly; install it with: pip install 'nasflow.report.'"
    ):
        write_report(folder, tmp_path / "r.html")
