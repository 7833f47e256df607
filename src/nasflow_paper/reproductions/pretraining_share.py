"""pretraining-share: how many architectures pre-training needs (the paper's table 15)."""

from __future__ import annotations

import itertools
from dataclasses import replace

from nasflow.experiments.settings import TWO_SPACES
from nasflow_paper.reproductions.base import Page, ReproduceOptions
from nasflow_paper.reproductions.comparison import Comparison, compare
from nasflow_paper.reproductions.variants import FGP, GMAE, NONE, ZC_PROXY, Variant, with_encoder

# as in the paper's table 15
PERCENT = (20, 40, 60, 80, 100)


def pretraining_share(options: ReproduceOptions) -> Page:
    """The page on pre-training on 20 to 100 % of the architectures."""
    done = (
        "A share of the architectures is pre-trained on: for ResGatedGCN of the training half of"
        " each split, for FlowerFormer of all (the paper's table 15). Larger shares hold the"
        " smaller ones. The number of epochs is the same, so a smaller share also means fewer"
        " steps."
    )
    # the rows of the paper's table 15
    of_all = [NONE, *(_share(FGP, percent) for percent in PERCENT)]
    variants = [
        NONE,
        *(_on_half(v, percent) for v in (FGP, GMAE, ZC_PROXY) for percent in PERCENT),
        *with_encoder(of_all, "FlowerFormer", "flowerformer"),
    ]
    # FGP against none, against its rivals on the same share, and against itself on the next smaller
    pairs = [(f"FGP, {percent} %", "none") for percent in PERCENT]
    for rival in ("ZC-Proxy", "GMAE"):
        pairs += [(f"FGP, {percent} %", f"{rival}, {percent} %") for percent in PERCENT]
    pairs += [(f"FGP, {more} %", f"FGP, {fewer} %") for fewer, more in itertools.pairwise(PERCENT)]
    return compare(
        options,
        Comparison(
            "Table 15: a share of the architectures for pre-training",
            done,
            variants,
            TWO_SPACES,
            ["table15"],
            pairs,
        ),
    )


def _on_half(variant: Variant, percent: int) -> Variant:
    """The variant pre-trained on a share of the training half of each split."""
    return replace(
        _share(variant, percent),
        options={"pretrain_on": "training-half", "pretrain_share": percent / 100},
    )


def _share(variant: Variant, percent: int) -> Variant:
    """The variant pre-trained on a share of all architectures."""
    return replace(
        variant, label=f"{variant.label}, {percent} %", options={"pretrain_share": percent / 100}
    )
