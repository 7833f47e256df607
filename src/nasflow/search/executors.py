"""`Executor`: where trainings run, on this machine or on a Ray cluster.

An executor starts trainings and says which have ended, well or not. Their results are in the study
by then. A worker here writes them itself, so they outlive the search. One on a cluster cannot reach
the study's file: it hands its outcome back and `ended` tells the study; with the search its
trainings end, and begin once more when it goes on.
"""

from __future__ import annotations

import os
import time
from types import TracebackType
from typing import Protocol, Self

from pebble import ProcessExpired

from nasflow.running.ray_workers import RayWorkers
from nasflow.running.workers import LocalWorkers, Task
from nasflow.search.signals import start_resource_tracker
from nasflow.search.study import Study
from nasflow.search.training import Training, outcome_in, train_and_tell


class Executor(Protocol):
    """What `run` needs of a place to train in; the end of its `with` block ends what still runs.

    Attributes:
        n_workers: how many trainings can run at once.
    """

    n_workers: int

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def start(self, training: Training) -> None:
        """Begin a training as soon as there is room."""

    def ended(self, seconds: float) -> list[int]:
        """Numbers of the trials whose trainings ended, once one has; none after so many seconds."""

    def give_up(self, number: int) -> None:
        """Stop waiting for a training that the study needs no more, or whose worker is gone."""


class LocalExecutor:
    """Worker processes on this machine.

    Args:
        n_workers: how many trainings run at once.
    """

    def __init__(self, n_workers: int) -> None:
        self.n_workers = n_workers
        start_resource_tracker()
        self._workers = LocalWorkers(n_workers)

    def __enter__(self) -> Self:
        self._workers.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._workers.__exit__(kind, error, trace)

    def start(self, training: Training) -> None:
        """Hand the training to the next free worker."""
        self._workers.start(Task(str(training.number), train_and_tell, (training,)))

    def ended(self, seconds: float) -> list[int]:
        """Numbers of the trials whose workers are done with them, or died on them.

        Raises:
            Exception: what a worker raised outside the user's code, such as a full disk.
        """
        numbers = []
        for task, future in self._workers.finished(seconds):
            error = future.exception()
            # a worker that died is the training's affair: the study's file shows what it left
            if error is not None and not isinstance(error, ProcessExpired):
                raise error
            numbers.append(int(task.name))
        return numbers

    def give_up(self, number: int) -> None:
        """Stop waiting for a training whose worker is gone."""
        self._workers.forget(str(number))


class RayExecutor:
    """The machines of a Ray cluster, which need no access to the study's file.

    Commands and files by their names are looked for in this process's working directory, which must
    be the same folder on all machines; one that lacks it ends the search, not the trial. A training
    takes one processor.

    Args:
        address: as in `nasflow.running.ray_workers.RayWorkers`.
        n_workers: processors of a new local cluster.
        study: what is told the results.
    """

    def __init__(self, address: str, n_workers: int, study: Study) -> None:
        self._study = study
        self._workers = RayWorkers(address, n_workers)
        # no more than the cluster has, so that none waits for a processor once it counts as begun
        self.n_workers = self._workers.n_workers

    def __enter__(self) -> Self:
        self._workers.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # what ended meanwhile is told, and so not trained again
        self._tell(0)
        unfinished = [int(task.name) for task in self._workers.running]
        self._workers.__exit__(kind, error, trace)
        # given back once they are stopped: before, another process might begin them too
        for number in unfinished:
            self._study.give_back(number, uncount=True)

    def start(self, training: Training) -> None:
        """Hand the training to the cluster; it counts as begun."""
        # not if the trial became another process's since it was asked for
        if self._study.begin(training.number):
            self._workers.start(Task(str(training.number), outcome_in, (training, os.getcwd())))

    def ended(self, seconds: float) -> list[int]:
        """Numbers of the trials whose outcome the study was told, or that died on their machine.

        Raises:
            Exception: what a worker raised outside the user's code, such as a module that it does
            not have.
        """
        if not self._workers.running:
            time.sleep(seconds)  # all were others' trials by then; `finished` would not wait
        numbers, errors = self._tell(seconds)
        # only now: what ended together with the error was told first
        if errors:
            raise errors[0]
        return numbers

    def _tell(self, seconds: float) -> tuple[list[int], list[BaseException]]:
        """Tell the study what came of trainings; returns their numbers, and errors of machines."""
        numbers: list[int] = []
        errors: list[BaseException] = []
        for task, future in self._workers.finished(seconds):
            number = int(task.name)
            numbers.append(number)
            error = future.exception()
            if error is None:
                value, reason = future.result()
                self._study.end(number, value, reason)
            elif isinstance(error, self._workers.deaths):
                # out of memory, perhaps by its own doing: this beginning counts
                self._study.cut_off(number)
            else:
                # the machine cannot train, whatever the architecture
                self._study.give_back(number, uncount=True)
                errors.append(error)
        return numbers, errors

    def give_up(self, number: int) -> None:
        """Stop a training that the study needs no more."""
        self._workers.forget(str(number))
