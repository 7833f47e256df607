"""A folder that `nasflow reproduce` wrote was refused: it had no manifest.json."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from nasflow.cli import main
from nasflow.errors import DataError, MissingDataError
from nasflow.report.build import write_report
from nasflow.report.kept_pages import KeptPages
from report.reading import Report

# what the repository keeps of the commands that its pages name
FOLDER = Path(__file__).parents[2] / "docs" / "results" / "reproduce"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The page `pooling` alone, to be changed."""
    folder = tmp_path / "reproduce"
    folder.mkdir()
    for name in ("runs.jsonl", "pooling-manifest.json", "pooling.csv", "pooling.md"):
        shutil.copy(FOLDER / name, folder)
    return folder


def rows_of_page(name: str, heading: str) -> list[list[str]]:
    """The first table below a heading of a page, as text."""
    lines = (FOLDER / f"{name}.md").read_text().partition(f"### {heading}\n")[2].splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("| method"))
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return [row for row in rows if row[0] != "---"]


def test_all_pages_are_shown_with_the_numbers_that_they_have(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["report", str(FOLDER), "--out", str(tmp_path / "r.html")])
    out = capsys.readouterr().out
    n_runs = 0
    for path in FOLDER.glob("*.csv"):
        n_runs += len(list(csv.DictReader(path.open())))
    assert out.startswith(f"{tmp_path / 'r.html'}: {n_runs} runs, 0.")
    assert "left out" not in out
    report = Report(tmp_path / "r.html")
    for page in sorted(path.name.removesuffix("-manifest.json") for path in FOLDER.glob("*.json")):
        assert page in report.text
    # without figures there is nothing that plotly.js would draw
    assert report.data["figures"] == {}
    assert (tmp_path / "r.html").stat().st_size < 1_000_000


def test_one_page_is_shown_with_curves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["report", str(FOLDER), "--page", "table1", "--out", str(tmp_path / "r.html")])
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"{tmp_path / 'r.html'}: 336 runs, ")
    # what nine parts lack for one reason is said once
    assert [line.split(" (")[0] for line in said[1:]] == [
        "left out: Precision at the top of all parts",
        "left out: Fine-tuning of all parts",
    ]
    report = Report(tmp_path / "r.html")
    assert "Table 1: performance prediction from 1 % of the labels" in report.text
    assert len(report.data["figures"]) == 3 * 9
    pages = KeptPages(FOLDER).read("table1").parts
    assert list(pages)[:2] == ["ResGatedGCN, nb101", "GIN, nb101"]
    # tables of results and of differences take turns, a pair for each part
    for number, (heading, part) in enumerate(
        [("ResGatedGCN, NAS-Bench-101", "ResGatedGCN, nb101"), ("GIN, NAS-Bench-101", "GIN, nb101")]
    ):
        table = report.tables[2 * number]
        of_page = rows_of_page("table1", heading)
        # the page has the paper's numbers in columns of their own, the report below ours
        ours = {row[0]: (row[1], row[3]) for row in of_page[1:]}
        there = {row[0]: (row[2].split("paper")[0], row[4].split("paper")[0]) for row in table[1:]}
        assert there == ours, part
    papers = {row[0]: row[2].partition("paper ")[2] for row in report.tables[0]}
    assert papers["FGP"] == rows_of_page("table1", "ResGatedGCN, NAS-Bench-101")[-2][2]


def test_one_part_of_a_page_is_shown_like_an_evaluation(tmp_path: Path) -> None:
    write_report(FOLDER, tmp_path / "r.html", "table1: GIN, nb201")
    report = Report(tmp_path / "r.html")
    assert "table1: GIN, nb201" in report.text
    assert "78 labels to train on" in report.text
    assert {"differences", "pretraining", "seconds"} <= set(report.data["figures"])


def test_names_that_are_not_there_are_refused_with_those_that_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, words in (
        ("tabel1", "unknown page of"),
        ("table1: GIN, nb202", "did you mean 'GIN, nb201'?"),
        ("speed: all", "the page speed has no part 'all', nor any other"),
    ):
        with pytest.raises(SystemExit) as stop:
            main(["report", str(FOLDER), "--page", name, "--out", str(tmp_path / "r.html")])
        assert stop.value.code == 2
        assert words in capsys.readouterr().err


def test_a_page_without_methods_says_so(tmp_path: Path) -> None:
    write_report(FOLDER, tmp_path / "r.html", "speed")
    assert "compares no methods over splits and seeds" in Report(tmp_path / "r.html").text


def test_a_folder_whose_pages_are_not_written_yet_says_when_they_are(copied: Path) -> None:
    (copied / "pooling-manifest.json").unlink()
    with pytest.raises(MissingDataError, match="a page is written when its runs are done"):
        write_report(copied, copied / "r.html", "pooling")
    with pytest.raises(MissingDataError, match="it has no manifest.json"):
        write_report(copied, copied / "r.html")


def test_a_damaged_page_is_named_and_leaves_the_others_alone(copied: Path) -> None:
    for name in ("manifest.json", "csv"):
        shutil.copy(copied / f"pooling{'-' if name[0] == 'm' else '.'}{name}", copied / "kept")
        path = copied / f"bad-{name}" if name[0] == "m" else copied / f"bad.{name}"
        shutil.copy(copied / "kept", path)
    (copied / "bad.csv").write_text((copied / "bad.csv").read_text()[:-30])
    said = write_report(copied, copied / "r.html")
    assert f"left out: bad ({copied / 'bad.csv'}: row 36 ends before " in said
    assert "36 runs" in said
    (copied / "bad-manifest.json").write_text("[")
    with pytest.raises(DataError, match="bad-manifest.json is no JSON"):
        write_report(copied, copied / "r.html", "bad")


def test_a_journal_that_was_cut_short_counts_what_is_missing(copied: Path) -> None:
    lines = (copied / "runs.jsonl").read_text().splitlines(keepends=True)
    keys = KeptPages(copied).read("pooling").manifest["runs"]
    last = list(keys)[-1]
    (copied / "runs.jsonl").write_text("".join(line for line in lines if last not in line))
    assert "35 of 36 runs" in write_report(copied, copied / "r.html")
    (copied / "runs.jsonl").write_text("")
    with pytest.raises(DataError, match="holds no run of the page pooling"):
        write_report(copied, copied / "r.html", "pooling")
