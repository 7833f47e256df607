"""`Results`: the trials of a study, with what is needed to show them.

A study that is being searched knows its problem; a file that is only looked at says little of it,
and its space may not be there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nasflow.graphs.architecture import Architecture
from nasflow.running.cached import cached_property
from nasflow.search.problem import pareto
from nasflow.search.short_notation import short_notations, whole_notation
from nasflow.search.study import Study
from nasflow.search.trial import Trial
from nasflow.search.view import best_first
from nasflow.spaces.base import Space
from nasflow.text import in_one_line


@dataclass(frozen=True)
class Results:
    """The trials of a study as they were at one moment."""

    trials: Sequence[Trial]
    title: str
    """What was searched: the name of a space, or of its file."""
    space: Space | None
    """None where it is not known; architectures are then shown as JSON."""
    maximise: bool = True
    second: str | None = None
    second_maximise: bool = False
    metric: str = "value"
    """What a training returns."""

    @cached_property
    def done(self) -> list[Trial]:
        """The trials with a result, the best first."""
        return best_first(self.maximise, [t for t in self.trials if t.state == "done"])

    @cached_property
    def failed(self) -> list[Trial]:
        """The trials that failed, in the order of their proposal."""
        return [trial for trial in self.trials if trial.state == "failed"]

    @cached_property
    def front(self) -> list[Trial]:
        """The trials on the Pareto front of two objectives, the best of the first one first."""
        sign = 1 if self.maximise else -1
        second_sign = 1 if self.second_maximise else -1
        points = []
        for trial in self.done:
            assert trial.value is not None
            second = np.nan if trial.second is None else trial.second
            points.append((sign * trial.value, second_sign * second))
        on_front = pareto(np.array(points, np.float64).reshape(-1, 2))
        return [trial for trial, is_on in zip(self.done, on_front, strict=True) if is_on]

    @property
    def winners(self) -> list[Trial]:
        """The Pareto front, or with one objective the best trial."""
        return self.done[:1] if self.second is None else self.front

    def notation(self, architecture: Architecture) -> str:
        """An architecture in the notation of its space, letters of all scripts as they are."""
        return whole_notation(self.space, architecture)

    def short(self, trials: Sequence[Trial]) -> list[str]:
        """The architectures of trials in few characters."""
        notations = short_notations(self.space, [trial.architecture for trial in trials])
        return [in_one_line(notation) for notation in notations]


def results_of(study: Study, title: str | None = None, metric: str = "value") -> Results:
    """The results of a study.

    Args:
        study: the study.
        title: what was searched; by default the space's name.
        metric: what a training returns.
    """
    problem = study.problem
    return Results(
        study.trials(),
        title or problem.space.name,
        problem.space,
        problem.maximise,
        problem.second,
        problem.second_maximise,
        metric,
    )
