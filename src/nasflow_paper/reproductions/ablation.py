"""ablation: FGP without each of its parts (the paper's figure 7)."""

from __future__ import annotations

from nasflow.experiments.settings import PAPER_SPACES
from nasflow_paper.reproductions.base import Page, ReproduceOptions
from nasflow_paper.reproductions.comparison import Comparison, compare
from nasflow_paper.reproductions.variants import FGP, NONE, Variant

VARIANTS = (
    NONE,
    Variant("w/o reconstruction", "proxy"),
    Variant("w/o proxy", "flow"),
    Variant("w/o forward", "flow+proxy", {"surrogate.directions": "backward"}),
    Variant("w/o backward", "flow+proxy", {"surrogate.directions": "forward"}),
    FGP,
)


def ablation(options: ReproduceOptions) -> Page:
    """The page on FGP without each of its parts."""
    done = (
        "FGP without the reconstruction of the flow surrogate (the proxy alone), without the proxy,"
        " and with surrogates of one pass alone: without the forward pass the backward one starts"
        " from r at the sinks, without the backward pass the surrogate is what arrives there."
    )
    pairs = [*(("FGP", v.label) for v in VARIANTS[:-1]), ("w/o proxy", "none")]
    return compare(
        options,
        Comparison(
            "Figure 7: what each part of FGP adds", done, VARIANTS, PAPER_SPACES, ["figure7"], pairs
        ),
    )
