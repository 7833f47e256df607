"""table1: three encoders, six pre-trainings, three spaces, 1 % of the labels (the paper's table 1)."""

from __future__ import annotations

from nasflow.experiments.reproductions.base import Page, ReproduceOptions
from nasflow.experiments.reproductions.comparison import Comparison, compare
from nasflow.experiments.reproductions.settings import PAPER_SPACES
from nasflow.experiments.reproductions.variants import METHODS, with_encoder

AGAINST_NONE = [(variant.label, "none") for variant in METHODS[1:]]
PAIRS = [*AGAINST_NONE, ("FGP", "ZC-Proxy"), ("FGP", "GMAE"), ("FGP", "FGP w/o proxy"), ("FGP w/o proxy", "GMAE")]


def table1(options: ReproduceOptions) -> Page:
    """The page."""
    done = ("Each encoder without pre-training (`none`) and after each pre-training on all architectures, fine-tuned "
            "on 1 % of the training half. FGP is flow and proxy together; the paper has FGP w/o proxy in its ablation "
            "alone.")
    variants = [*with_encoder(METHODS, "ResGatedGCN", "resgatedgcn"), *with_encoder(METHODS, "GIN", "gin"),
                *with_encoder(METHODS, "FlowerFormer", "flowerformer")]
    return compare(options, Comparison("Table 1: performance prediction from 1 % of the labels", done, variants,
                                       PAPER_SPACES, ["table1"], PAIRS))
