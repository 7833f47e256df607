"""A page and what it writes; the options that all reproductions share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nasflow.cli import main
from nasflow.errors import ConfigError, UnknownNameError
from nasflow.experiments.manifest import machine
from nasflow_paper.reproductions.base import Page, PageTable, Picture, ReproduceOptions
from nasflow_paper.reproductions.registry import (
    load_reproduction,
    reproduction_names,
    reproduction_summaries,
)

ENTRIES = [{"key": "a", "kind": "run", "method": "none", "tau": 0.5}]


def draw(path: Path) -> None:
    path.write_bytes(b"a picture")


def page(**changes: Any) -> Page:
    return Page(
        **{
            "title": "Rounds",
            "done": "Measured.",
            "entries": ENTRIES,
            "manifest": {"spaces": {"nb201": 1}},
            "blocks": [
                "## A part",
                PageTable([["a", "b"], ["1", "2"]]),
                Picture("map", "points", draw),
            ],
            **changes,
        }
    )


def test_a_page_stands_beside_its_pictures_runs_and_manifest(tmp_path: Path) -> None:
    options = ReproduceOptions(tmp_path, quick=True, splits=(21, 2021), spaces=("nb201", "nb101"))
    path = page().write("rounds", options)
    command = (
        f"nasflow reproduce rounds --quick --splits [21,2021] --spaces nb201,nb101 --out {tmp_path}"
    )
    text = path.read_text()
    assert text.startswith(
        "# Rounds\n\nMeasured.\n\n## A part\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n"
        f"![points](rounds-map.png)\n\nCommand: `{command}`\n"
    )
    assert (tmp_path / "rounds-map.png").read_bytes() == b"a picture"
    assert (tmp_path / "rounds.csv").read_text() == "method,tau\nnone,0.5\n"
    manifest = json.loads((tmp_path / "rounds-manifest.json").read_text())
    assert (manifest["command"], manifest["spaces"]) == (command, {"nb201": 1})
    assert f"Date: {manifest['date'][:10]}." in text
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "rounds-manifest.json",
        "rounds-map.png",
        "rounds.csv",
        "rounds.md",
    ]


def test_a_page_names_the_machines_that_its_runs_were_made_on(tmp_path: Path) -> None:
    entries = [*ENTRIES, *({**ENTRIES[0], "processor": name} for name in ("A-1", "B 2", "A-1"))]
    options = ReproduceOptions(tmp_path)
    assert (
        "Machine: one that was not kept, A-1, B 2, one core a run."
        in page(entries=entries).write("rounds", options).read_text()
    )
    assert (
        f"Machine: {machine()['processor']}, " in page(entries=()).write("map", options).read_text()
    )


def test_a_page_whose_picture_fails_is_not_written(tmp_path: Path) -> None:
    def fail(_: Path) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        page(blocks=[Picture("map", "points", fail)]).write("rounds", ReproduceOptions(tmp_path))
    assert not list(tmp_path.iterdir())


def test_spaces_are_chosen_among_those_there_are() -> None:
    assert ReproduceOptions(Path()).choose(("nb101", "nb201")) == ("nb101", "nb201")
    assert ReproduceOptions(Path(), spaces=("nb201",)).choose(("nb101", "nb201")) == ("nb201",)
    with pytest.raises(ConfigError, match="--spaces names nb301; legal here: nb101, nb201"):
        ReproduceOptions(Path(), spaces=("nb201", "nb301")).choose(("nb101", "nb201"))


@pytest.mark.parametrize("name", reproduction_names())
def test_every_registered_reproduction_is_there_and_says_what_it_is(name: str) -> None:
    reproduction = load_reproduction(name)
    assert callable(reproduction.run)
    assert 20 < len(reproduction.summary) < 120


def test_a_misspelt_name_is_refused_and_the_nearest_named() -> None:
    with pytest.raises(
        UnknownNameError,
        match=r"unknown reproduction 'surogate-map' \(did you mean 'surrogate-map'",
    ):
        load_reproduction("surogate-map")


def test_the_command_lists_the_names_with_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    main(["reproduce", "list"])
    listed = capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["reproduce", "--help"])
    helped = capsys.readouterr().out
    for name, summary in reproduction_summaries().items():
        line = next(line for line in listed.splitlines() if line.startswith(f"{name} "))
        assert summary in line
        assert line.replace(name, f"  {name}", 1) in helped
