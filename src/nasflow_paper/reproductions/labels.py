"""labels: 5 % and 10 % of the training half (the paper's table 3)."""

from __future__ import annotations

from collections.abc import Sequence

from nasflow.experiments.settings import PAPER_SPACES
from nasflow_paper.reproductions.base import Page, ReproduceOptions
from nasflow_paper.reproductions.comparison import Comparison, compare
from nasflow_paper.reproductions.table1 import PAIRS
from nasflow_paper.reproductions.variants import FGP, METHODS, NONE, Variant, with_options

EPOCHS, FEWER = 300, 100
"""Of fine-tuning. The first is the package's default: nothing was chosen for these labels."""


def labels(options: ReproduceOptions) -> Page:
    """The page on more labels than table 1 has."""
    done = (
        "ResGatedGCN as in table 1, fine-tuned on 5 % and 10 % of the training half. Pre-trainings"
        f" are table 1's. Fine-tuning has {EPOCHS} epochs everywhere, the package's default, in"
        " place of what was tuned on 1 %: an epoch has more steps where there are more labels. A"
        " run's first epochs are those of a shorter run, so the validation rows choose among as"
        f" many. The last group of rows stops after {FEWER}."
    )
    variants = [
        *_fine_tuned(METHODS, "5 %", 0.05, EPOCHS),
        *_fine_tuned(METHODS, "10 %", 0.1, EPOCHS),
        *_fine_tuned((NONE, FGP), "10 %, fewer epochs", 0.1, FEWER),
    ]
    return compare(
        options, Comparison("Table 3: more labels", done, variants, PAPER_SPACES, ["table3"], PAIRS)
    )


def _fine_tuned(
    variants: Sequence[Variant], group: str, ratio: float, epochs: int
) -> list[Variant]:
    return with_options(variants, group, {"ratio": ratio, "fit.epochs": epochs})
