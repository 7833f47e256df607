"""labels: 5 % and 10 % of the training half (the paper's table 3)."""

from __future__ import annotations

from nasflow.experiments.reproductions.base import Page, ReproduceOptions
from nasflow.experiments.reproductions.comparison import Comparison, compare
from nasflow.experiments.reproductions.settings import PAPER_SPACES
from nasflow.experiments.reproductions.table1 import PAIRS
from nasflow.experiments.reproductions.variants import FGP, METHODS, NONE, with_options

FIVE, TEN = {"ratio": 0.05, "fit.epochs": 150}, {"ratio": 0.1, "fit.epochs": 100}
LONGER = 300


def labels(options: ReproduceOptions) -> Page:
    """The page."""
    done = ("ResGatedGCN as in table 1, fine-tuned on 5 % and 10 % of the training half. Pre-trainings are table 1's. "
            f"An epoch has more steps where there are more labels, so {FIVE['fit.epochs']} and {TEN['fit.epochs']} "
            "epochs are at least as many steps as table 1's; the last group of rows shows what "
            f"{LONGER} epochs change.")
    variants = [*with_options(METHODS, "5 %", FIVE), *with_options(METHODS, "10 %", TEN),
                *with_options((NONE, FGP), f"10 %, {LONGER} epochs", {**TEN, "fit.epochs": LONGER})]
    return compare(options, Comparison("Table 3: more labels", done, variants, PAPER_SPACES, ["table3"], PAIRS))
