"""Distinct architectures of a space, drawn at random."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nasflow.graphs.architecture import Architecture
from nasflow.search.candidates import Candidates, listed
from nasflow.search.problem import Problem
from nasflow.spaces.base import Space

_AT_ONCE = 1000  # canonical ids are cheapest by the table, and this many are soon written


def distinct_samples(space: Space, n: int, seed: int = 0) -> Iterator[list[Architecture]]:
    """At most `n` elements in parts, no two of them twins; of one seed, the first ones of a larger
    `n`.

    Fewer come where the space has no more, or where 40 batches in a row brought nothing new.
    """
    problem = Problem(space)
    candidates = Candidates(problem, None, (), np.random.default_rng([seed]))
    n_left = n
    while n_left > 0:
        part = candidates.fresh(min(n_left, _AT_ONCE))
        if not part and candidates.whole is None:
            # samples no longer meet what is left: only now is it worth listing all elements
            candidates.whole = listed(problem)
            if candidates.whole is not None:
                continue
        if not part:
            return
        n_left -= len(part)
        yield [candidate.architecture for candidate in part]
