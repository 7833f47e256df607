"""Why a study proposes nothing more: its space is used up, or conditions leave nothing of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nasflow.graphs.table import ArchTable
from nasflow.search.candidates import Listed, listed
from nasflow.search.known import Constraint, met
from nasflow.search.problem import Problem
from nasflow.search.study import Study
from nasflow.search.trial import Trial

N_SAMPLES = 1000  # of a space that cannot be listed: enough to tell one in a hundred from none


def explain_exhaustion(study: Study) -> str:
    """Why nothing more can be proposed, in a line; empty where something can.

    Of a space that is too large to list, samples are drawn. A full window or a spent budget is no
    lack of architectures, and so no part of the answer.

    Example:
        >>> import tempfile
        >>> from nasflow.search.problem import Problem
        >>> from nasflow.spaces.custom import CustomSpace
        >>> space = CustomSpace({"ops": ["a", "b"], "n_nodes": 1, "edges": "chain"})
        >>> study = Study(tempfile.mktemp(), Problem(space), "random")
        >>> explain_exhaustion(study)
        ''
        >>> for trial in study.ask(9):
        ...     study.tell(trial.architecture, 1.0)
        >>> explain_exhaustion(study)
        'the space has 2 elements, all trained'
    """
    whole = listed(study.problem)
    # what was forgotten may be proposed again
    trials = [trial for trial in study.trials() if trial.state != "forgotten"]
    if whole is not None:
        return _of_all_elements(study.problem, whole, trials)
    return _of_samples(study.problem, trials)


def _of_all_elements(problem: Problem, whole: Listed, trials: Sequence[Trial]) -> str:
    """The answer for a space whose elements are all known."""
    tried = {trial.canonical_id for trial in trials}
    allowed = np.flatnonzero(whole.allowed_first)
    if any(str(whole.ids[row]) not in tried for row in allowed):
        return ""
    n = len(whole.table)
    if not len(allowed):
        return f"no element of the space can be proposed: {_rejections(problem, whole.table)}"
    text = f"the space has {n:,} element{'s' * (n != 1)}"
    n_classes = len(np.unique(whole.ids))
    if n_classes < n:
        text += f" that are {n_classes:,} different networks"
    if len(allowed) < n_classes:
        # a twin that breaks a condition is rejected even where another of its class is not
        text += f", of which {len(allowed):,} may be proposed ({_rejections(problem, whole.table)})"
    return f"{text}, all {_what_became(_allowed_trials(trials, whole))}"


def _allowed_trials(trials: Sequence[Trial], whole: Listed) -> list[Trial]:
    """The trials of what a strategy may propose, without what else a user told."""
    return [trial for trial in trials if trial.canonical_id in whole.row_of]


def _of_samples(problem: Problem, trials: Sequence[Trial]) -> str:
    """The answer for a space that only samples tell about."""
    # a stream of its own: the question must not change what is proposed next
    rng = np.random.default_rng([0, len(trials)])
    samples = [problem.space.sample(rng) for _ in range(N_SAMPLES)]
    table = ArchTable.from_architectures(samples)
    feasible = met(problem.conditions, problem.known, table)
    if not feasible.any():
        return f"no sample of the space can be proposed: {_rejections(problem, table)}"
    tried = {trial.canonical_id for trial in trials}
    rows = np.flatnonzero(feasible)
    if any(canonical_id not in tried for canonical_id in table[rows].canonical_ids.tolist()):
        return ""
    text = f"the space is used up: of {N_SAMPLES:,} samples every one"
    if len(rows) < N_SAMPLES:
        text += f" that may be proposed ({_rejections(problem, table)})"
    return f"{text} is trained, or a twin of what is"


def _rejections(problem: Problem, table: ArchTable) -> str:
    """How many rows of a table each condition refuses."""
    parts = []
    for condition in problem.conditions:
        n_rejected = len(table) - int(met((condition,), problem.known, table).sum())
        # one that refuses nothing is not to blame
        if n_rejected:
            parts.append(f"{_named(condition)} rejects {n_rejected:,} of {len(table):,}")
    return ", ".join(parts)


def _named(condition: Constraint) -> str:
    """A condition as the user knows it."""
    if condition.bound == -math.inf:
        # no constraint of the user's: where the second objective is not known there is no place
        return f"{condition.quantity} not being known"
    return f"'{condition}'"


def _what_became(trials: Sequence[Trial]) -> str:
    """What became of all trials: trained, failed, or under way."""
    n_failed = sum(trial.state == "failed" for trial in trials)
    n_open = sum(trial.is_open for trial in trials)
    counts = [f"{n:,} {word}" for n, word in ((n_failed, "failed"), (n_open, "under way")) if n]
    return "trained" if not counts else f"tried ({', '.join(counts)})"
