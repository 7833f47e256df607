"""The console of a report had four lines "Invalid color specifier"."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from nasflow.report.build import write_report
from report.chromium import NAMES, Browser, find_browser
from report.handmade import write_dataset, write_results

REPRODUCED = Path(__file__).parents[2] / "docs" / "results" / "reproduce"
READY = "document.body.dataset.ready === 'true'"


@pytest.mark.skipif(
    find_browser() is None, reason=f"needs a browser: none of {', '.join(NAMES)} is here"
)
@pytest.mark.parametrize("results", ["of an evaluation", "of all pages", "of a page"])
def test_nothing_is_written_there(tmp_path: Path, results: str) -> None:
    path = tmp_path / "r.html"
    if results == "of an evaluation":
        data = write_dataset(tmp_path / "chains.jsonl")
        methods = ("none", "flow", "flow+gmae", "gmae", "gp")
        write_report(write_results(tmp_path / "results", data, methods), path)
    elif results == "of all pages":
        write_report(REPRODUCED, path)
    else:
        write_report(REPRODUCED, path, "pooling")
    with Browser() as browser:
        for width in (1280, 400):
            browser.open(path, width, ready=READY)
            # a window that changes its size draws all figures anew
            browser.call(
                "Emulation.setDeviceMetricsOverride",
                width=width - 40,
                height=700,
                deviceScaleFactor=1,
                mobile=False,
            )
            time.sleep(0.3)
            assert browser.console == []
