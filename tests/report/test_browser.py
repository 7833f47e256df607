"""The report in a browser: it opens from disk, and draws the cell under the pointer."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nasflow import EncoderConfig, FitConfig
from nasflow.experiments.evaluate import evaluate
from nasflow.options.protocol import ProtocolConfig
from nasflow.report.build import write_report
from nasflow.report.page import page
from report.chromium import NAMES, Browser, find_browser
from report.handmade import graph, write_dataset, write_results
from report.test_page import ATTACK, write_hostile
from small import labels, table

pytestmark = pytest.mark.skipif(
    find_browser() is None, reason=f"needs a browser: none of {', '.join(NAMES)} is here"
)
READY = "document.body.dataset.ready === 'true'"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as started:
        yield started


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("report")
    write_report(
        write_results(root / "results", write_dataset(root / "chains.jsonl")), root / "r.html"
    )
    return root / "r.html"


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on an evaluation of a few small cells by each kind of method."""
    root = tmp_path_factory.mktemp("evaluated")
    few = table(120)
    lines = []
    for cell, value in zip(few, labels(few).tolist(), strict=True):
        lines.append(json.dumps({**cell.to_dict(), "accuracy": value}))
    (root / "mine.jsonl").write_text("\n".join(lines))
    evaluate(
        str(root / "mine.jsonl"),
        methods=("none", "features", "trees", "blend-fast", "gp"),
        folder=root / "results",
        encoder=EncoderConfig(width=8, n_layers=1),
        fit=FitConfig(epochs=2),
        protocol=ProtocolConfig(ratio=0.4, n_validation=8, splits=(1, 2), seeds=(1,)),
        progress=False,
    )
    write_report(root / "results", root / "r.html")
    return root / "r.html"


def point_at(browser: Browser, figure: str, i: int) -> None:
    """Move the pointer to point `i` of a figure, from beside it."""
    x, y = browser.evaluate(f"""(() => {{
        const plot = document.getElementById("{figure}"), {{xaxis, yaxis}} = plot._fullLayout;
        plot.scrollIntoView({{block: "center"}});
        const box = plot.getBoundingClientRect();
        return [box.left + xaxis._offset + xaxis.d2p(plot.data[0].x[{i}]),
                box.top + yaxis._offset + yaxis.d2p(plot.data[0].y[{i}])];
    }})()""")
    browser.move_to(x - 25, y - 25)
    browser.move_to(x, y)


def drawn(browser: Browser, figure: str) -> tuple[list[str], int]:
    """Operations and number of edges of the cell that stands beside a figure."""
    host = f"document.getElementById('{figure}-cell')"
    ops = browser.evaluate(
        f"[...{host}.querySelectorAll('g.node title')].map(title => title.textContent)"
    )
    return ops, browser.evaluate(f"{host}.querySelectorAll('svg > g:not(.node)').length")


@pytest.mark.parametrize("width", [1280, 400])
def test_the_cell_under_the_pointer_is_drawn_and_nothing_fails(
    browser: Browser, report: Path, width: int
) -> None:
    browser.open(report, width, ready=READY)
    best, seventh = graph(11), graph(7)
    assert sorted(drawn(browser, "map")[0]) == sorted(best["ops"])  # before anything was pointed at
    point_at(browser, "map", 7)
    browser.wait_for(
        "document.getElementById('map-cell').textContent.startsWith('Row 7: rank 63.6 of 100, '"
        " + 'accuracy 8\\u00a0%; 6 nodes, 6 edges')"
    )
    ops, n_edges = drawn(browser, "map")
    assert sorted(ops) == sorted(seventh["ops"])
    assert n_edges == len(seventh["edges"])
    point_at(browser, "ranks", 5)  # test row 7
    browser.wait_for(
        "document.getElementById('ranks-cell').textContent.startsWith("
        "'Row 7: true rank 5, predicted rank 5; 6 nodes')"
    )
    assert drawn(browser, "ranks") == (ops, n_edges)
    # the page is as wide as its window, and so is what stands in it
    assert browser.evaluate("document.documentElement.scrollWidth") == width
    boxes = (
        "[...document.querySelectorAll('section, .plot, .scroll, .cell')].map(e =>"
        " e.getBoundingClientRect().right)"
    )
    assert max(browser.evaluate(boxes)) <= width
    assert (
        browser.evaluate(
            "Math.min(...[...document.querySelectorAll('td, th, p, small, text')].map("
            "e => parseFloat(getComputedStyle(e).fontSize)))"
        )
        >= 12
    )
    time.sleep(0.2)
    assert browser.console == []
    assert browser.requests == [report.as_uri()]


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 400])
def test_an_evaluation_of_methods_without_an_encoder_opens_without_a_word_on_the_console(
    browser: Browser, evaluated: Path, width: int
) -> None:
    browser.open(evaluated, width, ready=READY)
    headings = browser.evaluate("[...document.querySelectorAll('h2')].map(e => e.textContent)")
    assert {"Intervals", "Why"} <= set(headings)
    # the explained row's cell from the beginning, a labelled row's under the pointer
    beside = "document.getElementById('why0-effects-cell').textContent"
    assert browser.evaluate(beside).startswith("Row ")
    assert drawn(browser, "why0-effects")[0]
    point_at(browser, "why0-near", 2)
    browser.wait_for(
        "document.getElementById('why0-near-cell').textContent.includes(': labelled ')"
    )
    in_table = "[...document.querySelectorAll('#s0 th[scope=row]')].map(e => e.textContent)"
    assert browser.evaluate(in_table) == ["none", "features", "trees", "blend-fast", "gp"]
    # the page is as wide as its window: the tables scroll in their boxes
    assert browser.evaluate("document.documentElement.scrollWidth") == width
    time.sleep(0.2)
    assert browser.console == []
    assert browser.requests == [evaluated.as_uri()]


def test_names_that_are_markup_are_shown_and_not_run(browser: Browser, tmp_path: Path) -> None:
    path = write_hostile(tmp_path)
    browser.open(path, ready=READY)
    point_at(browser, "map", 7)
    browser.wait_for("document.getElementById('map-cell').textContent.startsWith('Row 7')")
    ops, _ = drawn(browser, "map")
    assert sorted(ops) == sorted(op + ATTACK for op in graph(7)["ops"])
    legend = browser.evaluate(
        "document.getElementById('fitting').querySelector('.legend').textContent"
    )
    assert "<img src=x onerror=window.hacked=1>" in legend
    assert browser.evaluate("document.images.length") == 0
    assert browser.evaluate("document.querySelectorAll('a[href^=javascript], svg a').length") == 0
    time.sleep(0.2)
    assert browser.evaluate("window.hacked === undefined")
    assert browser.console == []
    assert browser.requests == [path.as_uri()]


def test_scripts_that_are_not_the_reports_own_do_not_run(browser: Browser, tmp_path: Path) -> None:
    """Even where escaping failed: what the policy does, and that `console` can hold something."""
    altered = tmp_path / "altered.html"
    text = page("Altered", [], {}, [])
    altered.write_text(text.replace("<nav>", "<script>window.hacked = 1</script><nav>", 1))
    browser.open(altered, ready=READY)
    assert browser.evaluate("window.hacked === undefined")
    assert any("Content Security Policy" in line for line in browser.console)
