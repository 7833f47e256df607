"""encoders: a directed graph convolution, a Transformer, an MLP (the paper's tables 8 and 13)."""

from __future__ import annotations

from nasflow.experiments.settings import TWO_SPACES
from nasflow_paper.reproductions.base import Page, ReproduceOptions
from nasflow_paper.reproductions.comparison import Comparison, compare
from nasflow_paper.reproductions.variants import FGP, FLOW, GMAE, NONE, ZC_PROXY, with_encoder


def encoders(options: ReproduceOptions) -> Page:
    """The page on three encoders beside those of table 1."""
    done = (
        "DiGCN (the paper's table 8), a Transformer and an MLP on the flattened adjacency matrix"
        " (table 13) in place of ResGatedGCN. The MLP has no node states, so GMAE, which masks"
        " nodes, cannot train it."
    )
    variants = [
        *with_encoder((NONE, GMAE, ZC_PROXY, FLOW, FGP), "DiGCN", "digcn"),
        *with_encoder((NONE, GMAE, ZC_PROXY, FLOW, FGP), "Transformer", "transformer"),
        *with_encoder((NONE, ZC_PROXY, FLOW, FGP), "MLP", "mlp"),
    ]
    pairs = [
        ("FGP", "none"),
        ("FGP", "ZC-Proxy"),
        ("FGP", "GMAE"),
        ("FGP w/o proxy", "none"),
        ("ZC-Proxy", "none"),
    ]
    return compare(
        options,
        Comparison(
            "Tables 8 and 13: other encoders",
            done,
            variants,
            TWO_SPACES,
            ["table8", "table13"],
            pairs,
        ),
    )
