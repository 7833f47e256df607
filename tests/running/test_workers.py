from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from nasflow.cli import main
from nasflow.errors import MissingExtraError
from nasflow.running.journal import Journal
from nasflow.running.tasks import run_tasks
from nasflow.running.workers import Task, WorkerError
from tiny_space import use
from worker_functions import add, die, die_once, fail


def collect(tasks: list[Task], n_workers: int) -> dict[str, object]:
    results: dict[str, object] = {}
    run_tasks(tasks, n_workers, lambda task, result: results.__setitem__(task.name, result))
    return results


@pytest.mark.parametrize("n_workers", [1, 2])
def test_every_task_runs_after_those_it_waits_for(n_workers: int) -> None:
    seen: list[str] = []
    tasks = [
        Task("c", add, (1, 2), after=("a", "b")),
        Task("a", add, (3, 4)),
        Task("b", add, (5, 6), after=("a",)),
    ]
    run_tasks(tasks, n_workers, lambda task, _: seen.append(task.name))
    assert seen == ["a", "b", "c"]
    assert collect(tasks, n_workers) == {"a": 7, "b": 11, "c": 3}


def test_a_killed_worker_takes_nothing_but_its_own_task_down_and_that_starts_again(
    tmp_path: object,
) -> None:
    tasks = [
        Task("victim", die_once, (f"{tmp_path}/flag", 9)),
        *(Task(f"t{i}", add, (i, 1)) for i in range(4)),
    ]
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
    run_tasks(
        [
            Task("cursed", die, ()),
            Task("good", add, (1, 1)),
            Task("next", add, (2, 2), after=("cursed",)),
        ],
        2,
        lambda task, result: results.__setitem__(task.name, result),
        lambda task, reason: results.__setitem__(task.name, reason),
    )
    assert (results["good"], results["next"]) == (2, 4)
    assert "died twice" in str(results["cursed"])


def test_without_ray_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"nasflow\[ray\]"):
        run_tasks([Task("a", add, (1, 2))], 1, print, ray="local")


@pytest.mark.slow
def test_a_ray_cluster_keeps_the_rules_of_local_processes(
    tmp_path: Path, local_ray: ModuleType
) -> None:
    """On a cluster of this machine: order, one restart, a death that names the task, exceptions."""
    local_ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        seen: list[str] = []
        results: dict[str, object] = {}
        tasks = [
            Task("c", add, (1, 2), after=("a", "b")),
            Task("a", add, (3, 4)),
            Task("b", add, (5, 6), after=("a",)),
            Task("victim", die_once, (f"{tmp_path}/flag", 9)),
        ]
        run_tasks(
            tasks,
            1,
            lambda task, result: (seen.append(task.name), results.__setitem__(task.name, result)),
            ray="auto",
        )
        assert [name for name in seen if name != "victim"] == ["a", "b", "c"]
        assert results == {"a": 7, "b": 11, "c": 3, "victim": 9}
        with pytest.raises(WorkerError, match="cursed: the worker died twice; out of memory"):
            run_tasks([Task("cursed", die, ())], 1, print, ray="auto")
        with pytest.raises(ZeroDivisionError, match="on purpose"):
            run_tasks(
                [Task("bad", fail, ()), Task("good", add, (1, 1))], 1, lambda *_: None, ray="auto"
            )
        # a cluster that was there before is left running
        assert local_ray.is_initialized()
    finally:
        local_ray.shutdown()


@pytest.mark.slow
@pytest.mark.usefixtures("local_ray")
def test_a_grid_gives_the_same_on_a_ray_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = use(monkeypatch, tmp_path)
    words = [
        "--methods",
        "none,flow",
        "--metric",
        "cifar10_test",
        "--ratio",
        "0.2",
        "--splits",
        "[1,2]",
        "--seeds",
        "[1]",
        "--encoder.width",
        "8",
        "--pretrain.epochs",
        "1",
        "--fit.epochs",
        "2",
        "--jobs",
        "2",
    ]
    tables = []
    for name, more in (("local", []), ("ray", ["--ray", "local"])):
        main(["evaluate", str(path), *words, *more, "--out", str(tmp_path / name)])
        entries = Journal(tmp_path / name / "runs.jsonl").entries().values()
        tables.append({e["key"]: e["tau"] for e in entries if e["kind"] == "run"})
    assert tables[0] == tables[1]
    assert len(tables[0]) == 6
