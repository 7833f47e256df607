"""loss-weights: reconstruction and proxy weighed against each other (the paper's table 14)."""

from __future__ import annotations

from nasflow.experiments.settings import SETTINGS, TWO_SPACES
from nasflow.pretext.proxy import ProxyRankingConfig
from nasflow_paper.reproductions.base import Page, ReproduceOptions
from nasflow_paper.reproductions.comparison import Comparison, compare
from nasflow_paper.reproductions.variants import GMAE, ZC_PROXY, Variant

PRINTED = {"1/2, 1/2": (1.0, 1.0), "1/3, 2/3": (1.0, 2.0), "2/3, 1/3": (2.0, 1.0)}
SCALED = {"scaled 1/2, 1/2": (1.0, 1.0), "scaled 1/10, 9/10": (1.0, 9.0)}


def loss_weights(options: ReproduceOptions) -> Page:
    """The page on weights of the two losses, as published and scaled."""
    done = (
        "FGP with the losses of reconstruction and proxy weighed by the two numbers of a row. In"
        " the first three rows the losses are the paper's: the squared error of raw surrogates, the"
        " hinge with its margin. In the rows named scaled, and everywhere else here, surrogates are"
        " standardised and both losses divided by that of a guess, so that they begin at 1."
    )
    variants = [
        *(_as_published(label, flow, proxy) for label, (flow, proxy) in PRINTED.items()),
        *(_scaled(label, flow, proxy) for label, (flow, proxy) in SCALED.items()),
        ZC_PROXY,
        GMAE,
    ]
    even, *others = [*PRINTED, *SCALED]
    pairs = [*((label, even) for label in others), (even, "ZC-Proxy"), (even, "GMAE")]
    return compare(
        options,
        Comparison(
            "Table 14: weights of the two losses", done, variants, TWO_SPACES, ["table14"], pairs
        ),
    )


def _as_published(label: str, flow: float, proxy: float) -> Variant:
    """The row with the paper's losses: of raw surrogates, and of proxies with their margin."""
    by_space = {}
    for space in TWO_SPACES:
        # our proxy loss is divided by the margin, the paper's is not
        of_task = SETTINGS[space].stages("flow+proxy").pretrain.task_options.get("proxy", {})
        margin = ProxyRankingConfig.from_dict(of_task).margin
        by_space[space] = {"pretrain.weights": {"flow": flow, "proxy": proxy * margin}}
    return Variant(label, "flow+proxy", {"surrogate.standardise": False}, by_space)


def _scaled(label: str, flow: float, proxy: float) -> Variant:
    """The row with our losses, each divided by that of a guess."""
    return Variant(label, "flow+proxy", {"pretrain.weights": {"flow": flow, "proxy": proxy}})
