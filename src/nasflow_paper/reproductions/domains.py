"""domains: architectures that are no image classifiers (the paper's table 6)."""

from __future__ import annotations

from nasflow_paper.reproductions.base import Page, ReproduceOptions
from nasflow_paper.reproductions.comparison import Comparison, compare
from nasflow_paper.reproductions.table1 import AGAINST_NONE
from nasflow_paper.reproductions.variants import ARCH2VEC, FLOW, GMAE, GRAPHCL, NONE, Variant


def domains(options: ReproduceOptions) -> Page:
    """The page on graph neural networks."""
    done = (
        "Graph neural networks of NAS-Bench-Graph. The paper does not state the encoder; ours is"
        " ResGatedGCN. There is no proxy for graph networks, so FGP is the flow surrogate alone"
        " (the paper has no ZC-Proxy there either). NAS-Bench-NLP, the paper's other domain, is not"
        " measured: its results are not at hand."
    )
    variants = (NONE, GRAPHCL, ARCH2VEC, GMAE, Variant("FGP", FLOW.method))
    labels = [variant.label for variant in variants]
    pairs = [(label, none) for label, none in AGAINST_NONE if label in labels]
    return compare(
        options,
        Comparison(
            "Table 6: another domain",
            done,
            variants,
            ("nbgraph",),
            ["table6"],
            [*pairs, ("FGP", "GMAE")],
        ),
    )
