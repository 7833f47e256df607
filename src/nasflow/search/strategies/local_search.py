"""local-search: walk uphill, and start again from local optima.

White et al., "Exploring the Loss Landscape in Neural Architecture Search", UAI 2021.

From the best of the first samples, train the neighbours of the best architecture so far, in random
order; move on as soon as one is better ("query until improvement" there: a DARTS cell pair has 120
neighbours, and most budgets end before all are trained). Where no neighbour is left and none was
better, the walk has reached a local optimum, and starts again from a fresh sample.
"""

from __future__ import annotations

from nasflow.search.candidates import Candidates
from nasflow.search.strategies.base import History, Proposal, Strategy, drawn

RESTART = "restart"


class LocalSearch(Strategy):
    """Move to the first better neighbour; restart at local optima."""

    n_initial = 10

    def choose(self, history: History, candidates: Candidates, n: int) -> list[Proposal]:
        """At most `n` unseen neighbours of the best of this walk; without any, a restart."""
        restarts = [i for i, origin in enumerate(history.origins) if origin == RESTART]
        start = restarts[-1] if restarts else 0  # this walk has no memory of those before it
        best = start + int(history.utility[start:].argmax())
        steps = drawn(candidates.neighbours(history.architectures[best], n), "neighbour")
        # while neighbours are being trained the walk may still move on; only one more start is made
        # meanwhile
        return steps or drawn(candidates.fresh(1), RESTART)
