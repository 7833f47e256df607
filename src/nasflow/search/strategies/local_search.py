"""local-search: walk uphill (White et al., "Exploring the Loss Landscape in Neural Architecture
Search", UAI 2021).

From the best of the first samples, train the neighbours of the best architecture so far, in random
order; move on as soon as one is better ("query until improvement" there: a DARTS cell pair has 120
neighbours, and most budgets end before all are trained). Where no neighbour is left and none was
better, the walk has reached a local optimum, and starts again from a fresh sample.
"""

from __future__ import annotations

import numpy as np

from nasflow.search.candidates import Candidates
from nasflow.search.strategies.base import History, Proposal, Strategy, drawn

RESTART = "restart"


class LocalSearch(Strategy):
    """Move to the first better neighbour; restart at local optima."""

    n_initial = 10

    def choose(self, history: History, candidates: Candidates, n: int) -> list[Proposal]:
        """`n` unseen neighbours of the best since the last restart, and restarts for what is
        missing.
        """
        walk = np.array(
            [i for i, origin in enumerate(history.origins) if origin == RESTART][-1:] or [0]
        )[0]
        best = int(walk) + int(history.utility[walk:].argmax())
        steps = drawn(candidates.neighbours(history.told[best], n), "neighbour")
        # while neighbours are being trained the walk may still move on; only one more start is made
        # meanwhile
        return steps or drawn(candidates.fresh(1), RESTART)
