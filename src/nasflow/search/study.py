"""`Study`: a search by asking and telling, kept in a file that survives every kill.

    study = Study("study.db", Problem(space))
    for trial in study.ask(2):                    # two architectures to train
        study.tell(trial.architecture, train(trial.architecture))

Decisions:

* A result that was told is on the disk when `tell` returns, and its architecture is never proposed
  again, nor a twin.
* What was asked for by a process that died is asked for again, once: cut off a second time, it
  counts as failed. A search that died with its training costs it nothing.
* Proposal number i is determined by the seed, i and the results it may know. With `window` = w
  those are the results of all trials before i - w + 1, and it is made only once all of them are
  there; so the study is the same whichever training ends first, and however often it was killed.
  Without a window a proposal knows all results so far, and a study that trains several at once
  depends on their order.
* Proposing is for one process at a time, telling for all.
"""

from __future__ import annotations

import math
import time
import warnings
from typing import Any

from nasflow.errors import ConfigError, DataError
from nasflow.graphs.architecture import Architecture
from nasflow.running.files import PathLike
from nasflow.search import owner
from nasflow.search.problem import Problem
from nasflow.search.proposer import Proposer, number_or_nan, second_of
from nasflow.search.settings import check_settings
from nasflow.search.store import Lease, Store
from nasflow.search.strategies.base import Strategy
from nasflow.search.strategies.make import as_strategy
from nasflow.search.strategies.registry import SearchConfig
from nasflow.search.study_file import StudyWarning
from nasflow.search.told import Told, architecture_told, check_element, trial_told, value_told
from nasflow.search.trial import Trial

MAX_STARTS = 2  # the first end may be a kill of the search; a second is taken for the training's
MAX_INTERRUPTIONS = 4  # a batch system may kill both a few times; a training that does so goes on
_TOOK_ALL_DOWN = f"its search died with it {MAX_INTERRUPTIONS} times (out of memory, a signal)"


class Study:
    """A search that is asked for architectures and told their results.

    Args:
        path: the SQLite file; it is made, or gone on with.
        problem: space, objectives, constraints; as it was when the file was made.
        strategy: how the next ones are chosen: options (`SearchConfig("npenas", round_size=5)`), a
            name, a class or an object; the same as when the file was made.
        window: with how many trainings at once the order of their ends has no influence; None for
            any order.
        progress: whether pre-training draws a progress bar.

    Raises:
        ConfigError: the file is of another search; the message says what differs.
        DataError: the file is no study.

    Example:
        >>> import tempfile
        >>> from nasflow.spaces.nb201 import NB201
        >>> study = Study(tempfile.mktemp(), Problem(NB201()), SearchConfig(strategy="random"))
        >>> trial = study.ask()[0]
        >>> study.tell(trial.architecture, 91.5)
        >>> study.best().value
        91.5
    """

    def __init__(
        self,
        path: PathLike,
        problem: Problem,
        strategy: Strategy | type[Strategy] | SearchConfig | str | None = None,
        *,
        window: int | None = None,
        progress: bool = False,
    ) -> None:
        self.problem = problem
        self.window = window
        if window is not None and window < 1:
            raise ConfigError(f"window is {window}; legal: None, or a whole number of at least 1")
        # a misspelt name, or a quantity that is not known, is told before the file is made
        self.strategy = as_strategy(strategy).bind(problem, None)
        self.config: SearchConfig = self.strategy.config
        self._has_warned = False
        self._proposer = Proposer(problem, self.strategy, progress)
        about = {**problem.describe(), "window": window, "options": self.config.to_dict()}
        self.store = Store(path)
        check_settings(self.store, about)

    @property
    def me(self) -> str:
        """This process as an owner of trials; asked afresh, since a study may be forked."""
        return owner.this_process()

    # -- asking -----------------------------------------------------------------------------------

    def ask(self, n: int = 1, *, limit: int | None = None, begin: bool = True) -> list[Trial]:
        """At most `n` architectures to train, now this process's to do so.

        What a process that died left comes first, then what was planned, then new proposals. Fewer
        come back where the window is full, the limit is reached, or the space holds nothing else.

        Args:
            n: how many.
            limit: how many trainings the study may have in all, those that failed or are under way
                included.
            begin: whether their trainings begin now; otherwise `begin` says so for each.
        """
        asked: list[Trial] = []
        self._warn_of_budget(limit)
        with self.store.proposing():
            # what dead processes left becomes planned, and so comes before new proposals
            self.recover()
            while len(asked) < n:
                # looked up in every turn: others tell results while proposals are made
                trials = self.store.trials()
                n_wanted = n - len(asked)
                if limit is not None:
                    n_wanted = min(n_wanted, limit - _n_trainings(trials))
                if n_wanted < 1:
                    break
                end = self._end_of_window(trials)
                planned = [trial for trial in trials if trial.state == "planned"]
                ready = [trial for trial in planned if trial.number < end][:n_wanted]
                if ready:
                    numbers = [trial.number for trial in ready]
                    claimed = self.store.claim(numbers, None, self.me, begin=begin)
                    asked += [trial for trial in ready if trial.number in claimed]
                    continue
                # planned trials behind the window wait for results, and so do proposals after them
                if planned or len(trials) >= end:
                    break
                proposals = self._proposer.proposals(trials, n_wanted, self.window)
                if not proposals:
                    break  # the space holds nothing else
                with self.store.transaction() as rows:
                    for architecture, columns in proposals:
                        self.store.add(rows, architecture, **columns)
        if asked:
            self.store.keep_beating()
        elif begin and n > 0:
            self._warn_of_unfinished()
        return asked

    def _warn_of_budget(self, limit: int | None) -> None:
        """Say once where the strategy will have nothing to choose."""
        # the file is read only where there may be something to say
        if limit is None or self._has_warned or not self.strategy.note_on_budget(limit):
            return
        self._has_warned = True
        n_told = sum(trial.origin == "told" for trial in self.store.trials())
        note = self.strategy.note_on_budget(limit, n_told)
        if note:
            warnings.warn(note, StudyWarning, stacklevel=3)

    def _warn_of_unfinished(self) -> None:
        """Say which trials of this process stand in the way of others, if there are any."""
        leases = self._leases()
        if not leases:
            return
        numbers = ", ".join(str(lease.number) for lease in leases)
        # how long ago, too: a message that is word for word the last one is not shown again
        seconds = time.time() - max(lease.heartbeat for lease in leases)
        warnings.warn(
            f"there is nothing to train before results come of what this process asked for (trials"
            f" {numbers}; last sign of life {seconds:.1f} s ago): tell them, or call"
            " study.give_back() if their trainings were stopped, and ask() gives them out again",
            StudyWarning,
            stacklevel=3,
        )

    def _end_of_window(self, trials: list[Trial]) -> float:
        """The number of the first trial that has to wait for a result; infinity for none."""
        if self.window is None:
            return math.inf
        unfinished = [trial.number for trial in trials if trial.is_open]
        return min(unfinished, default=len(trials)) + self.window

    def owns(self, number: int) -> bool:
        """Whether a trial is this process's to train."""
        return any(lease.number == number for lease in self._leases())

    def _leases(self) -> list[Lease]:
        """Those of this process."""
        return [lease for lease in self.store.leases() if lease.owner == self.me]

    def begin(self, number: int) -> bool:
        """Count a trial's training as begun; returns whether the trial is this process's still."""
        return bool(self.store.claim([number], self.me, self.me, begin=True))

    def end(self, number: int, value: float | None, reason: str | None) -> None:
        """Record what came of a trial of this process: a value, or the reason why there is none."""
        self.store.finish(number, value, reason, owner=self.me)

    def give_back(self, number: int | None = None, *, uncount: bool = False) -> None:
        """Give back a trial that this process was asked to train (None: all of them).

        Args:
            number: of the trial.
            uncount: whether its training had begun, and was stopped in an orderly way.
        """
        for lease in self._leases():
            if number is None or number == lease.number:
                self.store.put_back(lease.number, self.me, uncount=uncount)

    def prepare(self) -> None:
        """List the space where it is small, and do what the strategy needs no result for.

        It may pre-train for minutes. Done once; `ask` does it where nobody did before.
        """
        self._proposer.prepare()

    def recover(self, *, uncount: bool = False) -> None:
        """Put back what dead processes were training, or fail it if that was not the first time.

        Args:
            uncount: whether the search that had begun it must have died too, so that no beginning
                counts: whoever killed both says nothing about the training, if it is not each time.
        """
        for lease in self.store.leases():
            # no look at the own heartbeat, which may be late: this process does live
            if lease.owner == self.me or owner.is_alive(lease.owner, lease.heartbeat):
                continue
            if not uncount:
                self._cut_off(lease)
            elif lease.starts and lease.interruptions + 1 >= MAX_INTERRUPTIONS:
                self.store.finish(lease.number, None, _TOOK_ALL_DOWN, owner=lease.owner)
            else:
                had_begun = lease.starts > 0  # otherwise it has no part in it
                self.store.put_back(lease.number, lease.owner, uncount=True, interrupted=had_begun)

    def cut_off(self, number: int) -> None:
        """Put back a trial whose training died on its worker, or fail it the second time."""
        for lease in self._leases():
            if lease.number == number:
                self._cut_off(lease)

    def _cut_off(self, lease: Lease) -> None:
        """Put back a trial whose training ended without a word, or fail it."""
        if lease.starts < MAX_STARTS:
            self.store.put_back(lease.number, lease.owner)
            return
        reason = (
            f"cut off {lease.starts} times: the process that trained it, or its search, died "
            "(out of memory, a signal)"
        )
        self.store.finish(lease.number, None, reason, owner=lease.owner)

    # -- telling ----------------------------------------------------------------------------------

    def tell(self, architecture: Told, value: float, *, repeat: bool = False) -> None:
        """Record the result of an architecture, asked for or not; telling it again is no error.

        Args:
            architecture: an architecture, its trial, the trial's number, or its notation.
            value: a finite number, of NumPy or PyTorch too.
            repeat: whether it is of another training, where there is a result already: the trial's
                value becomes the mean, and models of results learn the noise from the spread.

        Raises:
            DataError: the value is no finite number (see `tell_failed`), or another one was told
            before (see `correct` and `forget`).
            GraphError: an architecture that is not of the problem's space.
        """
        number = value_told(value)
        trial = self._trial_of(architecture) if repeat else None
        while trial is not None and trial.state == "done":
            # again where another process was faster
            if self.store.repeat(trial, number):
                return
            trial = self.store.trials()[trial.number]
        self._record(architecture, number, None)

    def tell_failed(self, architecture: Told, reason: str) -> None:
        """Record that an architecture could not be trained; it is never proposed again."""
        self._record(architecture, None, reason or "no reason given")

    def _record(self, told: Told, value: float | None, reason: str | None) -> None:
        state = "done" if reason is None else "failed"
        trial = self._trial_of(told)
        if trial is None:
            # nobody asked for it: the result was brought along
            architecture = architecture_told(told, self.problem)
            check_element(architecture, self.problem)
            self.store.add_told(
                architecture,
                canonical_id=architecture.canonical_id,
                state=state,
                value=value,
                reason=reason,
                second=second_of(self.problem, architecture),
            )
            return
        if self.store.finish(trial.number, value, reason):
            return
        # finished already, perhaps since the look above: the same result again is no error
        trial = self.store.trials()[trial.number]
        if (trial.value, trial.state) != (value, state):
            raise DataError(
                f"trial {trial.number} is {trial.state} already ({trial.outcome}); a result is"
                f" never replaced by another that is told: study.correct({trial.number}, value) or"
                f" study.forget({trial.number}) takes back a wrong one, tell(..., repeat=True) adds"
                " another training's"
            )

    def correct(self, trial: Told, value: float) -> None:
        """Put a value in the place of a result that was told wrongly, or of a failure.

        What was told before stays in the file (`Trial.former`).

        Raises:
            DataError: there is no such trial, or no result of it yet; the value is no number.
        """
        self._replace(trial, value_told(value))

    def forget(self, trial: Told) -> None:
        """Take back a result or a failure: nothing counts it, and its architecture may come again.

        The trial stays in the file as forgotten, with what was told of it (`Trial.former`).

        Raises:
            DataError: there is no such trial, or no result of it yet.
        """
        self._replace(trial, None)

    def _replace(self, told: Told, value: float | None) -> None:
        """Correct a result, or forget it (None)."""
        trial = self._trial_of(told)
        if trial is None:
            raise DataError("nothing was told of this architecture, and nobody asked for it")
        self.store.take_back(trial, value)

    def _trial_of(self, told: Told) -> Trial | None:
        """The trial that is meant; None for an architecture that has none."""
        trials = self.store.trials()
        trial = trial_told(told, trials)
        if trial is not None:
            return trial
        return _of_twins(architecture_told(told, self.problem), trials)

    # -- looking ----------------------------------------------------------------------------------

    def trials(self) -> list[Trial]:
        """All trials in the order of their proposal."""
        return self.store.trials()

    def to_pandas(self) -> Any:
        """A DataFrame with a row for each trial; see `nasflow.search.frame.frame_of`."""
        from nasflow.search.frame import frame_of

        return frame_of(self.trials(), self.problem)

    def find(self, architecture: Architecture) -> Trial | None:
        """The trial of an architecture or of a twin of it, if there is one."""
        return _of_twins(architecture, self.trials())

    def best(self) -> Trial:
        """The trial with the best value; of two equal ones the earlier.

        Raises:
            DataError: there is no result yet.
        """
        done = [trial for trial in self.trials() if trial.state == "done"]
        if not done:
            raise DataError(f"{self.store.path} holds no result yet")
        sign = 1 if self.problem.maximise else -1
        return max(done, key=lambda trial: sign * number_or_nan(trial.value))

    def front(self) -> list[Trial]:
        """The trials on the Pareto front of two objectives; with one, the best."""
        done = [trial for trial in self.trials() if trial.state == "done"]
        values = [number_or_nan(trial.value) for trial in done]
        seconds = [number_or_nan(trial.second) for trial in done]
        on_front = self.problem.front(values, seconds)
        return [trial for trial, is_on in zip(done, on_front, strict=True) if is_on]


def _n_trainings(trials: list[Trial]) -> int:
    """How many trainings a study has had: begun or ended, results brought along left out."""
    counted = ("asked", "done", "failed")
    return sum(trial.state in counted and trial.origin != "told" for trial in trials)


def _of_twins(architecture: Architecture, trials: list[Trial]) -> Trial | None:
    """The trial of an architecture or of a twin of it, less those that were forgotten."""
    canonical_id = architecture.canonical_id
    for trial in trials:
        if trial.canonical_id == canonical_id and trial.state != "forgotten":
            return trial
    return None
