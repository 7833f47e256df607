"""`Candidates`: the architectures that a strategy may propose, none of them a twin of one it has
had.

Twins are isomorphic once pruned (`canonical_id`). Neither what was asked for, trained or failed nor
what this object has given out before comes again, and everything meets the constraints.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.search.known import met
from nasflow.search.problem import Problem
from nasflow.spaces.base import Space

MAX_LISTED = 60_000  # elements of a space that is searched as a whole; NAS-Bench-Graph has 59,049
_TRIES = 40  # batches of samples without anything new before a space counts as used up


class Listed:
    """All elements of a space that is small enough to look at each of them."""

    def __init__(self, problem: Problem, table: ArchTable) -> None:
        self._problem = problem
        self.table = table

    @cached_property
    def ids(self) -> npt.NDArray[np.str_]:
        """(N,): canonical id of every element."""
        return self.table.canonical_ids

    @cached_property
    def allowed_first(self) -> npt.NDArray[np.bool_]:
        """(N,): which elements meet the constraints, and have no twin before them that does."""
        allowed = np.flatnonzero(met(self._problem.conditions, self._problem.known, self.table))
        first = np.zeros(len(self.table), bool)
        first[allowed[np.unique(self.ids[allowed], return_index=True)[1]]] = True
        return first

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Canonical id -> the row that `allowed_first` marks of that class, where there is one."""
        rows = np.flatnonzero(self.allowed_first)
        return dict(zip(self.ids[rows].tolist(), rows.tolist(), strict=True))


def listed(problem: Problem) -> Listed | None:
    """The elements of the problem's space, or None where there are too many to list."""
    table = _list(problem.space)
    return None if table is None else Listed(problem, table)


def _list(space: Space) -> ArchTable | None:
    if space.size is not None and space.size > MAX_LISTED:
        return None
    try:
        table = space.enumerate()
        if not 0 < len(table) <= MAX_LISTED:
            return None
        space.validate(table[0])  # a space that shows predictors another graph lists that one
    except GraphError:
        return None
    return table


@dataclass(frozen=True)
class Candidate:
    """An architecture that may be proposed."""

    architecture: Architecture
    canonical_id: str


class Candidates:
    """What may be proposed next.

    Args:
        problem: the space and its constraints.
        whole: all elements, where the space was listed.
        seen: canonical ids that must not come again.
        rng: all draws come from it, in the order of the calls.
    """

    def __init__(
        self, problem: Problem, whole: Listed | None, seen: Iterable[str], rng: np.random.Generator
    ) -> None:
        self.problem, self.whole, self.rng = problem, whole, rng
        self._seen = set(seen)

    def fresh(self, n: int) -> list[Candidate]:
        """At most `n` samples of the space; fewer only where nothing else is left or to be
        found.
        """
        found: list[Candidate] = []
        misses = 0
        while len(found) < n and misses < _TRIES:
            drawn = [self.problem.space.sample(self.rng) for _ in range(max(8, n - len(found)))]
            new = self._new(drawn, n - len(found))
            misses = 0 if new else misses + 1
            found += new
        if len(found) < n and self.whole is not None:
            rows = self.rng.permutation(self.unseen())[: 50 * n]
            found += self._new([self.whole.table[int(row)] for row in rows], n - len(found))
        return found

    def mutations(
        self, parents: Sequence[Architecture], n_each: int, again: float = 0.0
    ) -> list[Candidate]:
        """At most `n_each` mutations of each parent, all different, each mutated further with a
        chance of `again`.

        So the number of changes is geometric, with mean 1 / (1 - again); one may undo another.
        """
        drawn = [self._mutated(parent, again) for parent in parents for _ in range(n_each)]
        return self._new(drawn, len(drawn))

    def _mutated(self, parent: Architecture, again: float) -> Architecture:
        current = self.problem.space.mutate(parent, self.rng)
        while (
            again and self.rng.random() < again
        ):  # without `again` nothing is drawn: older studies go on as they were
            current = self.problem.space.mutate(current, self.rng)
        return current

    def mutation(self, parent: Architecture, max_steps: int = 20) -> list[Candidate]:
        """One descendant of `parent`, few mutations away; none if `max_steps` do not lead to a new
        one.
        """
        current = parent
        for step in range(max_steps):
            new = self._new([self.problem.space.mutate(current, self.rng) for _ in range(10)], 1)
            if new:
                return new
            current = self.problem.space.mutate(current, self.rng) if step % 2 else current
        return []

    def neighbours(self, parent: Architecture, n: int) -> list[Candidate]:
        """At most `n` neighbours of `parent`, in random order."""
        every = list(self.problem.space.neighbours(parent))
        return self._new([every[int(i)] for i in self.rng.permutation(len(every))], n)

    def unseen(self) -> npt.NDArray[np.int64]:
        """Rows of the listed space that may be proposed, one of each class of twins."""
        assert self.whole is not None
        left = self.whole.allowed_first.copy()
        left[[row for row in map(self.whole.row_of.get, self._seen) if row is not None]] = False
        return np.flatnonzero(left)

    def take(self, row: int) -> Candidate:
        """The element in a row of the listed space, given out."""
        assert self.whole is not None
        candidate = Candidate(self.whole.table[row], str(self.whole.ids[row]))
        self._seen.add(candidate.canonical_id)
        return candidate

    def _new(self, architectures: Sequence[Architecture], n: int) -> list[Candidate]:
        """The first `n` of the architectures that may be proposed."""
        if not architectures or n < 1:
            return []
        table = ArchTable.from_architectures(architectures)
        ids = table.canonical_ids.tolist()
        first = {canonical_id: i for i, canonical_id in reversed(list(enumerate(ids)))}
        rows = [
            i
            for i, canonical_id in enumerate(ids)
            if canonical_id not in self._seen and first[canonical_id] == i
        ]
        if rows and self.problem.conditions:
            ok = met(self.problem.conditions, self.problem.known, table[np.array(rows)])
            rows = [row for row, good in zip(rows, ok, strict=True) if good]
        given = [Candidate(architectures[row], ids[row]) for row in rows[:n]]
        self._seen.update(candidate.canonical_id for candidate in given)
        return given
