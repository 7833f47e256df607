from __future__ import annotations

import pytest

from nasflow.workers import Task, WorkerError, run_tasks
from worker_functions import add, die, die_once, fail


def collect(tasks: list[Task], n_workers: int) -> dict[str, object]:
    results: dict[str, object] = {}
    run_tasks(tasks, n_workers, lambda task, result: results.__setitem__(task.name, result))
    return results


@pytest.mark.parametrize("n_workers", [1, 2])
def test_every_task_runs_after_those_it_waits_for(n_workers: int) -> None:
    seen: list[str] = []
    tasks = [Task("c", add, (1, 2), after=("a", "b")), Task("a", add, (3, 4)), Task("b", add, (5, 6), after=("a",))]
    run_tasks(tasks, n_workers, lambda task, _: seen.append(task.name))
    assert seen == ["a", "b", "c"]
    assert collect(tasks, n_workers) == {"a": 7, "b": 11, "c": 3}


def test_a_killed_worker_takes_nothing_but_its_own_task_down_and_that_starts_again(tmp_path: object) -> None:
    tasks = [Task("victim", die_once, (f"{tmp_path}/flag", 9)), *(Task(f"t{i}", add, (i, 1)) for i in range(4))]
    assert collect(tasks, 2) == {"victim": 9, "t0": 1, "t1": 2, "t2": 3, "t3": 4}


def test_a_second_death_is_an_error_that_names_the_task() -> None:
    with pytest.raises(WorkerError, match="cursed: the worker died twice"):
        collect([Task("cursed", die, ())], 2)


@pytest.mark.parametrize("n_workers", [1, 2])
def test_an_exception_reaches_the_caller(n_workers: int) -> None:
    with pytest.raises(ZeroDivisionError, match="on purpose"):
        collect([Task("bad", fail, ()), Task("good", add, (1, 1))], n_workers)


def test_the_caller_may_take_a_second_death_and_the_rest_goes_on() -> None:
    results: dict[str, object] = {}
    run_tasks([Task("cursed", die, ()), Task("good", add, (1, 1)), Task("next", add, (2, 2), after=("cursed",))], 2,
              lambda task, result: results.__setitem__(task.name, result),
              lambda task, reason: results.__setitem__(task.name, reason))
    assert (results["good"], results["next"]) == (2, 4)
    assert "died twice" in str(results["cursed"])
