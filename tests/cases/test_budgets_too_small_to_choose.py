"""Evolution with a budget of 30 was random search: its first population took all of it."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from nasflow.search import Problem, SearchConfig, Study
from nasflow.search.study_file import StudyWarning
from search_spaces import CHAIN


def test_evolution_says_that_its_population_takes_the_whole_budget(tmp_path: Path) -> None:
    study = Study(tmp_path / "a", Problem(CHAIN), "evolution")
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always", StudyWarning)
        for _ in range(3):
            study.ask(limit=30)
    assert [str(warning.message) for warning in shown] == [
        "all 30 trainings are drawn at random: evolution chooses after 30; a smaller population (a"
        " third of the budget, say) lets it choose sooner"
    ]


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        (
            SearchConfig("evolution", n_initial=40),
            "evolution chooses after 40; a smaller n_initial",
        ),
        (
            SearchConfig("gp-onehot", n_initial=20),
            "gp-onehot chooses after 20; a smaller n_initial",
        ),
        (SearchConfig("local-search"), "local-search chooses after 10"),
    ],
)
def test_so_does_any_strategy(tmp_path: Path, strategy: SearchConfig, words: str) -> None:
    with pytest.warns(StudyWarning, match=words):
        Study(tmp_path / "a", Problem(CHAIN), strategy).ask(limit=10)


def test_nothing_is_said_where_something_is_chosen_or_random_was_asked_for(
    tmp_path: Path,
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Study(tmp_path / "a", Problem(CHAIN), "evolution").ask(limit=31)
        Study(tmp_path / "b", Problem(CHAIN), "random").ask(limit=2)
        Study(tmp_path / "c", Problem(CHAIN), "evolution").ask(limit=1)
        study = Study(tmp_path / "d", Problem(CHAIN), SearchConfig("evolution", population=5))
        # results that were brought along are parents as well
        study.tell(CHAIN.enumerate()[0], 1.0)
        study.ask(limit=5)
