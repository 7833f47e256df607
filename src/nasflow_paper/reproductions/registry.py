"""The reproductions by name. A new one is an entry here; its module is imported only when asked
for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasflow.errors import unknown_name
from nasflow.running.registry import imported

if TYPE_CHECKING:  # the names must be there at once for --help
    from nasflow_paper.reproductions.base import Reproduction

# name: (module:function below this package, what is measured)
_REPRODUCTIONS = {
    "table1": (
        "table1:table1",
        "Table 1: three encoders, six pre-trainings, three spaces, 1 % of the labels",
    ),
    "labels": ("labels:labels", "Table 3: 5 % and 10 % of the labels"),
    "ablation": (
        "ablation:ablation",
        "Figure 7: FGP without reconstruction, proxy, forward or backward pass",
    ),
    "speed": (
        "speed:speed",
        "Table 4: seconds of encoding, of surrogates, of each pre-training, and the total",
    ),
    "train-only": ("train_only:train_only", "Table 5: pre-training on the training half alone"),
    "domains": ("domains:domains", "Table 6: graph neural networks (NAS-Bench-Graph)"),
    "transfer": (
        "transfer:transfer",
        "Table 7's question on TransNAS-Bench-101: labels of one task rank another",
    ),
    "encoders": ("encoders:encoders", "Tables 8 and 13: DiGCN, a Transformer, an MLP"),
    "source": ("source:source", "Table 9: trained embeddings in place of the random flow"),
    "rounds": ("rounds:rounds", "Table 10: one, two and three rounds of the flow"),
    "pooling": ("pooling:pooling", "Table 11: mean, maximum or sum in the surrogate"),
    "operations": (
        "operations:operations",
        "Table 12: whether the surrogate tells which operations occur",
    ),
    "loss-weights": ("loss_weights:loss_weights", "Table 14: weights of reconstruction and proxy"),
    "pretraining-share": (
        "pretraining_share:pretraining_share",
        "Table 15: 20 to 100 % of the architectures for pre-training",
    ),
    "random-draws": (
        "random_draws:random_draws",
        "Five draws of the random vectors, with Wilcoxon's paired test",
    ),
    "equal-time": ("equal_time:equal_time", "Every pre-training for the same seconds"),
    "search": ("search:search", "Figure: NPENAS from each pre-training"),
    "surrogate-map": (
        "surrogate_map:surrogate_map",
        "Figure: the flow surrogates of each space, projected and coloured by performance",
    ),
}

# the same for questions beyond the paper, in the package `questions`
_QUESTIONS = {
    "correlation": (
        "correlation:correlation",
        "Question: does the surrogate follow performance, and where does pre-training on it pay?",
    ),
    "collisions": (
        "collisions:collisions",
        "Question: which architectures can the surrogate not tell apart, and why?",
    ),
    "magnitude": (
        "magnitude:magnitude",
        "Question: does the surrogate vanish or explode with depth, and what cures it?",
    ),
    "sanity": (
        "sanity:sanity",
        "Question: do surrogates of chains and branching graphs cluster by structure?",
    ),
    "activation": (
        "activation:activation",
        "Question: other activations than relu, also per operation",
    ),
    "depth": (
        "depth:depth",
        "Question: cells of 8 to 1,000 nodes: time, memory, convergence of pre-training",
    ),
    "cycles": (
        "cycles:cycles",
        "Question: graphs with cycles, condensed or iterated to a fixed point",
    ),
    "hypergraph": (
        "hypergraph:hypergraph",
        "Question: several inputs of one sum or concatenation as one hyperedge",
    ),
    "epoch": ("epoch:epoch", "Question: what choosing the epoch costs, and what chooses it better"),
    "robustness": (
        "robustness:robustness",
        "Question: draws of the random vectors against seeds of the model",
    ),
}
_PLACES = {
    name: (f"nasflow_paper.{package}.{place}", summary)
    for package, entries in (("reproductions", _REPRODUCTIONS), ("questions", _QUESTIONS))
    for name, (place, summary) in entries.items()
}

NOT_HERE = {
    "nb-nlp": "Table 6, NAS-Bench-NLP: its results are not at hand",
}
"""What the paper reports and no command measures, and why."""


def reproduction_names() -> list[str]:
    """The registered names, in the order in which `all` runs them."""
    return list(_PLACES)


def reproduction_summaries() -> dict[str, str]:
    """One line on each: what is measured."""
    return {name: summary for name, (_, summary) in _PLACES.items()}


def load_reproduction(name: str) -> Reproduction:
    """The reproduction of that name.

    Raises:
        UnknownNameError: there is none; the message lists the names.
    """
    from nasflow_paper.reproductions.base import Reproduction

    if name not in _PLACES:
        raise unknown_name("reproduction", name, ["list", "all", *_PLACES])
    place, summary = _PLACES[name]
    return Reproduction(name, summary, imported(place))
