"""pretraining-share: how many architectures pre-training needs (the paper's table 15 and its figure
on the same).
"""

from __future__ import annotations

import itertools
from dataclasses import replace

from nasflow.experiments.settings import TWO_SPACES
from nasflow_paper.reproductions.base import Page, ReproduceOptions
from nasflow_paper.reproductions.comparison import Comparison, compare
from nasflow_paper.reproductions.variants import FGP, GMAE, NONE, ZC_PROXY, Variant, with_encoder

PERCENT = (20, 40, 60, 80, 100)


def pretraining_share(options: ReproduceOptions) -> Page:
    """The page."""
    done = (
        "A share of the architectures is pre-trained on: for ResGatedGCN of the training half of"
        " each split, for FlowerFormer of all (the paper's table 15). Larger shares hold the"
        " smaller ones. The number of epochs is the same, so a smaller share also means fewer"
        " steps."
    )
    variants = [
        NONE,
        *(_on_half(v, percent) for v in (FGP, GMAE, ZC_PROXY) for percent in PERCENT),
        *with_encoder([NONE], "FlowerFormer", "flowerformer"),
        *with_encoder(
            [_share(FGP, percent) for percent in PERCENT], "FlowerFormer", "flowerformer"
        ),
    ]
    pairs = [
        *((f"FGP, {percent} %", "none") for percent in PERCENT),
        *(
            (f"FGP, {percent} %", f"{rival}, {percent} %")
            for rival in ("ZC-Proxy", "GMAE")
            for percent in PERCENT
        ),
        *((f"FGP, {b} %", f"FGP, {a} %") for a, b in itertools.pairwise(PERCENT)),
    ]
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
    return replace(
        _share(variant, percent),
        options={"pretrain_on": "training-half", "pretrain_share": percent / 100},
    )


def _share(variant: Variant, percent: int) -> Variant:
    return replace(
        variant, label=f"{variant.label}, {percent} %", options={"pretrain_share": percent / 100}
    )
