"""`run_tasks`: a list of tasks spread over local processes, or over a Ray cluster.

A task whose worker died is started once more, and a second death is an error that names it, unless
the caller takes it. An exception in a task stops the rest and reaches the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from pebble import ProcessExpired

from nasflow.errors import ConfigError
from nasflow.running.workers import LocalWorkers, Task, WorkerError, Workers


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
        ConfigError: a task waits for one that is not in the list, or that waits for it.
        MissingExtraError: Ray is wanted and not installed.
        WorkerError: a worker died twice on one task, and there is no `on_lost`.
    """
    _check_order(tasks)
    waiting, done = list(tasks), set[str]()

    def ready() -> Iterator[Task]:
        return (task for task in waiting if done.issuperset(task.after))

    if n_workers == 1 and ray is None:
        while waiting:
            task = next(ready())
            waiting.remove(task)
            on_result(task, task.function(*task.arguments))
            done.add(task.name)
        return
    with make_workers(n_workers, ray) as workers:
        while waiting or workers.running:
            n_free = workers.n_workers - len(workers.running)
            # no more than can begin: what waits can still be passed by one that died
            for task in list(islice(ready(), n_free)):
                waiting.remove(task)
                workers.start(task)
            for task, future in workers.finished():
                try:
                    result = future.result()
                except workers.deaths as error:
                    task.deaths += 1
                    if task.deaths == 1:
                        # in front, since others may wait for it
                        waiting.insert(0, task)
                        continue
                    reason = f"the worker died twice{_exit_code(error)}; out of memory?"
                    if on_lost is None:
                        raise WorkerError(f"{task.name}: {reason} Try fewer jobs") from None
                    # those that wait for it start all the same, or they would wait for ever
                    done.add(task.name)
                    on_lost(task, reason)
                else:
                    done.add(task.name)
                    on_result(task, result)


def _check_order(tasks: Sequence[Task]) -> None:
    """Return if each task can begin at some time."""
    waiting, done = list(tasks), set[str]()
    while waiting:
        ready = [task for task in waiting if done.issuperset(task.after)]
        # what waits for what never comes would wait for ever
        if not ready:
            task = waiting[0]
            names = ", ".join(sorted(set(task.after) - done))
            raise ConfigError(
                f"the task {task.name!r} waits for {names}, not in the list or waiting for it;"
                " name tasks of the list"
            )
        done.update(task.name for task in ready)
        waiting = [task for task in waiting if task.name not in done]


def _exit_code(error: BaseException) -> str:
    return f" (exit code {error.exitcode})" if isinstance(error, ProcessExpired) else ""


def make_workers(n_workers: int, ray: str | None) -> Workers:
    """Processes of this machine, or those of a Ray cluster."""
    if ray is None:
        return LocalWorkers(n_workers)
    from nasflow.running.ray_workers import RayWorkers

    return RayWorkers(ray, n_workers)
