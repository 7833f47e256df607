"""A space used up, or constraints that nothing meets, ended a search without a word."""

from __future__ import annotations

from pathlib import Path

from nasflow.graphs.architecture import Architecture
from nasflow.search import Constraint, Known, Problem, Study
from nasflow.search.exhaustion import explain_exhaustion
from nasflow.spaces.custom import CustomSpace
from nasflow.spaces.nb201 import NB201
from search_spaces import CHAIN, OPEN

LARGE = CustomSpace({"ops": ["a", "b"], "max_nodes": 9})


def n_of_b(architecture: Architecture) -> float:
    return float(architecture.ops.count("b"))


def n_nodes(architecture: Architecture) -> float:
    return float(architecture.n_nodes - 2)


KNOWN = Known(functions={"b": n_of_b, "nodes": n_nodes})


def limited(space: CustomSpace, *conditions: str) -> Problem:
    constraints = tuple(Constraint.parse(text) for text in conditions)
    return Problem(space, constraints=constraints, known=KNOWN)


def spend(study: Study, n: int = 1000) -> None:
    for trial in study.ask(n):
        study.tell(trial.architecture, 1.0)


def test_a_space_that_is_used_up_says_how_many_elements_it_had(tmp_path: Path) -> None:
    study = Study(tmp_path / "a", Problem(CHAIN), "random")
    spend(study, 80)
    assert explain_exhaustion(study) == ""
    (last,) = study.ask(2)
    assert explain_exhaustion(study) == "the space has 81 elements, all tried (1 under way)"
    study.tell_failed(last.architecture, "no memory")
    assert explain_exhaustion(study) == "the space has 81 elements, all tried (1 failed)"
    study.forget(last)
    assert explain_exhaustion(study) == ""


def test_constraints_say_how_many_they_refuse(tmp_path: Path) -> None:
    study = Study(tmp_path / "a", limited(CHAIN, "b <= 1", "b > 0"), "random")
    spend(study)
    assert explain_exhaustion(study) == (
        "the space has 81 elements, of which 32 may be proposed ('b <= 1' rejects 33 of 81, "
        "'b > 0' rejects 16 of 81), all trained"
    )


def test_constraints_that_nothing_meets_are_named(tmp_path: Path) -> None:
    small = Study(tmp_path / "a", limited(CHAIN, "b > 4", "b >= 0"), "random")
    large = Study(tmp_path / "b", limited(LARGE, "b < 0"), "random")
    assert small.ask(3) == large.ask(3) == []
    assert explain_exhaustion(small) == (
        "no element of the space can be proposed: 'b > 4' rejects 81 of 81"
    )
    assert explain_exhaustion(large) == (
        "no sample of the space can be proposed: 'b < 0' rejects 1,000 of 1,000"
    )


def test_a_space_that_is_too_large_to_list_may_be_used_up_under_a_constraint(
    tmp_path: Path,
) -> None:
    study = Study(tmp_path / "a", Problem(LARGE), "random")
    spend(study, 5)
    assert explain_exhaustion(study) == ""
    # of up to nine nodes those of one: used up by its four elements, with a skip or not
    study = Study(tmp_path / "b", limited(LARGE, "nodes < 2"), "random")
    spend(study, 4)
    assert explain_exhaustion(study).startswith("the space is used up: of 1,000 samples every one")


def test_what_the_conditions_leave_is_what_counts(tmp_path: Path) -> None:
    study = Study(tmp_path / "a", Problem(NB201()), "random")
    assert explain_exhaustion(study) == ""
    study = Study(tmp_path / "b", limited(OPEN, "nodes < 2"), "random")
    spend(study)
    assert "of which 4 may be proposed" in explain_exhaustion(study)
