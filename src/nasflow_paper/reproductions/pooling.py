"""pooling: how messages meet in the surrogate (the paper's table 11)."""

from __future__ import annotations

from nasflow.experiments.settings import TWO_SPACES
from nasflow_paper.reproductions.base import Page, ReproduceOptions
from nasflow_paper.reproductions.comparison import Comparison, compare
from nasflow_paper.reproductions.variants import Variant


def pooling(options: ReproduceOptions) -> Page:
    """The page on surrogates that pool by mean, maximum and sum."""
    done = (
        "FGP with surrogates whose messages meet in a node, and in the surrogate, by their mean,"
        " maximum or sum."
    )
    variants = [
        Variant(pool, "flow+proxy", {"surrogate.pooling": pool}) for pool in ("mean", "max", "sum")
    ]
    return compare(
        options,
        Comparison(
            "Table 11: pooling in the surrogate",
            done,
            variants,
            TWO_SPACES,
            ["table11"],
            [("sum", "mean"), ("sum", "max")],
        ),
    )
