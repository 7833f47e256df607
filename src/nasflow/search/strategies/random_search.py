"""random: architectures as the space draws them.

The yardstick; it needs no results, so any number can run at once.
"""

from __future__ import annotations

from nasflow.search.candidates import Candidates
from nasflow.search.strategies.base import History, Proposal, Strategy, drawn


class RandomSearch(Strategy):
    """Draw from `Space.sample`."""

    def choose(self, history: History, candidates: Candidates, n: int) -> list[Proposal]:  # noqa: ARG002
        """`n` fresh samples."""
        return drawn(candidates.fresh(n), "random")
