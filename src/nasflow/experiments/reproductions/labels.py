"""labels: 5 % and 10 % of the training half (the paper's table 3)."""

from __future__ import annotations

from nasflow.experiments.reproductions.base import Page, ReproduceOptions
from nasflow.experiments.reproductions.comparison import Comparison, compare
from nasflow.experiments.reproductions.settings import PAPER_SPACES
from nasflow.experiments.reproductions.table1 import PAIRS
from nasflow.experiments.reproductions.variants import METHODS, with_options


def labels(options: ReproduceOptions) -> Page:
    """The page."""
    done = "ResGatedGCN as in table 1, fine-tuned on 5 % and 10 % of the training half. Pre-trainings are table 1's."
    variants = [*with_options(METHODS, "5 %", {"ratio": 0.05}), *with_options(METHODS, "10 %", {"ratio": 0.1})]
    return compare(options, Comparison("Table 3: more labels", done, variants, PAPER_SPACES, ["table3"], PAIRS))
