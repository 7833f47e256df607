"""random: architectures as the space draws them.

The yardstick; it needs no results, so any number can run at once.
"""

from __future__ import annotations

from nasflow.search.candidates import Candidates
from nasflow.search.strategies.base import History, Proposal, Strategy, drawn


class RandomSearch(Strategy):
    """Draw from `Space.sample`."""

    def note_on_budget(self, budget: int, n_told: int = 0) -> str:  # noqa: ARG002
        """Nothing: that all is drawn at random is what was asked for."""
        return ""

    def choose(self, history: History, candidates: Candidates, n: int) -> list[Proposal]:  # noqa: ARG002
        """`n` fresh samples."""
        return drawn(candidates.fresh(n), "random")
