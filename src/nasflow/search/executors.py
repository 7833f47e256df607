"""`Executor`: where trainings run. Local worker processes today; a cluster is one more class with the same methods.

An executor starts trainings and says which have ended, well or not. Their results are in the study by then: a worker
here writes them itself. One on another machine would hand its outcome back, and `ended` tell the study.
"""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from pebble import ProcessExpired

from nasflow.search.training import Training, train_and_tell
from nasflow.workers import Task, Workers


class Executor(Protocol):
    """What `run` needs of a place to train in; used in a `with` block, whose end ends what still runs."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def start(self, training: Training) -> None:
        """Begin a training as soon as there is room."""

    def ended(self, seconds: float) -> list[int]:
        """Numbers of the trials whose trainings ended, once one has, or none after so many seconds."""

    def give_up(self, number: int) -> None:
        """Stop waiting for a training whose worker is gone."""


class LocalExecutor:
    """Worker processes on this machine.

    Args:
        n_workers: how many trainings run at once.
    """

    def __init__(self, n_workers: int) -> None:
        self._workers = Workers(n_workers)

    def __enter__(self) -> Self:
        self._workers.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
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
            if error is not None and not isinstance(error, ProcessExpired):
                raise error
            numbers.append(int(task.name))
        return numbers

    def give_up(self, number: int) -> None:
        """Stop waiting for a training whose worker is gone."""
        self._workers.forget(str(number))
