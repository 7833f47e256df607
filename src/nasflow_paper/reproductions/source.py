"""source: trained embeddings in place of the random flow (the paper's table 9)."""

from __future__ import annotations

from dataclasses import replace

from nasflow.experiments.settings import SETTINGS, TWO_SPACES
from nasflow_paper.reproductions.base import Page, ReproduceOptions
from nasflow_paper.reproductions.comparison import Comparison, compare
from nasflow_paper.reproductions.variants import FGP, NONE, ZC_PROXY, Variant

TEACHER = replace(NONE, label="FlowerFormer alone", encoder="flowerformer")


def source(options: ReproduceOptions) -> Page:
    """The page on FGP that reconstructs a trained encoder's embeddings."""
    done = (
        "FGP whose surrogate is not the random flow but the embeddings of an encoder that was"
        " trained on the labels of the training rows. The paper takes a trained TA-GATES; here it"
        " is FlowerFormer, fine-tuned without pre-training on the same split and seed"
        " (`FlowerFormer alone` is that encoder as a predictor). The embeddings of all"
        " architectures are standardised and reconstructed like the surrogate, with the same weight"
        " beside the proxy. So labels of the training rows, and the epoch that the validation rows"
        " chose, reach this pre-training; those of test rows do not."
    )
    weights = {space: {"pretrain.weights": _weights(space)} for space in TWO_SPACES}
    trained = Variant("trained embeddings", "vectors+proxy", by_space=weights, source=TEACHER)
    pairs = [
        ("FGP", "trained embeddings"),
        ("trained embeddings", "ZC-Proxy"),
        ("trained embeddings", "none"),
        ("trained embeddings", "FlowerFormer alone"),
    ]
    return compare(
        options,
        Comparison(
            "Table 9: where the surrogate comes from",
            done,
            [NONE, ZC_PROXY, trained, FGP, TEACHER],
            TWO_SPACES,
            ["table9"],
            pairs,
        ),
    )


def _weights(space: str) -> dict[str, float]:
    """The weights of FGP, with the vectors in place of the flow."""
    weights = SETTINGS[space].stages("flow+proxy").pretrain.weights
    return {name.replace("flow", "vectors"): weight for name, weight in weights.items()}
