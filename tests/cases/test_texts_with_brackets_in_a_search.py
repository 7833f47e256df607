"""A search died at a reason `[/x]`, and dropped `[width=16]` from the names of operations."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from nasflow.graphs.architecture import Architecture
from nasflow.search import Problem, Study, run
from nasflow.search.report import final_table
from nasflow.search.results import results_of
from nasflow.search.strategies.registry import SearchConfig
from nasflow.search.view import View
from nasflow.spaces.custom import CustomSpace

SPACE = CustomSpace({"ops": ["conv", "pool"], "n_nodes": 2, "edges": "chain"})
BRACKETS = CustomSpace({"ops": ["b[/x]", "[bold]"], "n_nodes": 1, "edges": "chain"})


def no_file(architecture: Architecture) -> float:
    raise ValueError("no file [/data/x]")


def no_text(architecture: Architecture) -> float:
    raise ValueError("no file \udc80 \x1b[31m")


def rendered(study: Study, width: int = 200) -> str:
    """The live table, as a terminal of some columns shows it."""
    out = io.StringIO()
    table = View(study.problem, 3, 1).table(study.trials())
    Console(file=out, width=width, force_terminal=False).print(table)
    return out.getvalue()


def new_study(path: Path, space: CustomSpace = SPACE) -> Study:
    return Study(path, Problem(space), SearchConfig(strategy="random"))


def test_a_reason_with_brackets_is_shown_as_it_is(tmp_path: Path) -> None:
    study = new_study(tmp_path / "study.db")
    run(study, f"{__file__}:no_file", 1)
    assert "no file [/data/x]" in rendered(study)


def test_operations_with_brackets_are_shown_whole(tmp_path: Path) -> None:
    study = new_study(tmp_path / "study.db", BRACKETS)
    for trial in study.ask(2):
        study.tell(trial.architecture, 0.5)
    shown = rendered(study)
    assert "b[/x]" in shown
    assert "[bold]" in shown


def test_what_is_no_text_and_control_characters_are_kept_and_written_out(tmp_path: Path) -> None:
    study = new_study(tmp_path / "study.db")
    run(study, f"{__file__}:no_text", 1)
    for shown in (rendered(study), final_table(results_of(study))):
        shown.encode()
        assert "no file \\udc80" in shown
        assert "\x1b" not in shown
