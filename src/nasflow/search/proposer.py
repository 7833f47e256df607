"""`Proposer`: the next proposals of a study, as the rows that they become.

Proposal number i is determined by the seed, i and the results it may know: nothing is kept here
between two calls but what was prepared once.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from nasflow.errors import DataError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.search.candidates import Candidates, Listed, listed
from nasflow.search.problem import Problem
from nasflow.search.strategies.base import History, Proposal, Strategy
from nasflow.search.trial import Trial


class Proposer:
    """Asks a strategy for what to train next.

    Args:
        problem: space, objectives, constraints.
        strategy: bound to the problem.
        progress: whether pre-training draws a progress bar.
    """

    def __init__(self, problem: Problem, strategy: Strategy, progress: bool) -> None:
        self.problem, self.strategy = problem, strategy
        self._progress = progress
        self._prepared = False
        self._whole: Listed | None = None

    def prepare(self) -> None:
        """List the space where it is small, and do what the strategy needs no result for, once."""
        if self._prepared:
            return
        self._whole = listed(self.problem)
        self.strategy.bind(self.problem, self._whole)
        self.strategy.prepare(self._progress)
        self._prepared = True

    def proposals(
        self, trials: list[Trial], n: int, window: int | None
    ) -> list[tuple[Architecture, dict[str, Any]]]:
        """New architectures with the columns of their trials; none where the space has no more.

        Args:
            trials: all of the study.
            n: how many at most, or how many come first where a strategy works in rounds.
            window: how many trainings at once have no influence on each other.
        """
        self.prepare()
        number = len(trials)
        # a stream for each proposal: whichever process makes it, the draws are the same
        rng = np.random.default_rng([self.strategy.config.seed, number])
        visible = _visible(trials, window)
        done = [trial for trial in visible if trial.state == "done"]
        values = [number_or_nan(trial.value) for trial in done]
        seconds = [number_or_nan(trial.second) for trial in done]
        history = History(
            architectures=[trial.architecture for trial in done],
            utility=self.problem.utility(values, seconds, rng),
            origins=[trial.origin for trial in done],
            pending=[trial.architecture for trial in visible if trial.is_open],
            n_proposed=number,
            repeats=self._repeats(done),
            objectives=self.problem.gains(values, seconds) if self.problem.second else None,
        )
        # what was forgotten may come again
        seen = [trial.canonical_id for trial in trials if trial.state != "forgotten"]
        candidates = Candidates(self.problem, self._whole, seen, rng)
        # with a window how many are asked for at a time must not matter
        n_proposals = n if window is None else 1
        proposals = self.strategy.propose(history, candidates, n_proposals)
        return [(proposal.candidate.architecture, self._row(proposal)) for proposal in proposals]

    def _repeats(self, done: list[Trial]) -> list[list[float]]:
        """The utilities of each single training; empty where none was told twice."""
        # of two objectives the means are weighted, since there is one second value for all
        if self.problem.second or not any(trial.repeats for trial in done):
            return []
        sign = 1 if self.problem.maximise else -1
        utilities = []
        for trial in done:
            values = trial.repeats or (number_or_nan(trial.value),)
            utilities.append([sign * value for value in values])
        return utilities

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
            "second": second_of(self.problem, proposal.candidate.architecture),
        }


def second_of(problem: Problem, architecture: Architecture) -> float | None:
    """The second objective of an architecture, where there is one."""
    if problem.second is None:
        return None
    table = ArchTable.from_architectures([architecture])
    value = float(problem.known.values(problem.second, table)[0])
    if not math.isfinite(value):
        raise DataError(
            f"{problem.second} of {problem.space.format(architecture)} is not known, and it is the"
            " second objective: such an architecture has no place in this study"
        )
    return value


def number_or_nan(value: float | None) -> float:
    """A value as a number: NaN where there is none."""
    return math.nan if value is None else value


def _visible(trials: list[Trial], window: int | None) -> list[Trial]:
    """The trials as the next proposal may know them: without the results in its window."""
    if window is None:
        return trials
    last = len(trials) - window
    return [trial if trial.number <= last else _unfinished(trial) for trial in trials]


def _unfinished(trial: Trial) -> Trial:
    """A trial as it looks to who may not know its result yet."""
    # what was forgotten is no longer on its way
    if trial.state == "forgotten":
        return trial
    return dataclasses.replace(trial, state="asked", value=None)
