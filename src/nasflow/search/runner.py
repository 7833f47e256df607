"""`run`: ask, train, tell, until the budget is spent.

What happens in which order is in the study's file, and this loop only looks at it: so a search goes
on after a kill, with trainings that outlived it counted in, and beside another search on the same
study.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from typing import Protocol

from nasflow.errors import ConfigError
from nasflow.running.workers import WorkerError
from nasflow.search.executors import Executor, LocalExecutor
from nasflow.search.study import Study
from nasflow.search.training import Train, Training, check_train
from nasflow.search.trial import Trial

DEFAULT_LIMIT = 24 * 3600.0
_LOOK_EVERY = 0.25  # seconds between two looks at the file while trainings run
_LATE = 5.0  # seconds after its result in which a worker must have returned


class Watcher(Protocol):
    """Who is shown the study as it changes."""

    def show(self, trials: list[Trial]) -> None: ...


class _Nobody:
    def show(self, trials: list[Trial]) -> None:
        pass


def run(
    study: Study,
    train: Train,
    budget: int,
    *,
    parallel: int = 1,
    limit: float = DEFAULT_LIMIT,
    executor: Executor | None = None,
    watcher: Watcher | None = None,
) -> None:
    """Train what the study proposes until it has had `budget` trainings, those before this call
    included.

    Args:
        study: the study to go on with.
        train: a function from an `Architecture` to a number; its name, `file.py:function`; or a
            command with `{arch_json}` (or `{arch}`, the space's own notation) that prints a number.
        budget: trainings in all, failures included; results that were brought along by `tell` do
            not count.
        parallel: trainings at once.
        limit: seconds a training may take.
        executor: where to train; by default worker processes on this machine.
        watcher: shown all trials whenever something changed.

    Raises:
        ConfigError: a budget, a number or a training that cannot be.
        WorkerError: a worker process died before it could begin.
    """
    check_train(train)
    for name, value in (("budget", budget), ("parallel", parallel), ("limit", limit)):
        if not value > 0:
            raise ConfigError(f"{name} is {value}; legal: above 0")
    watcher = watcher or _Nobody()
    watcher.show(study.trials())
    _ = study.strategy  # pre-trained before the first training, not between two of them
    running: dict[
        int, float
    ] = {}  # number -> when its trial was first seen to be nobody's, if it was
    false_starts: set[int] = set()
    with _handed_back(study), executor or LocalExecutor(parallel) as place:
        parallel = min(parallel, place.n_workers)
        while True:
            busy = any(
                trial.state == "asked" for trial in study.trials()
            )  # here or in another process
            for trial in study.ask(parallel - len(running), limit=budget, begin=False):
                running[trial.number] = math.inf
                place.start(
                    Training(
                        str(study.store.path),
                        trial.number,
                        trial.architecture,
                        study.problem.space.format(trial.architecture),
                        train,
                        limit,
                        study.me,
                    )
                )
            if not running and not busy:
                return  # there was nothing under way, and nothing could be asked for: all is done
            if not running:
                time.sleep(_LOOK_EVERY)
            for number in place.ended(_LOOK_EVERY) if running else []:
                del running[number]
                if study.owns(number):  # its worker died before it could begin
                    if number in false_starts:
                        raise WorkerError(
                            f"worker processes die before they begin trial {number}; out of memory,"
                            " or does the module that defines train fail to import?"
                        )
                    false_starts.add(number)
                    study.give_back(number)
            study.recover()
            trials = study.trials()
            watcher.show(trials)
            for number in list(running):
                if trials[number].state != "asked":  # told, or its worker ended without a word
                    running[number] = min(running[number], time.monotonic())
                    if (
                        trials[number].state == "planned"
                        or time.monotonic() - running[number] > _LATE
                    ):
                        place.give_up(number)
                        del running[number]


@contextlib.contextmanager
def _handed_back(study: Study) -> Iterator[None]:
    """A block after which nothing counts as being trained by this process."""
    try:
        yield
    finally:
        study.give_back()
