"""Every number of a report on results made by hand (`handmade`), against paper and pencil."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nasflow.datasets import open_dataset
from nasflow.options.surrogate import SurrogateConfig
from nasflow.report import surrogate_map
from nasflow.report.build import write_report
from nasflow.report.ranking import PERCENTS
from nasflow.report.surrogate_map import percentiles, sample
from nasflow.running.journal import Journal
from nasflow.spaces.nb201 import NB201
from nasflow.surrogate import FlowSurrogate
from report.handmade import graph, write_dataset, write_results
from report.reading import Report


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("report")
    return write_results(root / "results", write_dataset(root / "chains.jsonl"))


@pytest.fixture(scope="module")
def report(folder: Path) -> Report:
    write_report(folder, folder / "report.html")
    return Report(folder / "report.html")


def test_the_tables(report: Report) -> None:
    results, differences = report.tables
    assert results[0][:6] == ["method", "labels", "tau", "Spearman", "P@1%", "P@5%"]
    assert results[1] == [
        "none",
        "2 + 1",
        "60.0 (10.0)",
        "60.0 (10.0)",
        "30.0 (5.0)",
        "15.0 (2.5)",
        "1.500 (0.000)",
        "50.0 (10.0)",
        "30.0 (0.0)",
        "0",
        "3.0",
        "2",
    ]
    assert results[2] == [
        "flow",
        "2 + 1",
        "80.0 (20.0)",
        "80.0 (20.0)",
        "40.0 (10.0)",
        "20.0 (5.0)",
        "1.500 (0.000)",
        "70.0 (20.0)",
        "30.0 (0.0)",
        "30",
        "3.0",
        "2",
    ]
    # +10 and +30 in the two splits: mean 20, standard error 10, times t(0.975, 1 degree) = 12.706
    assert differences[1:] == [
        ["flow - none", "+20.0", "-107.1 to +147.1", "+10.0", "+5.0", "2/2 runs"]
    ]
    (dots,) = report.traces("differences")
    assert (dots["x"], dots["y"], dots["error_x"]["array"]) == ([20.0], ["flow - none"], [127.06])


def test_methods_with_intervals_have_a_table_of_them(tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "chains.jsonl")
    folder = write_results(tmp_path / "results", data, ("none", "blend-fast", "features"))
    journal = Journal(folder / "runs.jsonl")
    for run in list(journal.entries().values()):
        if run.get("method") == "blend-fast":
            # of three labels an interval of 90 % has no end, and so no width
            share = 0.4 if run["split"] == 1 else 0.6
            journal.append({**run, "in50": share, "width50": 2.0, "in90": 0.9, "crps": 0.25})
    write_report(folder, tmp_path / "r.html")
    report = Report(tmp_path / "r.html")
    results, intervals, *_ = report.tables
    assert [row[:2] for row in results[1:]] == [
        ["none", "2 + 1"],
        ["blend-fast", "3"],
        ["features", "3"],
    ]
    assert intervals == [
        ["method", "in 50 %", "in 90 %", "width of 50 %", "width of 90 %", "CRPS"],
        ["blend-fast", "50.0 (10.0)", "90.0 (0.0)", "2.000 (0.000)", "-", "0.250 (0.000)"],
    ]
    assert "2 labels to train on, 1 more to choose the epoch or to train on as well" in report.text
    assert "Left out" not in report.text


def test_without_intervals_nothing_is_missing(report: Report) -> None:
    assert "Intervals" not in report.text


def test_the_words_around_them(report: Report) -> None:
    for words in (
        "chains: accuracy",
        "2 labels to train on, 1 more to choose the epoch, 10 to test on; 2 splits, 1 seed.",
        "K = 0.1 % is 1 of 10 test rows",
        "all 12 that have a label",
        "k = 4, sigma = 1)",
        "nasflow evaluate chains.jsonl",
        "abacus, 1 cores, desk",
        "2026-01-01",
    ):
        assert words in report.text
    assert "Left out" not in report.text
    assert "not finished" not in report.text


def test_precision_at_every_depth(report: Report) -> None:
    """Of 10 rows the best one is asked for, from K = 20 % on the best two."""
    none, flow, chance = report.traces("precision")
    assert [none["name"], flow["name"], chance["name"]] == ["none", "flow", "chance"]
    assert none["x"] == list(PERCENTS)
    assert (PERCENTS[0], PERCENTS[-1]) == (0.1, 20)
    assert none["y"] == [50.0] * (len(PERCENTS) - 1) + [
        100.0
    ]  # right in one split, exchanged in the other
    assert flow["y"] == [0.0] * len(PERCENTS)
    assert chance["y"] == chance["x"]
    shade = report.data["figures"]["precision"]["data"][0]
    assert (shade["legendgroup"], shade["fill"]) == ("none", "toself")
    n = len(PERCENTS)
    assert shade["y"][:n] == [100.0] * n  # one standard deviation up: 50 + 50, and 100 + 0
    assert shade["y"][n:] == [100.0] + [0.0] * (n - 1)  # and down, backwards


def test_predicted_against_true_ranks(report: Report) -> None:
    none, flow = report.traces("ranks")
    assert (none["name"], flow["name"]) == ("none (tau 100.0)", "flow (tau -100.0)")
    assert (none["visible"], flow["visible"]) == (True, "legendonly")
    for trace in (none, flow):
        assert trace["customdata"] == list(range(2, 12))
        assert trace["x"] == [
            10,
            9,
            8,
            7,
            6,
            5,
            4,
            3,
            2,
            1,
        ]  # the last test row has the highest label: rank 1
    assert none["y"] == none["x"]
    assert flow["y"] == none["x"][::-1]


def test_the_map_and_its_cells(report: Report, folder: Path) -> None:
    (points,) = report.traces("map")
    assert points["type"] == "scattergl"
    assert points["customdata"] == list(range(12))  # row 12 has no label
    assert points["marker"]["color"] == [round(100 * i / 11, 1) for i in range(12)]
    assert points["meta"] == {
        "metric": "accuracy",
        "unit": "%",
        "labels": [float(i + 1) for i in range(12)],
    }
    table = open_dataset(str(folder.parent / "chains.jsonl")).table[:12]
    values = FlowSurrogate(table.n_ops, SurrogateConfig(k=4, sigma=1.0))(table).double().numpy()
    centred = values - values.mean(axis=0)
    centred /= np.where(centred.std(axis=0) > 1e-6, centred.std(axis=0), 1)
    variance, directions = np.linalg.eigh(centred.T @ centred)
    for name, place in (("x", -1), ("y", -2)):  # ascending; the sign of a component is arbitrary
        np.testing.assert_allclose(
            np.abs(points[name]), np.abs(centred @ directions[:, place]), atol=2e-3
        )
    share = 100 * variance / variance.sum()
    axes = report.data["figures"]["map"]["layout"]
    assert axes["xaxis"]["title"]["text"] == f"component 1 ({share[-1]:.0f} % of the variance)"
    assert axes["yaxis"]["title"]["text"] == f"component 2 ({share[-2]:.0f} %)"
    for row, (ops, edges) in report.cells().items():
        assert ops == graph(row)["ops"]
        assert sorted(edges) == sorted(map(tuple, graph(row)["edges"]))
    assert list(report.cells()) == list(range(12))


def test_learning_curves_and_seconds(report: Report) -> None:
    (flow,) = report.traces("pretraining")
    assert (flow["name"], flow["x"], flow["y"]) == ("flow", [1, 2, 3], [1.0, 0.5, 0.25])
    none, _ = report.traces("fitting")
    assert (none["name"], none["x"]) == ("none", [0, 1, 2])
    assert none["y"] == pytest.approx([0.0, 15.0, 40.0], rel=1e-4)  # 0, the mean of 10 and 20, 40
    shade = report.data["figures"]["fitting"]["data"][0]["y"]
    assert shade == pytest.approx([0.0, 20.0, 40.0, 40.0, 10.0, 0.0], rel=1e-4)
    assert report.data["figures"]["fitting"]["layout"]["yaxis"]["range"] == pytest.approx(
        [9.0, 41.0], rel=1e-4
    )
    pretraining, fitting = report.traces("seconds")
    assert pretraining["y"] == fitting["y"] == ["none", "flow"]
    assert (pretraining["x"], fitting["x"]) == ([0.0, 30.0], [3.0, 3.0])


def test_of_several_tasks_each_has_a_curve(tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "chains.jsonl")
    write_report(write_results(tmp_path / "r", data, ("flow+gmae",)), tmp_path / "r.html")
    curves = Report(tmp_path / "r.html").traces("pretraining")
    assert [curve["name"] for curve in curves] == ["flow+gmae: flow", "flow+gmae: gmae"]


def test_where_less_is_better_ranks_and_colours_turn_round(tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "chains.jsonl")
    metric = {
        "name": "accuracy",
        "description": "an error",
        "unit": "",
        "maximise": False,
        "trained": True,
    }
    write_report(write_results(tmp_path / "r", data, metric=metric), tmp_path / "r.html")
    report = Report(tmp_path / "r.html")
    none = report.traces("ranks")[0]
    assert none["x"] == none["y"] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert report.traces("map")[0]["marker"]["color"] == [
        round(100 * (11 - i) / 11, 1) for i in range(12)
    ]
    # the lowest is asked for, and both splits have it right; of the lowest two too
    assert report.traces("precision")[0]["y"] == [100.0] * len(PERCENTS)


def test_equal_labels_share_a_rank() -> None:
    assert percentiles(np.array([5.0, 1.0, 5.0, 9.0, 5.0])).tolist() == [
        50.0,
        0.0,
        50.0,
        100.0,
        50.0,
    ]
    assert percentiles(np.array([3.0])).tolist() == [0.0]


def test_a_large_space_is_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    table, rows = NB201().enumerate()[:2000], np.arange(2000)
    np.testing.assert_array_equal(sample(table, rows), rows)
    monkeypatch.setattr(surrogate_map, "MAX_POINTS", 500)
    kept = sample(table, rows)
    assert len(kept) == len(np.unique(kept)) == 500
    assert (np.diff(kept) > 0).all()
    assert kept.max() > 1500
    np.testing.assert_array_equal(sample(table, rows), kept)
    monkeypatch.setattr(
        surrogate_map, "MAX_NUMBERS", 28 * 100
    )  # 8 nodes and 2 x 10 ends of edges each
    assert len(sample(table, rows)) == 100
