"""The file itself: complete, small, and made of text wherever it comes from files."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
from plotly.offline import get_plotlyjs

from nasflow.cli import main
from nasflow.datasets import Dataset, Metric
from nasflow.experiments.records import RunRecord
from nasflow.report.build import write_report
from nasflow.report.page import page
from nasflow.report.section import Figure, Section, Table, plain
from nasflow.spaces.nb201 import NB201
from report.handmade import OPS, write_dataset, write_results
from report.reading import Report

ATTACK = (
    "</script><script>window.hacked=1</script><img src=x"
    " onerror=window.hacked=1>\u2028<!--'\"&amp;%{x}"
)
METHODS = ("none", f"flow+{ATTACK}", '<a href="javascript:window.hacked=1">gmae</a>')


def write_hostile(root: Path) -> Path:
    """A report on results whose every name is markup."""
    names = {op: op + ATTACK for op in OPS}
    data = write_dataset(root / "chains.jsonl", names)
    metric = {
        "name": "accuracy",
        "description": ATTACK,
        "unit": ATTACK,
        "maximise": True,
        "trained": True,
    }
    folder = write_results(
        root / "results",
        data,
        METHODS,
        metric=metric,
        command=ATTACK,
        date=ATTACK,
        machine={"processor": ATTACK, "cores": ATTACK},
        versions={ATTACK: ATTACK},
    )
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["dataset"]["name"] = ATTACK + "\ud800"  # half of a surrogate pair, which no UTF-8 has
    (folder / "manifest.json").write_text(json.dumps(manifest))
    write_report(folder, root / "hostile.html")
    return root / "hostile.html"


def test_names_from_files_are_text(tmp_path: Path) -> None:
    path = write_hostile(tmp_path)
    report = Report(path)
    names = [name for name, _ in report.tags]
    raw = path.read_text().partition('id="data">')[2].partition("</script>")[0]
    assert json.loads(raw) == report.data
    assert "<" not in raw  # neither </script> nor <!--, which begins a state of its own
    assert names.count("script") == 4  # the data, plotly.js, and two of the page's own
    assert "img" not in names
    assert {attributes["href"][:2] for name, attributes in report.tags if name == "a"} == {"#s"}
    assert not [key for _, attributes in report.tags for key in attributes if key.startswith("on")]
    assert report.text.count(ATTACK) >= 8  # letter by letter
    assert [row[0] for row in report.tables[0][1:]] == list(METHODS)
    assert report.cells()[7][0][1] == "pool" + ATTACK
    # what plotly.js would take as markup is escaped once more
    for figure in ("precision", "ranks", "pretraining", "fitting"):
        for trace in report.traces(figure):
            assert "<" not in trace["name"]
            assert "<" not in trace.get("legendgroup", "")
    assert plain("<b>&lt;") == "&lt;b&gt;&amp;lt;"


def test_no_script_but_its_own_may_run_and_nothing_is_fetched(tmp_path: Path) -> None:
    path = write_hostile(tmp_path)
    text = path.read_text()
    report = Report(path)
    (policy,) = [
        attributes["content"]
        for name, attributes in report.tags
        if name == "meta" and attributes.get("http-equiv")
    ]
    allowed = set(re.findall(r"'sha256-([^']+)'", policy or ""))
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert {
        base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts
    } == allowed
    assert len(allowed) == 3
    assert "default-src 'none'" in policy
    assert "script-src 'sha256" in policy
    assert not [
        a
        for _, a in report.tags
        for key in ("src", "href", "action", "data")
        if "//" in (a.get(key) or "")
    ]
    assert "@import" not in text[: text.index("</style>")]


def test_plotly_is_in_it_once(tmp_path: Path) -> None:
    folder = write_results(tmp_path / "r", write_dataset(tmp_path / "chains.jsonl"))
    write_report(folder, tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text()
    assert text.count(get_plotlyjs()[:2000]) == 1
    assert len(text) < len(get_plotlyjs()) + 60_000


def test_a_whole_space_stays_below_6_megabytes(tmp_path: Path) -> None:
    """All of NAS-Bench-201 with labels, six methods, 500 epochs."""
    table, rng = NB201().enumerate(), np.random.default_rng(0)
    data = tmp_path / "cells.npz"
    accuracy = {"accuracy": rng.normal(size=15625)}
    Dataset("cells", table, {"accuracy": Metric("accuracy", "made up")}, accuracy).save(data)
    methods = ("none", "flow", "gmae", "graphcl", "arch2vec", "flow+gmae")
    folder = write_results(tmp_path / "r", data, methods)
    for path in (folder / "predictions").iterdir():
        RunRecord(
            np.arange(7772, dtype=np.int32),
            *rng.normal(size=(2, 7772)).astype(np.float32),
            rng.uniform(size=501).astype(np.float32),
        ).save(folder, path.stem)
    write_report(folder, tmp_path / "r.html")
    assert (tmp_path / "r.html").stat().st_size < 6_000_000
    report = Report(tmp_path / "r.html")
    assert len(report.cells()) == len(report.traces("map")[0]["x"]) == 15625
    assert {len(trace["x"]) for trace in report.traces("ranks")} == {1666}  # 10,000 points together


def test_a_page_is_made_of_sections_from_anywhere(tmp_path: Path) -> None:
    sections = {
        "One & two": Section(
            "words", [Table([["a", "b"], ["1 < 2", "3\nbelow"]]), Figure("own", [], {})]
        )
    }
    (tmp_path / "p.html").write_text(
        page("A title", ["It is.", "So it is."], sections, ["made by hand"])
    )
    report = Report(tmp_path / "p.html")
    for words in ("A title", "It is. So it is.", "One & two", "words", "made by hand"):
        assert words in report.text
    assert report.tables == [[["a", "b"], ["1 < 2", "3below"]]]
    assert report.data == {"figures": {"own": {"data": [], "layout": {}}}, "cells": None}


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_results(tmp_path / "r", write_dataset(tmp_path / "chains.jsonl"))
    main(["report", str(folder), "--out", str(tmp_path / "r.html")])
    out = capsys.readouterr().out
    size = (tmp_path / "r.html").stat().st_size
    drawing = (
        f"{len(get_plotlyjs().encode()) / 1e6:.1f} MB of it plotly.js, which draws the figures"
    )
    weight = f"{size / 1e6:.1f} MB, {drawing}"
    assert out == f"{tmp_path / 'r.html'}: 4 runs, {weight}; open it in a browser\n"
    with pytest.raises(SystemExit) as stop:
        main(["report", str(tmp_path), "--out", str(tmp_path / "r.html")])
    assert stop.value.code == 2
    assert (
        "is no folder of results: it has no manifest.json; name a folder that"
        in capsys.readouterr().err
    )
    with pytest.raises(SystemExit):
        main(["report", str(folder), "--out", str(tmp_path)])
    assert "is a folder; name a file" in capsys.readouterr().err
