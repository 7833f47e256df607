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
    """The watcher where there is none."""

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
    """Train what the study proposes until it has had `budget` trainings.

    Args:
        study: the study to go on with.
        train: a function from an `Architecture` to a number; its name, `file.py:function`; or a
            command with `{arch_json}` (or `{arch}`, the space's own notation) that prints a number.
        budget: trainings in all, failures and those before this call included; results that were
            brought along by `tell` do not count.
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
    study.prepare()  # before the first training, not between two of them
    with _handed_back(study), executor or LocalExecutor(parallel) as workers:
        loop = _Loop(study, train, limit, workers)
        n_at_once = min(parallel, workers.n_workers)
        while True:
            # asked for here or in another process: its end may make room for a proposal
            busy = any(trial.state == "asked" for trial in study.trials())
            n_free = n_at_once - len(loop.running)
            loop.start(study.ask(n_free, limit=budget, begin=False))
            if not loop.running and not busy:
                return  # nothing was under way, and nothing could be asked for: all is done
            if loop.running:
                loop.wait()
            else:
                time.sleep(_LOOK_EVERY)  # another process trains
            # of workers here too: one that died left its trial without a living owner
            study.recover()
            trials = study.trials()
            watcher.show(trials)
            loop.let_go(trials)


class _Loop:
    """The trainings that this process has under way."""

    def __init__(self, study: Study, train: Train, limit: float, workers: Executor) -> None:
        self.study = study
        self.train = train
        self.limit = limit
        self.workers = workers
        # number -> when its trial was first seen to be over, infinity while it is not
        self.running: dict[int, float] = {}
        # numbers of the trials that a worker left untouched
        self._false_starts: set[int] = set()

    def start(self, trials: list[Trial]) -> None:
        """Hand trials to the workers."""
        for trial in trials:
            self.running[trial.number] = math.inf
            training = Training(
                str(self.study.store.path),
                trial.number,
                trial.architecture,
                self.study.problem.space.format(trial.architecture),
                self.train,
                self.limit,
                self.study.me,
            )
            self.workers.start(training)

    def wait(self) -> None:
        """Wait a moment for workers to return, and begin anew what one left untouched.

        Raises:
            WorkerError: a worker died twice before it could begin.
        """
        for number in self.workers.ended(_LOOK_EVERY):
            del self.running[number]
            if not self.study.owns(number):
                continue  # its training began in the worker, which told what came of it
            if number in self._false_starts:
                raise WorkerError(
                    f"worker processes die before they begin trial {number}; out of memory, or does"
                    " the module that defines train fail to import?"
                )
            self._false_starts.add(number)
            self.study.give_back(number)

    def let_go(self, trials: list[Trial]) -> None:
        """Give up workers whose trial is over, if they do not return."""
        now = time.monotonic()
        for number, seen_over in list(self.running.items()):
            state = trials[number].state
            if state == "asked":
                continue
            # told, or given back by a worker that ended without a word
            since = min(seen_over, now)
            self.running[number] = since
            # a result is told by the worker just before it returns: it gets a moment to do so
            if state == "planned" or now - since > _LATE:
                self.workers.give_up(number)
                del self.running[number]


@contextlib.contextmanager
def _handed_back(study: Study) -> Iterator[None]:
    """A block after which nothing counts as being trained by this process."""
    try:
        yield
    finally:
        study.give_back()
