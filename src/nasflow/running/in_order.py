"""`in_order`: one function of many things, by several processes at once, results in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any, TypeVar

from nasflow.running.tasks import make_workers
from nasflow.running.workers import Task, WorkerError

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 2  # things that wait for each worker, so that none waits for the reader of the input


def in_order(
    function: Callable[[T], R], things: Iterable[T], n_workers: int, *, ray: str | None = None
) -> Iterator[R]:
    """`function(thing)` of each, in the order of the things, which are asked for as needed.

    Memory is that of a few things and results for each worker, however many there are.

    Args:
        function: what other processes can import; things and results must be small to send.
        n_workers: number of processes. 1 runs everything in this process.
        ray: address of a Ray cluster whose workers do it instead.

    Raises:
        WorkerError: a worker died twice on one thing.
        Exception: what `function` raises, when it is the thing's turn.
    """
    if n_workers == 1 and ray is None:
        yield from map(function, things)
        return
    with make_workers(n_workers, ray) as workers:
        waiting = enumerate(things)
        finished: dict[str, Any] = {}
        for position in count():
            # the next result may be here already, while later ones are worked on
            while len(workers.running) + len(finished) < _AHEAD * workers.n_workers:
                number, thing = next(waiting, (-1, None))
                if number < 0:
                    break
                workers.start(Task(str(number), function, (thing,)))
            if not workers.running and not finished:
                return
            while str(position) not in finished:
                for task, future in workers.finished():
                    if not isinstance(future.exception(), workers.deaths):
                        finished[task.name] = future
                    elif task.deaths:
                        raise WorkerError(
                            f"part {task.name}: the worker died twice; out of memory? Try fewer"
                            " jobs"
                        )
                    else:
                        task.deaths += 1
                        workers.start(task)
            yield finished.pop(str(position)).result()
