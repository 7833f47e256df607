"""rounds: surrogates of one, two and three rounds of the flow (the paper's table 10)."""

from __future__ import annotations

from nasflow.experiments.settings import TWO_SPACES
from nasflow_paper.reproductions.base import Page, ReproduceOptions
from nasflow_paper.reproductions.comparison import Comparison, compare
from nasflow_paper.reproductions.variants import Variant

LABELS = ("round 1", "rounds 1, 2", "rounds 1, 2, 3")


def rounds(options: ReproduceOptions) -> Page:
    """The page on surrogates of one, two and three rounds."""
    done = (
        "FGP with surrogates of the first rounds of the flow: a round is a forward and a backward"
        " pass and starts where the last ended; each round has a decoder of its own, all trained"
        " together."
    )
    variants = [
        Variant(label, "flow+proxy", {"surrogate.rounds": n})
        for n, label in enumerate(LABELS, start=1)
    ]
    pairs = [(LABELS[0], LABELS[1]), (LABELS[0], LABELS[2])]
    return compare(
        options,
        Comparison("Table 10: rounds of the flow", done, variants, TWO_SPACES, ["table10"], pairs),
    )
