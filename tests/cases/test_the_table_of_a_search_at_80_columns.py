"""At 80 columns the column `measured` had no width, and the best trial scrolled away."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from nasflow.search import Problem, Study
from nasflow.search.report import final_table
from nasflow.search.results import results_of
from nasflow.search.strategies.registry import SearchConfig
from nasflow.search.view import View
from nasflow.spaces.custom import CustomSpace

CHAIN = {"ops": ["conv5", "pool", "skip"], "n_nodes": 6, "edges": "chain"}
LIST = {"ops": ["conv5", "pool"], "n_nodes": 2, "edges": [[0, 1], [0, 2], [1, 3], [2, 3]]}


def study_of(path: Path, space: dict[str, object], n: int) -> Study:
    """A study of some results, the first the best, with the second failed."""
    study = Study(
        path / "study.db", Problem(CustomSpace(space)), SearchConfig(strategy="random", n_initial=n)
    )
    for trial in study.ask(n):
        if trial.number == 1:
            study.tell_failed(trial.architecture, "raised ValueError: too large (train.py, line 3)")
        else:
            study.tell(trial.architecture, 93.21875 - trial.number)
    return study


def lines(study: Study, width: int = 80) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width).print(View(study.problem, 30, 1).table(study.trials()))
    return out.getvalue().splitlines()


def test_numbers_are_whole_and_the_architecture_gives_way(tmp_path: Path) -> None:
    shown = lines(study_of(tmp_path, CHAIN, 4))
    assert all(len(line) <= 80 for line in shown)
    header = shown[1].split()
    assert header[:3] == ["trial", "measured", "predicted"]
    assert "93.2188" in "\n".join(shown)
    assert "raised Value" in "\n".join(shown)
    assert " > " in shown[2]


def test_the_best_comes_first_however_many_follow(tmp_path: Path) -> None:
    shown = lines(study_of(tmp_path, CHAIN, 20))
    assert shown[2].split()[:2] == ["0", "93.2188"]
    assert shown[-1].split()[0] == "19"


def test_a_chain_is_written_as_one(tmp_path: Path) -> None:
    study = study_of(tmp_path, {**CHAIN, "n_nodes": 2}, 3)
    best = study.best().architecture
    assert " > ".join(best.ops[1:-1]) in final_table(results_of(study))
    assert '{"ops"' not in final_table(results_of(study))


def test_edges_are_shown_where_they_differ(tmp_path: Path) -> None:
    fixed = study_of(tmp_path, {**LIST, "fixed_edges": True}, 3)
    assert "0>1" not in final_table(results_of(fixed))
    free = study_of(tmp_path / "free", {"ops": ["conv5", "pool"], "n_nodes": 3}, 20)
    assert "0>1" in final_table(results_of(free))


def test_names_with_features_stay_apart(tmp_path: Path) -> None:
    space = {"ops": ["conv5[width=16]", "conv5[width=8]"], "n_nodes": 1, "edges": "chain"}
    table = final_table(results_of(study_of(tmp_path, space, 1)))
    assert "conv5/16" in table or "conv5/8" in table
