"""A report's table ran out of a window of 1280 pixels; its axes went below 0, with half epochs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plotly.offline import get_plotlyjs

from nasflow.experiments.records import RunRecord
from nasflow.report.build import write_report
from nasflow.report.section import epoch_axis, line_styles
from report.chromium import NAMES, Browser, find_browser
from report.handmade import write_dataset, write_results
from report.reading import Report

METHODS = ("none", "flow", "flow+proxy", "proxy", "flow+gmae", "gp")
READY = "document.body.dataset.ready === 'true'"

needs_browser = pytest.mark.skipif(
    find_browser() is None, reason=f"needs a browser: none of {', '.join(NAMES)} is here"
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report whose best rows are found in one split of two: a deviation as large as the mean."""
    root = tmp_path_factory.mktemp("report")
    folder = write_results(root / "results", write_dataset(root / "chains.jsonl"), METHODS)
    for i, record in enumerate(sorted((folder / "predictions").iterdir())):
        old = RunRecord.load(folder, record.stem)
        taus = np.array([0.0, *np.linspace(0.1, 0.4 + 0.1 * (i % 2), 30)], np.float32)
        RunRecord(old.rows, old.predicted, old.truth, taus).save(folder, record.stem)
    write_report(folder, root / "r.html")
    return root / "r.html"


@pytest.fixture(scope="module")
def figures(path: Path) -> dict[str, Any]:
    return Report(path).data["figures"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as started:
        yield started


@needs_browser
def test_all_columns_are_seen_in_a_window_of_1280_pixels(browser: Browser, path: Path) -> None:
    browser.open(path, 1280, ready=READY)
    assert browser.evaluate(
        "[...document.querySelectorAll('.scroll')].every(box => box.scrollWidth <= box.clientWidth)"
    )


@needs_browser
def test_rows_are_stacked_in_a_window_of_400_pixels(browser: Browser, path: Path) -> None:
    browser.open(path, 400, ready=READY)
    assert browser.evaluate("document.documentElement.scrollWidth") == 400
    assert browser.evaluate(
        "[...document.querySelectorAll('.scroll')].every(box => box.scrollWidth <= box.clientWidth)"
    )
    # each number stands within the window, below the name of its column
    places = browser.evaluate(
        "[...document.querySelectorAll('td')].map(cell => [cell.getBoundingClientRect().left,"
        " cell.getBoundingClientRect().right, getComputedStyle(cell, '::before').content])"
    )
    assert places
    for left, right, column in places:
        assert 0 <= left < right <= 400
        assert column not in ("none", '""')


def test_what_is_not_pretrained_and_chance_are_told_apart(figures: dict[str, Any]) -> None:
    lines = {
        trace["name"]: trace["line"] for trace in figures["precision"]["data"] if "name" in trace
    }
    apart = [lines["none"], lines["gp"], lines["chance"]]
    assert len({line["color"] for line in apart}) == len({line["dash"] for line in apart}) == 3
    # and no two methods are drawn alike, however many there are
    names = ["none", "features", "gp", *(f"method {i}" for i in range(20))]
    styles = line_styles(names)
    assert len({(styles[name]["color"], styles[name]["dash"]) for name in names}) == 23


def test_intervals_do_not_touch_the_frame(figures: dict[str, Any]) -> None:
    figure = figures["differences"]
    low, high = figure["layout"]["xaxis"]["range"]
    (trace,) = figure["data"]
    for middle, half in zip(trace["x"], trace["error_x"]["array"], strict=True):
        margin = 0.04 * (high - low)
        assert low + margin < middle - half
        assert middle + half < high - margin
    first, last = figure["layout"]["yaxis"]["range"]
    assert (first, last) == (len(trace["y"]) - 0.5, -0.5)


def test_no_share_is_below_0_or_above_100(figures: dict[str, Any]) -> None:
    figure = figures["precision"]
    assert figure["layout"]["yaxis"]["range"][0] == 0
    for trace in figure["data"]:
        assert 0 <= min(trace["y"]) <= max(trace["y"]) <= 100


def test_epochs_are_whole(figures: dict[str, Any]) -> None:
    assert figures["pretraining"]["layout"]["xaxis"]["dtick"] == 1
    assert figures["fitting"]["layout"]["xaxis"]["dtick"] == 5
    for last, step in ((1, 1), (8, 1), (9, 2), (16, 2), (40, 5), (200, 50), (300, 50), (1000, 200)):
        axis = epoch_axis(last)
        assert (axis["tick0"], axis["dtick"]) == (0, step)


def test_the_shade_of_a_curve_stays_within_its_figure(figures: dict[str, Any]) -> None:
    figure = figures["fitting"]
    low, high = figure["layout"]["yaxis"]["range"]
    for trace in figure["data"]:
        # the first epoch may lie below: it would press all others together
        after = [y for x, y in zip(trace["x"], trace["y"], strict=True) if x > 0]
        assert low < min(after) <= max(after) < high


def test_the_page_says_what_weighs(path: Path) -> None:
    weight = len(get_plotlyjs().encode()) / 1e6
    assert f"Figures: plotly.js, {weight:.1f} MB of this file." in Report(path).text
