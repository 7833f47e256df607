"""Telling a study many results at once, as often as one likes: each is told only once."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.running.numbers import number_in
from nasflow.search.proposer import second_of
from nasflow.search.study import Study
from nasflow.search.trial import Trial

_SAME = 1e-6  # of a value: a trials.csv has eight digits


@dataclass
class Outcome:
    """What became of some results, counted by architectures."""

    n_told: int = 0
    n_known: int = 0
    """The study has them already."""
    n_forgotten: int = 0
    """They were told and taken back; telling them again would undo that."""
    different: list[str] = field(default_factory=list)
    """Where the study has another result, or a failure: it stays."""


def tell_results(study: Study, results: Sequence[tuple[Architecture, float]]) -> Outcome:
    """Tell a study finite results of elements of its space, all of those that are new or none.

    Several of one architecture, or of twins, are repeats of its training: their mean counts.

    Args:
        study: whose file gets them.
        results: as `told_table.read_told` gives them.

    Raises:
        DataError: the second objective of an architecture is not known.
    """
    outcome = Outcome()
    architectures, values_of = _by_class(results)
    # the file is read once: it may hold thousands of trials
    trials_of = _trials_by_class(study.trials())
    new: dict[str, Architecture] = {}
    for canonical_id, architecture in architectures.items():
        values = values_of[canonical_id]
        trials = trials_of.get(canonical_id, [])
        trial = next((trial for trial in trials if trial.state != "forgotten"), None)
        if trial is None:
            # what was told and taken back is meant to be gone
            if any(_holds(trial, values) for trial in trials):
                outcome.n_forgotten += 1
            else:
                new[canonical_id] = architecture
        # proposed already, so its training can be spared
        elif trial.is_open:
            _tell_open(study, trial, values)
            outcome.n_told += 1
        elif _holds(trial, values):
            outcome.n_known += 1
        else:
            theirs = statistics.fmean(values)
            outcome.different.append(f"trial {trial.number}: {trial.outcome}, there {theirs:g}")
    outcome.n_told += _add(study, new, values_of)
    return outcome


def _by_class(
    results: Sequence[tuple[Architecture, float]],
) -> tuple[dict[str, Architecture], dict[str, list[float]]]:
    """The first architecture of each class of twins, and all values of the class."""
    table = ArchTable.from_architectures([architecture for architecture, _ in results])
    architectures: dict[str, Architecture] = {}
    values_of: dict[str, list[float]] = {}
    # the first one stands for its twins, as in a search that proposes none of them
    for (architecture, value), canonical_id in zip(
        results, table.canonical_ids.tolist(), strict=True
    ):
        architectures.setdefault(canonical_id, architecture)
        values_of.setdefault(canonical_id, []).append(value)
    return architectures, values_of


def _trials_by_class(trials: Iterable[Trial]) -> dict[str, list[Trial]]:
    """The trials of each class of twins: at most one, and those that were forgotten."""
    trials_of: dict[str, list[Trial]] = {}
    for trial in trials:
        trials_of.setdefault(trial.canonical_id, []).append(trial)
    return trials_of


def _holds(trial: Trial, values: Sequence[float]) -> bool:
    """Whether a trial has such a result, or had it before it was corrected or forgotten."""
    former = [number_in(text) for text in trial.former]
    seen = [trial.value, *trial.repeats, *former]
    for value in (statistics.fmean(values), *values):
        for other in seen:
            if other is not None and math.isclose(value, other, rel_tol=_SAME):
                return True
    return False


def _tell_open(study: Study, trial: Trial, values: Sequence[float]) -> None:
    """Tell the values of a trial that is planned or under way."""
    first, *others = values
    study.tell(trial, first)
    for value in others:
        study.tell(trial, value, repeat=True)


def _add(
    study: Study, new: Mapping[str, Architecture], values_of: Mapping[str, list[float]]
) -> int:
    """Insert what no trial is of, in one transaction; returns how many it were."""
    # computed first: the file is not to be locked meanwhile
    seconds = [second_of(study.problem, architecture) for architecture in new.values()]
    n_added = 0
    with study.store.transaction() as rows:
        for (canonical_id, architecture), second in zip(new.items(), seconds, strict=True):
            there = "SELECT 1 FROM trials WHERE canonical_id = ? AND state <> 'forgotten'"
            # another process may have been asked for it since the look above
            if rows.execute(there, (canonical_id,)).fetchone():
                continue
            values = values_of[canonical_id]
            study.store.add(
                rows,
                architecture,
                origin="told",
                canonical_id=canonical_id,
                state="done",
                value=statistics.fmean(values),
                repeats=json.dumps(values if len(values) > 1 else []),
                second=second,
            )
            n_added += 1
    study.store.checkpoint()
    return n_added
