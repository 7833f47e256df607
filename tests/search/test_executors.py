"""Trainings on a Ray cluster: on a stand-in, and with NASFLOW_FULL on a real one on one machine."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self

import pytest

import search_trainers
from nasflow.cli import main
from nasflow.errors import ConfigError
from nasflow.running.workers import Task
from nasflow.search import Problem, Study, executors, run
from nasflow.search.executors import RayExecutor
from nasflow.search.store import Store
from nasflow.search.strategies.registry import SearchConfig
from nasflow.search.training import Train, Training, outcome_in
from nasflow.search.trial import Trial
from nasflow.spaces.nb201 import NB201

SPACE = NB201()


class DiedError(Exception):
    """What a machine that dies raises in the stand-in."""


class Cluster:
    """The methods of `RayWorkers`; every task is done when it is asked for, in this process."""

    deaths = (DiedError,)

    def __init__(self, address: str, n_workers: int) -> None:
        self.n_workers = n_workers
        self.running: list[Task] = []
        self.dying: dict[str, int] = {}
        self.forgotten: list[str] = []
        self.open = False

    def __enter__(self) -> Self:
        self.open = True
        return self

    def __exit__(self, *_: object) -> None:
        self.open = False

    def start(self, task: Task) -> None:
        assert self.open
        self.running.append(task)

    def finished(self, seconds: float | None = None) -> list[tuple[Task, Future[Any]]]:
        if not self.running:
            return []
        tasks, self.running = self.running, []
        return [(task, self._done(task)) for task in tasks]

    def _done(self, task: Task) -> Future[Any]:
        future = Future[Any]()
        if self.dying.get(task.name, 0):
            self.dying[task.name] -= 1
            future.set_exception(DiedError())
        else:
            try:
                future.set_result(task.function(*task.arguments))
            except ConfigError as error:
                future.set_exception(error)
        return future

    def forget(self, name: str) -> None:
        self.forgotten.append(name)
        self.running = [task for task in self.running if task.name != name]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(
        tmp_path / "study.db",
        Problem(SPACE),
        SearchConfig(strategy="random", n_initial=4),
        window=2,
    )


@pytest.fixture
def executor(study: Study, monkeypatch: pytest.MonkeyPatch) -> RayExecutor:
    monkeypatch.setattr(executors, "RayWorkers", Cluster)
    return RayExecutor("local", 2, study)


def cluster(executor: RayExecutor) -> Cluster:
    """The stand-in that an executor works with."""
    workers: Any = executor._workers
    return workers


def outcomes(trials: Sequence[Trial]) -> list[tuple[str, str, float | None, int]]:
    """What became of trials, times and owners apart."""
    return [(trial.canonical_id, trial.state, trial.value, trial.starts) for trial in trials]


def test_a_search_on_a_cluster_ends_as_one_on_this_machine(
    study: Study, executor: RayExecutor, tmp_path: Path
) -> None:
    run(study, search_trainers.worth, 6, parallel=2, executor=executor)
    here = Study(tmp_path / "here.db", Problem(SPACE), study.config, window=2)
    run(here, search_trainers.worth, 6, parallel=2)
    assert outcomes(study.trials()) == outcomes(here.trials())
    assert not cluster(executor).open


def test_odd_results_are_failures_with_reasons(study: Study, executor: RayExecutor) -> None:
    run(study, search_trainers.odd, 8, limit=0.5, executor=executor)
    assert all(t.finished and t.starts == 1 for t in study.trials())
    assert {t.state for t in study.trials()} == {"done", "failed"}
    assert all(t.reason for t in study.trials() if t.state == "failed")


def test_a_machine_that_dies_costs_a_beginning_and_a_second_one_the_trial(
    study: Study, executor: RayExecutor
) -> None:
    cluster(executor).dying = {"0": 1, "1": 2}
    run(study, search_trainers.worth, 3, executor=executor)
    states = [(trial.state, trial.starts) for trial in study.trials()]
    assert states == [("done", 2), ("failed", 2), ("done", 1)]
    assert "cut off 2 times" in str(study.trials()[1].reason)


def test_what_is_stopped_in_an_orderly_way_is_as_if_never_begun(
    study: Study, executor: RayExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    study.ask(begin=False)
    monkeypatch.setattr(Cluster, "finished", lambda self, seconds: [])  # nothing ends
    with contextlib.suppress(KeyboardInterrupt), executor:
        executor.start(_training(study, 0))
        assert [t.starts for t in study.trials()] == [1]
        raise KeyboardInterrupt
    assert [(t.state, t.starts) for t in study.trials()] == [("planned", 0)]


def test_what_had_ended_when_the_search_is_stopped_is_told(
    study: Study, executor: RayExecutor
) -> None:
    study.ask(begin=False)
    with contextlib.suppress(KeyboardInterrupt), executor:
        executor.start(_training(study, 0))
        raise KeyboardInterrupt
    assert [(t.state, t.starts) for t in study.trials()] == [("done", 1)]


def test_a_machine_that_cannot_train_ends_the_search_and_no_trial(
    study: Study, executor: RayExecutor
) -> None:
    """Of two that end together, one where the script is missing and one with a result."""
    study.ask(2, begin=False)
    with executor:
        executor.start(_training(study, 0, "nosuch.py:worth"))
        executor.start(_training(study, 1))
        with pytest.raises(ConfigError, match="cannot train: nosuch.py:worth cannot be imported"):
            executor.ended(1.0)
    assert [(t.state, t.starts) for t in study.trials()] == [("planned", 0), ("done", 1)]
    with pytest.raises(ConfigError, match="cannot train.*nosuchfolder"):
        outcome_in(_training(study, 0), "/nosuchfolder")


def test_a_trial_that_another_process_has_is_not_begun(study: Study, executor: RayExecutor) -> None:
    study.ask(begin=False)
    training = _training(study, 0)
    study.give_back()
    with executor:
        executor.start(training)
        assert executor.ended(0.01) == []
    assert [(t.state, t.starts) for t in study.trials()] == [("planned", 0)]


def test_a_training_whose_result_was_told_meanwhile_is_stopped(
    study: Study, executor: RayExecutor
) -> None:
    (trial,) = study.ask(begin=False)
    with executor:
        executor.start(_training(study, trial.number))
        study.tell(trial.architecture, 3.0)
        executor.give_up(trial.number)
    assert cluster(executor).forgotten == ["0"]
    assert [(t.state, t.value) for t in study.trials()] == [("done", 3.0)]


def _training(study: Study, number: int, train: Train = search_trainers.worth) -> Training:
    """What an executor is handed for a trial of the study."""
    architecture = study.trials()[number].architecture
    return Training(
        str(study.store.path),
        number,
        architecture,
        SPACE.format(architecture),
        train,
        9.0,
        study.me,
    )


@pytest.mark.slow
@pytest.mark.usefixtures("local_ray")
def test_the_command_trains_on_a_ray_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    trainer = Path(search_trainers.__file__)

    def search(train: str, name: str, more: str) -> list[Trial]:
        path = tmp_path / f"{name}.db"
        words = ["search", "nb201", "--strategy", "random", *more.split()]
        main([*words, "--train", f"{trainer}:{train}", "--study", str(path)])
        return Store(path).trials()

    # with a window it does not matter which training ends first
    budget = "--limit 1 --budget 8 --parallel 2 --window 2"
    here = search("odd", "local", budget)
    there = search("odd", "ray", f"{budget} --ray local")
    assert outcomes(here) == outcomes(there)
    assert {trial.state for trial in here} == {"done", "failed"}
    monkeypatch.setenv("TRAINING_LOG", str(tmp_path))
    trials = search("dies_once", "dies", "--budget 2 --ray local")
    assert [(trial.state, trial.starts) for trial in trials] == [("done", 2), ("done", 1)]
