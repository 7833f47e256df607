"""Work spread over local processes, or over a Ray cluster: what is done when a worker dies, and
what starts when.

`run_tasks` is for a list that is known beforehand, `Workers` for work that comes one by one.

A worker that is killed (out of memory, a signal) takes only its own task down; the task is started
once more, and a second death is an error that names it, unless the caller takes it. An exception in
a task stops the rest and reaches the caller.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from pebble import ProcessExpired, ProcessPool

from nasflow.errors import NasflowError

if TYPE_CHECKING:
    from nasflow.running.ray_workers import RayWorkers


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


class Workers:
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


def run_tasks(
    tasks: Sequence[Task],
    n_workers: int,
    on_result: Callable[[Task, Any], None],
    on_lost: Callable[[Task, str], None] | None = None,
    *,
    ray: str | None = None,
) -> None:
    """Run all tasks, at most `n_workers` at a time; earlier ones in the list start first.

    Args:
        tasks: with different names; one may wait for others of the list by name.
        n_workers: number of processes. 1 runs everything in this process.
        on_result: called here, with each task and what it returned, as they finish.
        on_lost: called here with a task that a worker died twice on, and the reason.
        ray: address of a Ray cluster whose workers do it instead (`nasflow.running.ray_workers`),
            as many at a time as it has processors.

    Raises:
        MissingExtraError: Ray is wanted and not installed.
        WorkerError: a worker died twice on one task, and there is no `on_lost`.
    """
    waiting, done = list(tasks), set[str]()
    if n_workers == 1 and ray is None:
        while waiting:
            task = next(task for task in waiting if done.issuperset(task.after))
            waiting.remove(task)
            on_result(task, task.function(*task.arguments))
            done.add(task.name)
        return
    with _workers(n_workers, ray) as workers:
        while waiting or workers.running:
            free = workers.n_workers - len(workers.running)
            for task in list(
                islice((task for task in waiting if done.issuperset(task.after)), free)
            ):
                waiting.remove(task)
                workers.start(task)
            for task, future in workers.finished():
                try:
                    result = future.result()
                except workers.deaths as error:
                    task.deaths += 1
                    if task.deaths == 1:
                        waiting.insert(0, task)
                        continue
                    code = (
                        f" (exit code {error.exitcode})"
                        if isinstance(error, ProcessExpired)
                        else ""
                    )
                    reason = f"the worker died twice{code}; out of memory?"
                    if on_lost is None:
                        raise WorkerError(f"{task.name}: {reason} Try fewer jobs") from None
                    done.add(task.name)
                    on_lost(task, reason)
                    continue
                done.add(task.name)
                on_result(task, result)


def _workers(n_workers: int, ray: str | None) -> Workers | RayWorkers:
    if ray is None:
        return Workers(n_workers)
    from nasflow.running.ray_workers import RayWorkers

    return RayWorkers(ray, n_workers)
