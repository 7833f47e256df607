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
import json
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
from nasflow.search.store import Store
from nasflow.search.strategies.base import History, Proposal, Strategy
from nasflow.search.strategies.make import as_strategy
from nasflow.search.strategies.registry import SearchConfig
from nasflow.search.trial import Trial
from nasflow.search.version_1 import options_from_v1

MAX_STARTS = 2


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
        _check_settings(self.store, about)
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
        given: list[Trial] = []
        with self.store.proposing():
            self.recover()
            while len(given) < n:
                trials = self.store.trials()
                room = (
                    math.inf
                    if limit is None
                    else limit - sum(t.state != "planned" and t.origin != "told" for t in trials)
                )
                wanted = int(min(n - len(given), room))
                planned = [t for t in trials if t.state == "planned"]
                first = min((t.number for t in trials if not t.finished), default=len(trials))
                due = [t for t in planned if self.window is None or t.number < first + self.window]
                if due and wanted > 0:
                    owned = set(
                        self.store.own([t.number for t in due[:wanted]], None, self.me, begin=begin)
                    )
                    given += [t for t in due[:wanted] if t.number in owned]
                    continue
                full = (
                    planned
                    or wanted < 1
                    or (self.window is not None and len(trials) >= first + self.window)
                )
                if full or not self._propose(trials, wanted):
                    break
        if given:
            self.store.keep_beating()
        return given

    def owns(self, number: int) -> bool:
        """Whether a trial is this process's to train."""
        return any(n == number and of == self.me for n, of, *_ in self.store.owners())

    def begin(self, number: int) -> bool:
        """Count the training of a trial of this process as begun. Returns whether the trial is its
        own still.
        """
        return bool(self.store.own([number], self.me, self.me, begin=True))

    def end(self, number: int, value: float | None, reason: str | None) -> None:
        """Record what came of a trial of this process: a value, or the reason why there is none."""
        self.store.finish(number, value, reason, of=self.me)

    def give_back(self, number: int | None = None, *, uncount: bool = False) -> None:
        """Give back a trial that this process was asked to train (None: all of them).

        Args:
            number: of the trial.
            uncount: whether its training had begun, and was stopped in an orderly way.
        """
        for n, of, *_ in self.store.owners():
            if of == self.me and number in (None, n):
                self.store.put_back(n, self.me, uncount=uncount)

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
        rng = np.random.default_rng([self.config.seed, number])
        known = (
            trials
            if self.window is None
            else [t if t.number <= number - self.window else _unfinished(t) for t in trials]
        )
        told = [t for t in known if t.state == "done"]
        history = History(
            [t.architecture for t in told],
            self.problem.utility(
                [_number(t.value) for t in told], [_number(t.second) for t in told], rng
            ),
            [t.origin for t in told],
            [t.architecture for t in known if not t.finished],
            number,
        )
        candidates = Candidates(self.problem, self._whole, [t.canonical_id for t in trials], rng)
        # with a window how many are asked for at a time must not matter
        proposals = self.strategy.propose(history, candidates, n if self.window is None else 1)
        with self.store.transaction() as rows:
            for proposal in proposals:
                self.store.add(rows, proposal.candidate.architecture, **self._row(proposal))
        return bool(proposals)

    def _row(self, proposal: Proposal) -> dict[str, Any]:
        predicted = proposal.predicted
        if predicted is not None:  # from utility back to the value's own direction
            predicted = (
                None if self.problem.second else predicted * (1 if self.problem.maximise else -1)
            )
        return {
            "canonical_id": proposal.candidate.canonical_id,
            "state": "planned",
            "origin": proposal.origin,
            "predicted": predicted,
            "deviation": None if predicted is None else proposal.deviation,
            "second": self._second(proposal.candidate.architecture),
        }

    def _second(self, architecture: Architecture) -> float | None:
        if self.problem.second is None:
            return None
        value = float(
            self.problem.known.values(
                self.problem.second, ArchTable.from_architectures([architecture])
            )[0]
        )
        if not math.isfinite(value):
            raise DataError(
                f"{self.problem.second} of {self.problem.space.format(architecture)} is not known,"
                " and it is the second objective: such an architecture has no place in this study"
            )
        return value

    def recover(self) -> None:
        """Put back what dead processes were training, or fail it if that was not the first time."""
        for number, former, heartbeat, starts in self.store.owners():
            if former != self.me and not owner.is_alive(former, heartbeat):
                self._cut_off(number, former, starts)

    def cut_off(self, number: int) -> None:
        """Put back a trial of this process whose training died elsewhere, or fail it if that was
        not the first time.
        """
        for n, of, _, starts in self.store.owners():
            if (n, of) == (number, self.me):
                self._cut_off(number, of, starts)

    def _cut_off(self, number: int, of: str, starts: int) -> None:
        if starts < MAX_STARTS:
            self.store.put_back(number, of)
        else:
            self.store.finish(
                number,
                None,
                f"cut off {starts} times: the process that trained it, or its search, died "
                "(out of memory, a signal)",
                of=of,
            )

    # -- telling ----------------------------------------------------------------------------------

    def tell(self, architecture: Architecture, value: float) -> None:
        """Record the result of an architecture, asked for or not; telling it again is no error.

        Raises:
            DataError: the value is no finite number (see `tell_failed`), or another one was told
            before.
        """
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float, np.integer, np.floating))
            or not math.isfinite(value)
        ):
            raise DataError(
                f"the value {value!r} is no finite number; a training that gave none is told by "
                "tell_failed(architecture, reason)"
            )
        self._record(architecture, float(value), None)

    def tell_failed(self, architecture: Architecture, reason: str) -> None:
        """Record that an architecture could not be trained; it is never proposed again."""
        self._record(architecture, None, reason or "no reason given")

    def _record(self, architecture: Architecture, value: float | None, reason: str | None) -> None:
        trial = self.find(architecture)
        if trial is None:
            second = self._second(architecture)
            with self.store.transaction() as rows:
                self.store.add(
                    rows,
                    architecture,
                    canonical_id=architecture.canonical_id,
                    origin="told",
                    state="done" if reason is None else "failed",
                    value=value,
                    reason=reason,
                    second=second,
                )
        elif not self.store.finish(trial.number, value, reason):
            trial = self.find(architecture)
            assert trial is not None
            if (trial.value, trial.state) != (value, "done" if reason is None else "failed"):
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
        return next((t for t in self.trials() if t.canonical_id == architecture.canonical_id), None)

    def best(self) -> Trial:
        """The trial with the best value; of two equal ones the earlier.

        Raises:
            DataError: there is no result yet.
        """
        done = [t for t in self.trials() if t.state == "done"]
        if not done:
            raise DataError(f"{self.store.path} holds no result yet")
        sign = 1 if self.problem.maximise else -1
        return max(done, key=lambda t: sign * _number(t.value))

    def front(self) -> list[Trial]:
        """The trials on the Pareto front of two objectives; with one, the best."""
        done = [t for t in self.trials() if t.state == "done"]
        on = self.problem.front([_number(t.value) for t in done], [_number(t.second) for t in done])
        return [t for t, good in zip(done, on, strict=True) if good]


def _check_settings(store: Store, about: dict[str, Any]) -> None:
    """Return if the file's study is what `about` says; in a new file it becomes so.

    Raises:
        ConfigError: it is another; the message says what differs.
    """
    found, version = store.settings(about)
    if version == 1 and isinstance(found.get("options"), dict):
        found["options"] = options_from_v1(found["options"])
    # in JSON tuples are lists
    there, asked = (json.loads(json.dumps(settings)) for settings in (found, about))
    for name in [*asked, *there]:
        if asked.get(name) == there.get(name):
            continue
        difference = (name, there.get(name), asked.get(name))
        if name == "options":
            difference = _first_difference(there.get(name), asked.get(name))
        name, value_there, value_asked = difference
        raise ConfigError(
            f"{store.path} is a study with another {name}: {value_there!r} there, {value_asked!r}"
            " asked for; give the same, or name another file"
        )


def _first_difference(there: Any, asked: Any) -> tuple[str, Any, Any]:
    """The first option that differs, and both of its values."""
    if not (isinstance(there, dict) and isinstance(asked, dict)):
        return "options", there, asked
    for option in {**there, **asked}:
        if there.get(option) != asked.get(option):
            return f"option {option}", there.get(option), asked.get(option)
    raise AssertionError("the options are equal")  # they were compared before


def _unfinished(trial: Trial) -> Trial:
    """A trial as it looks to who may not know its result yet."""
    return dataclasses.replace(trial, state="asked", value=None)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _result(trial: Trial) -> str:
    return str(trial.reason) if trial.value is None else f"{trial.value:g}"
