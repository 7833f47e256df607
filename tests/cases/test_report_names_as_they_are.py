"""A metric named `%{meta.unit}` lost its name on the map, one named `$x$` asked for TeX."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasflow.report.build import write_report
from report.chromium import NAMES, Browser, find_browser
from report.handmade import write_dataset, write_results

READY = "document.body.dataset.ready === 'true'"
METHODS = ("none", "%{meta.unit}", "<b>flow</b>", "a &lt; b", "$x$", "m" * 110)
METRIC = {
    "name": "%{meta.unit} <i>accuracy</i>",
    "description": "",
    "unit": "%",
    "maximise": True,
    "trained": True,
}

needs_browser = pytest.mark.skipif(
    find_browser() is None, reason=f"needs a browser: none of {', '.join(NAMES)} is here"
)


@needs_browser
@pytest.mark.parametrize("width", [1280, 400])
def test_every_name_is_shown_letter_by_letter(tmp_path: Path, width: int) -> None:
    data = write_dataset(tmp_path / "chains.jsonl")
    data.write_text(data.read_text().replace('"accuracy"', f'"{METRIC["name"]}"'))
    folder = write_results(tmp_path / "results", data, METHODS, metric=METRIC)
    write_report(folder, tmp_path / "r.html")
    with Browser() as browser:
        browser.open(tmp_path / "r.html", width, ready=READY)
        for figure in ("precision", "fitting", "pretraining"):
            legend = browser.evaluate(
                f"[...document.getElementById('{figure}').querySelectorAll('.legendtext')]"
                ".map(text => text.textContent)"
            )
            for method in METHODS[1:5]:
                assert method in legend, figure
        rows = browser.evaluate(
            "[...document.querySelector('table').querySelectorAll('tbody th')]"
            ".map(cell => cell.textContent)"
        )
        assert rows == list(METHODS)
        bar = browser.evaluate("document.querySelector('#map .cbtitle').textContent")
        assert bar == f"rank by {METRIC['name']} (100 = best)"
        assert browser.evaluate("document.documentElement.scrollWidth") == width
        assert browser.console == []
