"""A picture that could not be drawn, of values near 1e308, took the table down with it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from nasflow.cli import main
from nasflow.graphs.architecture import Architecture
from nasflow.search import outputs
from nasflow.search.picture import _draw_course, _draw_predictions, _limits
from nasflow.search.results import Results
from nasflow.search.trial import Trial

TRAINER = """
def huge(architecture):
    return -1e308 if architecture.ops[1] == "conv" else 1e308

def size(architecture):
    return len(architecture.canonical_id.rstrip("0")) + architecture.ops.count("conv")
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("$x$ y.yaml").write_text(
        '{"ops": ["conv", "pool", "größe"], "n_nodes": 3, "edges": "chain"}'
    )
    Path("mine.py").write_text(TRAINER)


def search(train: str, *more: str) -> None:
    words = ["search", "$x$ y.yaml", "--train", train, "--strategy", "random", "--budget", "8"]
    main([*words, *more])


def test_values_near_the_end_of_the_floats_have_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    search("mine.py:huge")
    assert "8 results" in capsys.readouterr().out
    assert len(Path("study/trials.csv").read_text().splitlines()) == 9


def test_a_picture_that_cannot_be_drawn_costs_no_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(path: Path, results: Results) -> None:
        raise ValueError("no picture")

    monkeypatch.setattr(outputs, "draw", fails)
    search("mine.py:size")
    assert "search.png could not be drawn (ValueError: no picture)" in capsys.readouterr().out
    assert Path("study/table.txt").is_file()
    assert Path("study/trials.csv").is_file()


def test_the_winner_is_there_in_every_notation() -> None:
    search("mine.py:size")
    best = json.loads(Path("study/best.json").read_text())
    assert best["space"] == "$x$ y.yaml"
    assert best["metric"] == "size"
    assert best["architecture"]["ops"][0] == "input"
    assert json.loads(best["notation"]) == best["architecture"]
    assert best["short"] == " > ".join(best["architecture"]["ops"][1:-1])
    with Path("study/trials.csv").open() as file:
        values = [float(row["value"]) for row in csv.DictReader(file)]
    assert best["value"] == max(values)


def test_operations_in_other_scripts_are_shown_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    search("mine.py:size")
    shown = capsys.readouterr().out
    for text in (shown, Path("study/trials.csv").read_text(), Path("study/table.txt").read_text()):
        assert "größe" in text
        assert "\\u00" not in text


def test_early_bad_results_do_not_squeeze_the_rest() -> None:
    values = np.array([10.0, 12.0, *np.linspace(90, 94, 18)])
    low, high = _limits(values, maximise=True)
    assert 80 < low < 90
    assert 94 < high < 96
    lower, upper = _limits(-values, maximise=False)
    assert (lower, upper) == (-high, -low)


def titles_and_labels(results: Results) -> tuple[list[str], list[str]]:
    """What a picture says above its two halves, and the entries of its legends."""
    figure = Figure()
    left, right = figure.subplots(1, 2)
    _draw_course(left, results)
    _draw_predictions(right, results)
    labels: list[str] = []
    for axes in (left, right):
        labels += axes.get_legend_handles_labels()[1]
    return [left.get_title(), right.get_title()], labels


def trial(number: int, value: float, predicted: float | None = None) -> Trial:
    architecture = Architecture.from_dict({"ops": ["input", "output"], "edges": [[0, 1]]})
    origin = "random" if predicted is None else "model"
    return Trial(
        number, architecture, str(number), "done", origin, value, predicted=predicted, deviation=0.1
    )


def test_where_nothing_is_predicted_there_is_no_frame_and_no_start() -> None:
    titles, labels = titles_and_labels(Results([trial(0, 1.0), trial(1, 2.0)], "x", None))
    assert titles[1] == ""
    assert "drawn at random" in labels
    assert "random start" not in labels


def test_what_the_second_half_cuts_off_is_counted() -> None:
    trials = [trial(0, 95.0), *(trial(i, 95 + i / 10, 95.5 + i / 20) for i in range(1, 9))]
    titles, labels = titles_and_labels(Results(trials, "x", None))
    assert titles[1] == "Predicted against measured (8)"
    assert "random start" in labels
    # a network that learned nothing, of which much was expected
    titles, _ = titles_and_labels(Results([*trials, trial(9, 9.5, 95.7)], "x", None))
    assert titles[1] == "Predicted against measured (8 of 9 shown)"


def test_the_lines_that_build_the_winner_do() -> None:
    words = ["search", "nb201", "--train", "mine.py:size", "--strategy", "random"]
    main([*words, "--budget", "1"])
    best = json.loads(Path("study/best.json").read_text())
    made: dict[str, object] = {}
    exec("\n".join(best["build"]), made)
    assert type(made["network"]).__module__.startswith("nasflow.networks")
