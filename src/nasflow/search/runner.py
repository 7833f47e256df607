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

from nasflow.errors import ConfigError, NasflowError
from nasflow.running.workers import WorkerError
from nasflow.search.executors import Executor, LocalExecutor
from nasflow.search.failures import expectation, kind_of
from nasflow.search.patience import n_since_better
from nasflow.search.study import Study
from nasflow.search.training import Train, Training, check_train
from nasflow.search.trial import Trial
from nasflow.text import in_one_line

DEFAULT_LIMIT = 24 * 3600.0
_LOOK_EVERY = 0.25  # seconds between two looks at the file while trainings run
GIVE_UP = 3
"""Failures of one kind, before any result, after which a search stops."""
_LATE = 5.0  # seconds after its result in which a worker must have returned


class AllFailedError(NasflowError, RuntimeError):
    """The first trainings of a search failed in the same way; the message says how."""

    has_lines = True  # it ends with those that the last training wrote


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
    result: str | None = None,
    give_up: int = GIVE_UP,
    timeout: float | None = None,
    patience: int | None = None,
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
        result: how a command says its result, as `nasflow.search.result_form` has it: by default
            in the last line that is a number.
        give_up: how many trainings may fail in the same way before the first result of this call;
            0 for any number.
        timeout: seconds for all of it, the preparation of the strategy included; trainings under
            way are then stopped, and begin anew with the next call. None for any time.
        patience: begin no more once so many trainings of the study, failures included, ended
            without a better result (with two objectives: one on the Pareto front of those before),
            as `nasflow.search.patience` counts them; those under way end. None for any number.
        executor: where to train; by default worker processes on this machine.
        watcher: shown all trials whenever something changed.

    Raises:
        ConfigError: a budget, a number or a training that cannot be.
        AllFailedError: the first trainings failed in the same way.
        WorkerError: a worker process died before it could begin.
    """
    check_train(train, result)
    numbers = {
        "budget": budget,
        "parallel": parallel,
        "limit": limit,
        "timeout": timeout,
        "patience": patience,
    }
    for name, value in numbers.items():
        if value is not None and not value > 0:
            raise ConfigError(f"{name} is {value}; legal: above 0")
    deadline = math.inf if timeout is None else time.monotonic() + timeout
    watcher = watcher or _Nobody()
    # a search that lives puts back its workers' trainings itself, four times a second
    study.recover(uncount=True)
    before = study.trials()
    watcher.show(before)
    first_failures = _FirstFailures(before, give_up, train, result)
    study.prepare()  # before the first training, not between two of them
    # an exception stops trainings, where the plain end of the block would wait for them
    with (
        contextlib.suppress(_TimeIsUp),
        _handed_back(study),
        executor or LocalExecutor(parallel) as workers,
    ):
        loop = _Loop(study, train, result, limit, workers)
        n_at_once = min(parallel, workers.n_workers)
        while True:
            if time.monotonic() >= deadline:
                raise _TimeIsUp
            # looked at before and after: between the two another process, which this one waits
            # for as it proposes, may have made what fills the window, or have ended it
            former = study.trials()
            # what may take the search down must not take others with it
            is_alone = any(trial.is_suspect for trial in former)
            n_free = (1 if is_alone else n_at_once) - len(loop.running)
            # one that is under way may yet be better, and the search then goes on
            if patience is not None and n_since_better(study, former) >= patience:
                n_free = 0
            loop.start(study.ask(n_free, limit=budget, begin=False))
            if not loop.running and _at_rest(former, study.trials()):
                return  # nothing was under way, and nothing could be asked for: all is done
            if loop.running:
                loop.wait()
            else:
                time.sleep(_LOOK_EVERY)  # another process trains
            # of workers here too: one that died left its trial without a living owner
            study.recover()
            trials = study.trials()
            watcher.show(trials)
            first_failures.check(trials)
            loop.let_go(trials)


class _TimeIsUp(Exception):  # noqa: N818  # no error
    """The time for a search is over."""


def _at_rest(former: list[Trial], trials: list[Trial]) -> bool:
    """Whether no process trains, and none did when the trials were still the former ones."""
    states = [trial.state for trial in trials]
    return "asked" not in states and states == [trial.state for trial in former]


class _FirstFailures:
    """The failures of this call up to its first result.

    Args:
        before: the trials as this call found them.
        most: how many of one kind there may be; 0 for any number.
        train, result: what is trained with.
    """

    def __init__(self, before: list[Trial], most: int, train: Train, result: str | None) -> None:
        self._former = {trial.number for trial in before if trial.finished}
        self._most = most
        self._expectation = expectation(train, result)
        self._result_seen = False

    def check(self, trials: list[Trial]) -> None:
        """Return if the search should go on.

        Raises:
            AllFailedError: it would most likely spend its budget on failures.
        """
        if self._result_seen or not self._most:
            return
        failures: list[Trial] = []
        for trial in trials:
            # results that were brought along say nothing about the trainings
            if not trial.finished or trial.number in self._former or trial.origin == "told":
                continue
            if trial.state == "done":
                # from now on a failure is the architecture's affair
                self._result_seen = True
                return
            failures.append(trial)
        kinds = {kind_of(trial.reason or "") for trial in failures}
        # of several kinds they are more likely the architectures' affair than the script's
        if len(failures) >= self._most and len(kinds) == 1:
            lines = (failures[-1].reason or "").splitlines()
            reason = "\n".join(map(in_one_line, lines))
            raise AllFailedError(
                f"stopped, since the first {len(failures)} trainings failed in the same way; of the"
                f" last one: {reason}\n{self._expectation}"
            )


class _Loop:
    """The trainings that this process has under way."""

    def __init__(
        self, study: Study, train: Train, result: str | None, limit: float, workers: Executor
    ) -> None:
        self.study = study
        self.train = train
        self.result = result
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
                self.result,
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
