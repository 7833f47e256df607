"""`Study`: a search by asking and telling, kept in a file that survives every kill.

    study = Study("study.db", Problem(space))
    for trial in study.ask(2):                    # two architectures to train
        study.tell(trial.architecture, train(trial.architecture))

Decisions:

* A result that was told is on the disk when `tell` returns, and its architecture is never proposed
  again, nor a twin.
* What was asked for by a process that died is asked for again, once: cut off a second time, it
  counts as failed.
* Proposal number i is determined by the seed, i and the results it may know. With `window` = w
  those are the results of all trials before i - w + 1, and it is made only once all of them are
  there; so the study is the same whichever training ends first, and however often it was killed.
  Without a window a proposal knows all results so far, and a study that trains several at once
  depends on their order.
* Proposing is for one process at a time, telling for all.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from nasflow.errors import ConfigError, DataError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.running.files import PathLike
from nasflow.search import owner
from nasflow.search.candidates import Candidates, Listed, listed
from nasflow.search.problem import Problem
from nasflow.search.settings import check_settings
from nasflow.search.store import Lease, Store
from nasflow.search.strategies.base import History, Proposal, Strategy
from nasflow.search.strategies.make import as_strategy
from nasflow.search.strategies.registry import SearchConfig
from nasflow.search.trial import Trial

MAX_STARTS = 2  # the first end may be a kill of the search; a second is taken for the training's


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
        self._progress = progress
        # a misspelt name, or a quantity that is not known, is told before the file is made
        self.strategy = as_strategy(strategy).bind(problem, None)
        self.config: SearchConfig = self.strategy.config
        self._prepared = False
        self._whole: Listed | None = None
        about = {**problem.describe(), "window": window, "options": self.config.to_dict()}
        self.store = Store(path)
        check_settings(self.store, about)
        self.me = owner.this_process()

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
                if not self._propose(trials, n_wanted):
                    break  # the space holds nothing else
        if asked:
            self.store.keep_beating()
        return asked

    def _end_of_window(self, trials: list[Trial]) -> float:
        """The number of the first trial that has to wait for a result; infinity for none."""
        if self.window is None:
            return math.inf
        unfinished = [trial.number for trial in trials if not trial.finished]
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
        if self._prepared:
            return
        self._whole = listed(self.problem)
        self.strategy.bind(self.problem, self._whole)
        self.strategy.prepare(self._progress)
        self._prepared = True

    def _propose(self, trials: list[Trial], n: int) -> bool:
        """Add new proposals as planned trials. Returns whether there were any."""
        self.prepare()
        number = len(trials)
        # a stream for each proposal: whichever process makes it, the draws are the same
        rng = np.random.default_rng([self.config.seed, number])
        visible = self._visible(trials)
        done = [trial for trial in visible if trial.state == "done"]
        values = [_number(trial.value) for trial in done]
        seconds = [_number(trial.second) for trial in done]
        history = History(
            architectures=[trial.architecture for trial in done],
            utility=self.problem.utility(values, seconds, rng),
            origins=[trial.origin for trial in done],
            pending=[trial.architecture for trial in visible if not trial.finished],
            n_proposed=number,
        )
        seen = [trial.canonical_id for trial in trials]
        candidates = Candidates(self.problem, self._whole, seen, rng)
        # with a window how many are asked for at a time must not matter
        n_proposals = n if self.window is None else 1
        proposals = self.strategy.propose(history, candidates, n_proposals)
        with self.store.transaction() as rows:
            for proposal in proposals:
                self.store.add(rows, proposal.candidate.architecture, **self._row(proposal))
        return bool(proposals)

    def _visible(self, trials: list[Trial]) -> list[Trial]:
        """The trials as the next proposal may know them: without the results in its window."""
        if self.window is None:
            return trials
        last = len(trials) - self.window
        return [trial if trial.number <= last else _unfinished(trial) for trial in trials]

    def _row(self, proposal: Proposal) -> dict[str, Any]:
        """The columns of the trial that a proposal becomes."""
        predicted, deviation = proposal.predicted, proposal.deviation
        if predicted is None or self.problem.second:
            # of two objectives a weighting was predicted, which is no value of a training
            predicted = deviation = None
        elif not self.problem.maximise:
            predicted = -predicted  # utility is a gain, the value a loss
        return {
            "canonical_id": proposal.candidate.canonical_id,
            "state": "planned",
            "origin": proposal.origin,
            "predicted": predicted,
            "deviation": deviation,
            "second": self._second(proposal.candidate.architecture),
        }

    def _second(self, architecture: Architecture) -> float | None:
        """The second objective of an architecture, where there is one."""
        if self.problem.second is None:
            return None
        table = ArchTable.from_architectures([architecture])
        value = float(self.problem.known.values(self.problem.second, table)[0])
        if not math.isfinite(value):
            raise DataError(
                f"{self.problem.second} of {self.problem.space.format(architecture)} is not known,"
                " and it is the second objective: such an architecture has no place in this study"
            )
        return value

    def recover(self) -> None:
        """Put back what dead processes were training, or fail it if that was not the first time."""
        for lease in self.store.leases():
            # no look at the own heartbeat, which may be late: this process does live
            if lease.owner != self.me and not owner.is_alive(lease.owner, lease.heartbeat):
                self._cut_off(lease)

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

    def tell(self, architecture: Architecture, value: float) -> None:
        """Record the result of an architecture, asked for or not; telling it again is no error.

        Raises:
            DataError: the value is no finite number (see `tell_failed`), or another one was told
            before.
        """
        # True is an int to Python, and no result of a training
        is_number = isinstance(value, (int, float, np.integer, np.floating))
        if isinstance(value, bool) or not is_number or not math.isfinite(value):
            raise DataError(
                f"the value {value!r} is no finite number; a training that gave none is told by "
                "tell_failed(architecture, reason)"
            )
        self._record(architecture, float(value), None)

    def tell_failed(self, architecture: Architecture, reason: str) -> None:
        """Record that an architecture could not be trained; it is never proposed again."""
        self._record(architecture, None, reason or "no reason given")

    def _record(self, architecture: Architecture, value: float | None, reason: str | None) -> None:
        state = "done" if reason is None else "failed"
        trial = self.find(architecture)
        if trial is None:
            # nobody asked for it: the result was brought along
            second = self._second(architecture)
            with self.store.transaction() as rows:
                self.store.add(
                    rows,
                    architecture,
                    canonical_id=architecture.canonical_id,
                    origin="told",
                    state=state,
                    value=value,
                    reason=reason,
                    second=second,
                )
            return
        if self.store.finish(trial.number, value, reason):
            return
        # finished already, perhaps since the look above: the same result again is no error
        trial = self.find(architecture)
        assert trial is not None
        if (trial.value, trial.state) != (value, state):
            raise DataError(
                f"trial {trial.number} is {trial.state} already ({_result(trial)}); a result is"
                " never replaced"
            )

    # -- looking ----------------------------------------------------------------------------------

    def trials(self) -> list[Trial]:
        """All trials in the order of their proposal."""
        return self.store.trials()

    def find(self, architecture: Architecture) -> Trial | None:
        """The trial of an architecture or of a twin of it, if there is one."""
        canonical_id = architecture.canonical_id
        return next((t for t in self.trials() if t.canonical_id == canonical_id), None)

    def best(self) -> Trial:
        """The trial with the best value; of two equal ones the earlier.

        Raises:
            DataError: there is no result yet.
        """
        done = [trial for trial in self.trials() if trial.state == "done"]
        if not done:
            raise DataError(f"{self.store.path} holds no result yet")
        sign = 1 if self.problem.maximise else -1
        return max(done, key=lambda trial: sign * _number(trial.value))

    def front(self) -> list[Trial]:
        """The trials on the Pareto front of two objectives; with one, the best."""
        done = [trial for trial in self.trials() if trial.state == "done"]
        values = [_number(trial.value) for trial in done]
        seconds = [_number(trial.second) for trial in done]
        on_front = self.problem.front(values, seconds)
        return [trial for trial, is_on in zip(done, on_front, strict=True) if is_on]


def _n_trainings(trials: list[Trial]) -> int:
    """How many trainings a study has had: begun or ended, results brought along left out."""
    return sum(trial.state != "planned" and trial.origin != "told" for trial in trials)


def _unfinished(trial: Trial) -> Trial:
    """A trial as it looks to who may not know its result yet."""
    return dataclasses.replace(trial, state="asked", value=None)


def _number(value: float | None) -> float:
    """A value as a number: NaN where there is none."""
    return math.nan if value is None else value


def _result(trial: Trial) -> str:
    """The value of a finished trial, or the reason why there is none."""
    return str(trial.reason) if trial.value is None else f"{trial.value:g}"
