"""Work spread over local processes: what is done when a worker dies, and in which order things start.

A worker that is killed (out of memory, a signal) takes only its own task down; the task is started once more,
and a second death is an error that names it, unless the caller takes it. An exception in a task stops the rest and
reaches the caller.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

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


def run_tasks(
    tasks: Sequence[Task],
    n_workers: int,
    on_result: Callable[[Task, Any], None],
    on_lost: Callable[[Task, str], None] | None = None,
) -> None:
    """Run all tasks, at most `n_workers` at a time; earlier ones in the list start first.

    Args:
        tasks: with different names; one may wait for others of the list by name.
        n_workers: number of processes. 1 runs everything in this process.
        on_result: called here, with each task and what it returned, as they finish.
        on_lost: called here with a task that a worker died twice on, and the reason.

    Raises:
        WorkerError: a worker died twice on one task, and there is no `on_lost`.
    """
    waiting, done = list(tasks), set[str]()
    if n_workers == 1:
        while waiting:
            task = next(task for task in waiting if done.issuperset(task.after))
            waiting.remove(task)
            on_result(task, task.function(*task.arguments))
            done.add(task.name)
        return
    running: dict[Future[Any], Task] = {}
    # spawned, not forked: a fork of a process with torch's threads may hang
    with ProcessPool(max_workers=n_workers, context=multiprocessing.get_context("spawn")) as pool:
        try:
            while waiting or running:
                free = n_workers - len(running)
                for task in list(islice((task for task in waiting if done.issuperset(task.after)), free)):
                    waiting.remove(task)
                    running[pool.schedule(task.function, args=task.arguments)] = task
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    task = running.pop(future)
                    try:
                        result = future.result()
                    except ProcessExpired as error:
                        task.deaths += 1
                        if task.deaths == 1:
                            waiting.insert(0, task)
                            continue
                        reason = f"the worker died twice (exit code {error.exitcode}); out of memory?"
                        if on_lost is None:
                            raise WorkerError(f"{task.name}: {reason} Try fewer jobs") from None
                        done.add(task.name)
                        on_lost(task, reason)
                        continue
                    done.add(task.name)
                    on_result(task, result)
        except BaseException:
            pool.stop()
            raise
