"""`RayWorkers`: the workers of a Ray cluster, with the methods of `Workers`.

A task takes one processor of the cluster. What it reads and writes must be on a disk that all
machines share, under absolute paths: journals and weights are files. nasflow's environment
variables go along. Ray restarts nothing by itself here; `nasflow.running.workers.run_tasks` does,
by its own rule. The extra `ray` installs Ray.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, Self

from nasflow.running.environment import VARIABLES
from nasflow.running.extras import require_extra
from nasflow.running.workers import Task


class RayWorkers:
    """A connection to a cluster; used in a `with` block.

    Args:
        address: host:port or ray://host:port of a cluster, auto for the one this machine belongs
            to, local for a new one on this machine alone.
        n_workers: processors of a new local cluster; an existing one has what it has.

    Attributes:
        n_workers: processors of the cluster: so many tasks run at once.
        deaths: what a task's future raises where its worker died.
    """

    def __init__(self, address: str, n_workers: int) -> None:
        self._ray = ray = require_extra("ray", "ray", "working on a Ray cluster")
        self._connected_here = not ray.is_initialized()
        if self._connected_here:
            variables = {name: os.environ[name] for name in VARIABLES if name in os.environ}
            ray.init(
                address=address,
                log_to_driver=False,
                runtime_env={"env_vars": variables},
                **({"num_cpus": n_workers} if address == "local" else {}),
            )
        self.n_workers = max(1, int(ray.cluster_resources().get("CPU", 1)))
        errors = ray.exceptions
        self.deaths: tuple[type[BaseException], ...] = (
            errors.WorkerCrashedError,
            errors.NodeDiedError,
            errors.OutOfMemoryError,
        )
        self._running: dict[Future[Any], tuple[Task, Any]] = {}

    @property
    def running(self) -> list[Task]:
        """What was started and has not finished."""
        return [task for task, _ in self._running.values()]

    def start(self, task: Task) -> None:
        """Hand a task to the cluster."""
        function: Callable[..., Any] = task.function
        reference = self._ray.remote(num_cpus=1, max_retries=0)(function).remote(*task.arguments)
        self._running[reference.future()] = (task, reference)

    def finished(self, seconds: float | None = None) -> list[tuple[Task, Future[Any]]]:
        """The tasks that finished, once one has, or none after so many seconds.

        `result()` of a task's future returns what it returned, raises what it raised, and raises
        one of `deaths` where its worker died.
        """
        done, _ = wait(self._running, timeout=seconds, return_when=FIRST_COMPLETED)
        return [(self._running.pop(future)[0], future) for future in done]

    def forget(self, name: str) -> None:
        """Stop waiting for a task, and stop it."""
        for future in [future for future, (task, _) in self._running.items() if task.name == name]:
            _task, reference = self._running.pop(future)
            self._ray.cancel(reference, force=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: object, *_: object) -> None:
        """Leave the cluster; after an error, stop what still runs there."""
        if error is not None:
            for _task, reference in self._running.values():
                self._ray.cancel(reference, force=True)
        if self._connected_here:
            self._ray.shutdown()
