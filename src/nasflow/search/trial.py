"""`Trial`: one architecture of a study and what became of it."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Literal

from nasflow.graphs.architecture import Architecture

State = Literal["planned", "asked", "done", "failed", "forgotten"]


@dataclass(frozen=True)
class Trial:
    """A row of a study."""

    number: int
    """Its place in the order of proposals, from 0."""
    architecture: Architecture
    canonical_id: str
    state: State
    """planned (chosen, waiting), asked (being trained), done (a value), failed (a reason), or
    forgotten (its result was taken back, and counts for nothing)."""
    origin: str
    """How the strategy found it; `told` where the user brought the result."""
    value: float | None = None
    """What the training returned."""
    second: float | None = None
    """The second objective, where there is one."""
    predicted: float | None = None
    """What the strategy expected of `value`."""
    deviation: float | None = None
    """The standard deviation of that."""
    reason: str | None = None
    """Why it failed."""
    starts: int = 0
    """How often its training was begun: once, or twice if the first was cut off."""
    started_at: float | None = None
    """Unix time of the last beginning."""
    ended_at: float | None = None
    """Unix time of the result."""
    former: tuple[str, ...] = ()
    """What was told of it and then taken back or corrected, the oldest first."""

    repeats: tuple[float, ...] = ()
    """All values where several trainings of it were told; `value` is their mean."""

    interruptions: int = 0
    """How often the search died with it, which counts as no start."""

    @property
    def spread(self) -> float | None:
        """The standard deviation of its trainings' values, where several were told."""
        return statistics.stdev(self.repeats) if self.repeats else None

    @property
    def finished(self) -> bool:
        """Whether there is a result or a failure: never trained again."""
        return self.state in ("done", "failed")

    @property
    def is_suspect(self) -> bool:
        """Whether it is to be trained alone: its search died with it more than once."""
        return self.is_open and self.interruptions > 1

    @property
    def is_open(self) -> bool:
        """Whether a result is still to come."""
        return self.state in ("planned", "asked")

    @property
    def outcome(self) -> str:
        """The value of a finished trial, or the reason why there is none."""
        return f"failed: {self.reason}" if self.value is None else repr(self.value)

    @property
    def seconds(self) -> float | None:
        """How long the training took."""
        if self.started_at is None or self.ended_at is None:
            return None
        return self.ended_at - self.started_at
