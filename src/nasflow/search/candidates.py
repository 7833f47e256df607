"""`Candidates`: the architectures that a strategy may propose, no two of them twins.

Twins are isomorphic once pruned (`canonical_id`). Neither what was asked for, trained or failed nor
what this object has given out before comes again, and everything meets the constraints.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.running.cached import cached_property
from nasflow.search.known import met
from nasflow.search.problem import Problem
from nasflow.spaces.base import Space
from nasflow.spaces.sized import SizedSpace

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
        feasible = met(self._problem.conditions, self._problem.known, self.table)
        rows = np.flatnonzero(feasible)  # (n_feasible,)
        _, first_of_class = np.unique(self.ids[rows], return_index=True)
        allowed = np.zeros(len(self.table), bool)
        allowed[rows[first_of_class]] = True
        return allowed

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Canonical id -> the row that `allowed_first` marks of that class, where there is one."""
        rows = np.flatnonzero(self.allowed_first)
        return dict(zip(self.ids[rows].tolist(), rows.tolist(), strict=True))


def listed(problem: Problem) -> Listed | None:
    """The elements of the problem's space, or None where there are too many to list."""
    table = _all_elements(problem.space)
    return None if table is None else Listed(problem, table)


def _all_elements(space: Space) -> ArchTable | None:
    """The elements of a space, or None where it has too many or cannot list them."""
    if space.size is not None and space.size > MAX_LISTED:
        return None
    try:
        table = space.enumerate()
        if not 0 < len(table) <= MAX_LISTED:
            return None
        # a space that shows predictors another graph lists that one, which is no element
        space.validate(table[0])
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
        """At most `n` samples of the space; fewer only where nothing else is left or found."""
        candidates: list[Candidate] = []
        n_misses = 0  # batches in a row without anything new
        while len(candidates) < n and n_misses < _TRIES:
            n_missing = n - len(candidates)
            # canonical ids are computed of a whole table: batches of a few pay off
            new = self._new(self._samples(max(8, n_missing)), n_missing)
            n_misses = 0 if new else n_misses + 1
            candidates += new
        if len(candidates) < n and self.whole is not None:
            # samples no longer meet the few that are left: these are drawn from the list
            rows = self.rng.permutation(self.unseen())[: 50 * n].tolist()
            left = [self.whole.table[row] for row in rows]
            candidates += self._new(left, n - len(candidates))
        return candidates

    def _samples(self, n: int) -> Sequence[Architecture] | ArchTable:
        """Samples of the space, as a table where it makes many at once in less time."""
        space = self.problem.space
        if isinstance(space, SizedSpace):
            return space.sample_table(n, self.rng)
        return [space.sample(self.rng) for _ in range(n)]

    def mutations(
        self, parents: Sequence[Architecture], n_each: int, again: float = 0.0
    ) -> list[Candidate]:
        """At most `n_each` mutations of each parent, all different.

        Each is mutated further with a chance of `again`, so the number of changes is geometric,
        with mean 1 / (1 - again); one may undo another.
        """
        space = self.problem.space
        if isinstance(space, SizedSpace) and not again:
            if not parents:
                return []
            tables = [space.mutate_table(parent, n_each, self.rng) for parent in parents]
            table = ArchTable.concatenate(tables)
            return self._new(table, len(table))
        children = [self._mutated(parent, again) for parent in parents for _ in range(n_each)]
        return self._new(children, len(children))

    def _mutated(self, parent: Architecture, again: float) -> Architecture:
        """A mutation of `parent`, or of a mutation of it, and so on."""
        child = self.problem.space.mutate(parent, self.rng)
        # without `again` nothing is drawn: older studies go on as they were
        while again and self.rng.random() < again:
            child = self.problem.space.mutate(child, self.rng)
        return child

    def mutation(self, parent: Architecture, max_steps: int = 20) -> list[Candidate]:
        """One new descendant of `parent`, few mutations away; none if `max_steps` find none."""
        current = parent
        for step in range(max_steps):
            children = [self.problem.space.mutate(current, self.rng) for _ in range(10)]
            new = self._new(children, 1)
            if new:
                return new
            # after two batches without anything new, look around a descendant
            if step % 2:
                current = self.problem.space.mutate(current, self.rng)
        return []

    def neighbours(self, parent: Architecture, n: int) -> list[Candidate]:
        """At most `n` neighbours of `parent`, in random order."""
        neighbours = list(self.problem.space.neighbours(parent))
        order = self.rng.permutation(len(neighbours)).tolist()
        return self._new([neighbours[i] for i in order], n)

    def given(self, architectures: Sequence[Architecture], n: int) -> list[Candidate]:
        """The first `n` of these elements that may be proposed."""
        return self._new(architectures, n)

    def unseen(self) -> npt.NDArray[np.int64]:
        """Rows of the listed space that may be proposed, one of each class of twins."""
        assert self.whole is not None
        left = self.whole.allowed_first.copy()
        row_of = self.whole.row_of
        # what was told from outside the listed space, or breaks a constraint, has no row
        seen = [row_of[canonical_id] for canonical_id in self._seen if canonical_id in row_of]
        left[seen] = False
        return np.flatnonzero(left)

    def take(self, row: int) -> Candidate:
        """The element in a row of the listed space, given out."""
        assert self.whole is not None
        candidate = Candidate(self.whole.table[row], str(self.whole.ids[row]))
        self._seen.add(candidate.canonical_id)
        return candidate

    def _new(self, architectures: Sequence[Architecture] | ArchTable, n: int) -> list[Candidate]:
        """The first `n` of the architectures that may be proposed."""
        if not len(architectures) or n < 1:
            return []
        if isinstance(architectures, ArchTable):
            table = architectures
        else:
            table = ArchTable.from_architectures(architectures)
        ids = table.canonical_ids.tolist()
        # the first of each class of twins, in the order of the architectures
        row_of: dict[str, int] = {}
        for row, canonical_id in enumerate(ids):
            if canonical_id not in self._seen:
                row_of.setdefault(canonical_id, row)
        rows = list(row_of.values())
        if rows and self.problem.conditions:
            feasible = met(self.problem.conditions, self.problem.known, table[np.array(rows)])
            rows = [row for row, meets in zip(rows, feasible, strict=True) if meets]
        candidates = [Candidate(architectures[row], ids[row]) for row in rows[:n]]
        # what is beyond the first `n` was not given out, and may come again
        self._seen.update(candidate.canonical_id for candidate in candidates)
        return candidates
