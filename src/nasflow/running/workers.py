"""`Workers`, who take tasks one by one, and `LocalWorkers`, the processes of this machine.

A worker that is killed (out of memory, a signal) takes only its own task down: its future raises
one of `deaths`. `nasflow.running.ray_workers` has the workers of a Ray cluster; for a list of tasks
that is known beforehand there is `nasflow.running.tasks.run_tasks`.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from pebble import ProcessExpired, ProcessPool

from nasflow.errors import NasflowError


class WorkerError(NasflowError, RuntimeError):
    """A task whose worker process died twice."""


@dataclass
class Task:
    """A call for a worker: `function(*arguments)`, after the tasks named in `after`."""

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    after: tuple[str, ...] = ()
    deaths: int = field(default=0, init=False)


class Workers(Protocol):
    """What takes one task after another; used in a `with` block."""

    n_workers: int
    """How many tasks run at once."""

    deaths: tuple[type[BaseException], ...]
    """What a task's future raises where its worker died."""

    @property
    def running(self) -> list[Task]:
        """What was started and has not finished."""
        ...

    def start(self, task: Task) -> None:
        """Hand a task to the next free worker."""
        ...

    def finished(self, seconds: float | None = None) -> list[tuple[Task, Future[Any]]]:
        """The tasks that finished, once one has, or none after so many seconds."""
        ...

    def forget(self, name: str) -> None:
        """Stop waiting for a task, and stop it."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, error: object, *_: object) -> None: ...


class LocalWorkers:
    """`n_workers` processes that take one task after another; used in a `with` block.

    Args:
        n_workers: how many.

    Attributes:
        deaths: what a task's future raises where its worker died.
    """

    deaths: tuple[type[BaseException], ...] = (ProcessExpired,)

    def __init__(self, n_workers: int) -> None:
        self.n_workers = n_workers
        # spawned, not forked: a fork of a process with torch's threads may hang
        self._pool = ProcessPool(
            max_workers=n_workers, context=multiprocessing.get_context("spawn")
        )
        self._running: dict[Future[Any], Task] = {}

    @property
    def running(self) -> list[Task]:
        """What was started and has not finished."""
        return list(self._running.values())

    def start(self, task: Task) -> None:
        """Hand a task to the next free worker."""
        self._running[self._pool.schedule(task.function, args=task.arguments)] = task

    def finished(self, seconds: float | None = None) -> list[tuple[Task, Future[Any]]]:
        """The tasks that finished, once one has, or none after so many seconds.

        `result()` of a task's future returns what it returned, raises what it raised, and raises
        pebble's `ProcessExpired` where its worker died.
        """
        done, _ = wait(self._running, timeout=seconds, return_when=FIRST_COMPLETED)
        return [(self._running.pop(future), future) for future in done]

    def forget(self, name: str) -> None:
        """Stop waiting for a task; a worker that is on it is stopped."""
        for future in [future for future, task in self._running.items() if task.name == name]:
            del self._running[future]
            future.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: object, *_: object) -> None:
        """Wait for the workers and end them; after an error, at once."""
        if error is None:
            self._pool.close()
        else:
            self._pool.stop()
        self._pool.join()
