"""Predictions in parts: those of the whole table, whoever makes them and wherever they begin."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nasflow import Predictor
from nasflow.cli import main
from nasflow.datasets.base import Dataset, Metric
from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.prediction.in_parts import Best, Prediction, predicted_parts
from nasflow.prediction.label import Label
from nasflow.running import unfinished
from nasflow.spaces.nb201 import NB201

N = 50
TABLE = NB201().enumerate()[:: 15625 // N][:N]
PROXY = np.where(np.arange(N) % 9 == 4, np.nan, np.arange(N) / 7)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A blend with a column, and the table it was fitted on in two forms."""
    folder = tmp_path_factory.mktemp("parts")
    labels = 60 + 20 * np.sin(np.arange(N))
    metrics = {"free": Metric("free", "a proxy", unit="", trained=False)}
    Dataset("archs", TABLE, metrics, {"free": PROXY}).save(folder / "archs.npz")
    lines = []
    for graph, value in zip(TABLE, PROXY, strict=True):
        lines.append(
            json.dumps(graph.to_dict() | {"free [free]": None if value != value else value})
        )
    (folder / "archs.jsonl").write_text("\n".join(lines))
    predictor = Predictor(effort="fast").fit(
        TABLE[:30],
        labels[:30],
        proxies={"free": PROXY[:30]},
        reference={"free": PROXY},
        label=Label("accuracy", "%"),
    )
    predictor.save(folder / "model.safetensors")
    return folder


def rows_of(text: str) -> list[list[float]]:
    """The numbers of lines of CSV."""
    return [list(map(float, row)) for row in csv.reader(text.splitlines())]


@pytest.mark.parametrize("name", ["archs.jsonl", "archs.npz"])
@pytest.mark.parametrize(("rows_of_part", "n_workers"), [(7, 1), (1000, 1), (20, 2)])
def test_parts_have_the_predictions_of_the_whole(
    folder: Path, name: str, rows_of_part: int, n_workers: int
) -> None:
    what = Prediction(str(folder / "model.safetensors"), std=True, level=0.8)
    parts = predicted_parts(
        what, str(folder / name), rows_of_part=rows_of_part, n_workers=n_workers
    )
    rows = rows_of("".join(part.text for part in parts))
    predictor = Predictor.load(folder / "model.safetensors")
    mean, std = predictor.predict(TABLE, {"free": PROXY}, return_std=True)
    low, high = predictor.interval(TABLE, 0.8, {"free": PROXY})
    expected = np.stack([np.arange(N), mean, std, low, high], axis=1)
    np.testing.assert_allclose(rows, expected, rtol=1e-5)


def test_the_best_of_all_parts_are_the_best_of_the_whole(folder: Path) -> None:
    what = Prediction(str(folder / "model.safetensors"), top=5)
    label = Label("accuracy", "%")
    best = Best.nothing(what.names)
    n_without = 0
    for part in predicted_parts(what, str(folder / "archs.jsonl"), rows_of_part=8):
        assert part.text == ""
        assert part.best is not None
        best = Best.from_state(json.loads(json.dumps(best.state())))
        best = best.with_others(part.best, 5, label)
        n_without += part.n_without["free"]
    predicted = Predictor.load(folder / "model.safetensors").predict(TABLE, {"free": PROXY})
    assert best.rows.tolist() == label.best_first(predicted)[:5].tolist()
    assert n_without == np.isnan(PROXY).sum()


def test_an_operation_that_is_not_known_is_named_with_its_row(folder: Path) -> None:
    what = Prediction(str(folder / "model.safetensors"))
    odd = Architecture(("input", "zoom", "output"), ((0, 1), (1, 2)))
    table = ArchTable.from_architectures([*TABLE[:9], odd])
    metrics = {"free": Metric("free", "a proxy", unit="", trained=False)}
    Dataset("odd", table, metrics, {"free": PROXY[:10]}).save(folder / "odd.npz")
    parts = predicted_parts(what, str(folder / "odd.npz"), rows_of_part=4)
    with pytest.raises(GraphError, match="in the rows from 8 on, row 1: unknown operation 'zoom'"):
        list(parts)


def test_of_equal_values_the_earlier_row_is_the_better_one() -> None:
    label = Label(maximise=False)
    late = Best.of(np.array([8, 9]), {"prediction": np.array([1.0, 0.0])}, 2, label)
    early = Best.of(np.array([3, 4]), {"prediction": np.array([1.0, 1.0])}, 2, label)
    for best in (late.with_others(early, 3, label), early.with_others(late, 3, label)):
        assert best.rows.tolist() == [9, 3, 4]


def test_a_command_that_is_killed_goes_on_and_ends_with_the_same_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    words = [
        "predict",
        "--model",
        "model.safetensors",
        "--archs",
        "archs.jsonl",
        "--interval",
        "0.9",
    ]
    main([*words, "--out", "whole.csv"])
    script = (
        "import sys, os\n"
        "from nasflow.cli import main\n"
        "from nasflow.running import unfinished\n"
        "from nasflow.datasets import parts\n"
        "unfinished._SECONDS_BETWEEN_SAVES = -1\n"
        "add = unfinished.UnfinishedFile.add\n"
        "def killed(self, text, state):\n"
        "    add(self, text, state)\n"
        "    if state['n_rows'] >= 24: os._exit(9)\n"
        "unfinished.UnfinishedFile.add = killed\n"
        "from nasflow.prediction import in_parts\n"
        "in_parts.predicted_parts.__kwdefaults__['rows_of_part'] = 8\n"
        "main(sys.argv[1:])\n"
    )
    stopped = subprocess.run(
        [sys.executable, "-c", script, *words, "--out", "out.csv"], check=False
    )
    assert stopped.returncode == 9
    assert not (folder / "out.csv").exists()
    monkeypatch.setitem(predicted_parts.__kwdefaults__, "rows_of_part", 8)
    capsys.readouterr()
    main([*words, "--out", "out.csv"])
    assert "going on behind the 24 rows of an earlier run" in capsys.readouterr().err
    assert (folder / "out.csv").read_text() == (folder / "whole.csv").read_text()
    assert not list(folder.glob("*.partial*"))
    # another model, another table or other options begin anew
    monkeypatch.setattr(unfinished, "_SECONDS_BETWEEN_SAVES", -1)
    main([*words[:-2], "--top", "3", "--out", "top.csv"])
    assert len((folder / "top.csv").read_text().splitlines()) == 4


def test_the_best_are_written_once_where_their_file_could_not_be_put_in_place(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    words = ["predict", "--model", "model.safetensors", "--archs", "archs.jsonl", "--top", "3"]
    main([*words, "--out", str(tmp_path / "whole.csv")])
    with monkeypatch.context() as disk:

        def full(_: unfinished.UnfinishedFile) -> None:
            raise OSError("no space left")

        disk.setattr(unfinished.UnfinishedFile, "finish", full)
        with pytest.raises(SystemExit):
            main([*words, "--out", str(tmp_path / "out.csv")])
    main([*words, "--out", str(tmp_path / "out.csv")])
    assert (tmp_path / "out.csv").read_text() == (tmp_path / "whole.csv").read_text()


def test_a_table_that_changes_meanwhile_is_refused(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "grows.jsonl"
    path.write_text((folder / "archs.jsonl").read_text() + "\n")
    with_others = Best.with_others

    def grown(self: Best, others: Best, n: int, label: Label) -> Best:
        with path.open("a") as file:
            file.write("\n")
        return with_others(self, others, n, label)

    monkeypatch.setattr(Best, "with_others", grown)
    words = ["predict", "--model", str(folder / "model.safetensors"), "--archs", str(path)]
    with pytest.raises(SystemExit):
        main([*words, "--top", "3", "--out", str(tmp_path / "out.csv")])
    assert "was changed or replaced" in capsys.readouterr().err
    assert not list(tmp_path.glob("out.csv*"))


def test_a_model_that_was_written_anew_is_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    for slope in (1.0, -1.0):
        # by one name, in folders of their own and in one folder twice
        for folder in (tmp_path / str(slope), tmp_path):
            folder.mkdir(exist_ok=True)
            monkeypatch.chdir(folder)
            Dataset("archs", TABLE[:20], {}, {}).save("archs.npz")
            blend = Predictor().fit(TABLE[:10], slope * np.arange(10.0))
            blend.save("model.safetensors")
            (part,) = predicted_parts(Prediction("model.safetensors"), "archs.npz")
            expected = blend.predict(TABLE[:20])
            assert [row[1] for row in rows_of(part.text)] == pytest.approx(expected, rel=1e-4)
            seen.append(expected)
    assert not np.allclose(seen[0], seen[2])
