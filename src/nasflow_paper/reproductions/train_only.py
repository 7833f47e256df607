"""train-only: pre-training that sees no test architecture (the paper's table 5)."""

from __future__ import annotations

from nasflow.experiments.settings import TWO_SPACES
from nasflow_paper.reproductions.base import Page, ReproduceOptions
from nasflow_paper.reproductions.comparison import Comparison, compare
from nasflow_paper.reproductions.table1 import PAIRS
from nasflow_paper.reproductions.variants import METHODS, with_options


def train_only(options: ReproduceOptions) -> Page:
    """The page on pre-training on the training half of each split."""
    done = (
        "As table 1, but the encoder is pre-trained on the graphs of the training half of each"
        " split, so one pre-training belongs to a split. Surrogates and ranks of proxies are scaled"
        " over these rows alone."
    )
    variants = with_options(METHODS, "ResGatedGCN", {"pretrain_on": "training-half"})
    return compare(
        options,
        Comparison(
            "Table 5: pre-training on the training half alone",
            done,
            variants,
            TWO_SPACES,
            ["table5"],
            PAIRS,
        ),
    )
