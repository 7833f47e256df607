"""How long a search has found nothing better: the trainings since its best result.

Decisions:

* Trainings are taken in the order in which they ended, whichever process had them: so it is a
  question to the study's file, and those of earlier runs count.
* A failure counts: it took its place in the budget and brought nothing better.
* The random ones that a strategy begins with do not count: its own choices get their chance.
* Results that were brought along are to be beaten, and are no trainings.
* With two objectives a result is better if it joins the Pareto front of those before it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from nasflow.search.problem import Problem
from nasflow.search.proposer import number_or_nan
from nasflow.search.study import Study
from nasflow.search.trial import Trial

Point = tuple[float, float]


def n_since_better(study: Study, trials: Sequence[Trial] | None = None) -> int:
    """How many trainings have ended since the last result that was better than all before it.

    Args:
        study: whose problem says what is better, and whose strategy how many trainings begin it.
        trials: those of the study, where they are at hand; by default as they now are.

    Example:
        >>> import tempfile
        >>> from nasflow.search import Problem, SearchConfig, Study
        >>> from nasflow.spaces.nb201 import NB201
        >>> study = Study(tempfile.mktemp(), Problem(NB201()), SearchConfig("random"))
        >>> for trial, value in zip(study.ask(4), [90.0, 92.5, 92.5, 91.0]):
        ...     study.tell(trial, value)
        >>> n_since_better(study)
        2
    """
    n_starts = study.strategy.n_initial
    n_since = 0
    front: list[Point] = []
    for trial in _as_they_ended(study.trials() if trials is None else trials):
        point = _point(study.problem, trial)
        if point is not None and not any(_reaches(other, point) for other in front):
            # what the new one reaches itself can keep nothing out that it does not
            front = [other for other in front if not _reaches(point, other)]
            front.append(point)
            n_since = 0
        elif trial.origin != "told" and trial.number >= n_starts:
            n_since += 1
    return n_since


def explain_patience(study: Study, patience: int | None) -> str:
    """Why a search with such a patience begins no training, in a line; empty where it does."""
    if patience is None:
        return ""
    trials = study.trials()
    n = n_since_better(study, trials)
    if n < patience:
        return ""
    if not any(trial.state == "done" for trial in trials):
        # of the random ones, which did not count, there is none either
        n = sum(trial.finished for trial in trials)
        return f"no result of {n} trainings"
    if study.problem.second is None:
        return f"no better result for {n} training{'s' * (n != 1)}"
    return f"the Pareto front has not grown for {n} training{'s' * (n != 1)}"


def _as_they_ended(trials: Sequence[Trial]) -> list[Trial]:
    """The trials with a result or a failure, the first to end first."""
    moments: list[tuple[float, int]] = []
    ended = []
    latest = -math.inf
    for trial in trials:
        if not trial.finished:
            continue
        # one that was brought along has no moment: it came after all that it is numbered after
        moment = latest if trial.ended_at is None else trial.ended_at
        latest = max(latest, moment)
        moments.append((moment, trial.number))
        ended.append(trial)
    order = sorted(range(len(ended)), key=moments.__getitem__)
    return [ended[place] for place in order]


def _point(problem: Problem, trial: Trial) -> Point | None:
    """Both objectives of a result, more being better (0 for a second that there is not)."""
    if trial.state != "done":
        return None
    first = number_or_nan(trial.value) * (1 if problem.maximise else -1)
    second = 0.0
    if problem.second is not None:
        second = number_or_nan(trial.second) * (1 if problem.second_maximise else -1)
    # where one is not known there is no place among the others
    return None if math.isnan(first) or math.isnan(second) else (first, second)


def _reaches(point: Point, other: Point) -> bool:
    """Whether a point is as good as another in both objectives."""
    return point[0] >= other[0] and point[1] >= other[1]
