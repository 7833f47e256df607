"""The reproductions by name. A new one is an entry here, a module and a function of that name.

Its module is imported only when asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasflow.errors import unknown_name
from nasflow.running.registry import imported

if TYPE_CHECKING:  # the names must be there at once for --help
    from nasflow_paper.reproductions.base import Reproduction

# what is measured, by name; in the order in which `all` runs them
_REPRODUCTIONS = {
    "table1": "Table 1: three encoders, six pre-trainings, three spaces, 1 % of the labels",
    "labels": "Table 3: 5 % and 10 % of the labels",
    "ablation": "Figure 7: FGP without reconstruction, proxy, forward or backward pass",
    "speed": "Table 4: seconds of encoding, of surrogates, of each pre-training, and the total",
    "train-only": "Table 5: pre-training on the training half alone",
    "domains": "Table 6: graph neural networks (NAS-Bench-Graph)",
    "transfer": "Table 7's question on TransNAS-Bench-101: labels of one task rank another",
    "encoders": "Tables 8 and 13: DiGCN, a Transformer, an MLP",
    "source": "Table 9: trained embeddings in place of the random flow",
    "rounds": "Table 10: one, two and three rounds of the flow",
    "pooling": "Table 11: mean, maximum or sum in the surrogate",
    "operations": "Table 12: whether the surrogate tells which operations occur",
    "loss-weights": "Table 14: weights of reconstruction and proxy",
    "pretraining-share": "Table 15: 20 to 100 % of the architectures for pre-training",
    "random-draws": "Five draws of the random vectors, with Wilcoxon's paired test",
    "equal-time": "Every pre-training for the same seconds",
    "search": "Figure: NPENAS from each pre-training",
    "surrogate-map": (
        "Figure: the flow surrogates of each space, projected and coloured by performance"
    ),
}

# the same for questions beyond the paper, in the package `questions`
_QUESTIONS = {
    "correlation": (
        "Question: does the surrogate follow performance, and where does pre-training on it pay?"
    ),
    "collisions": "Question: which architectures can the surrogate not tell apart, and why?",
    "magnitude": ("Question: does the surrogate vanish or explode with depth, and what cures it?"),
    "sanity": "Question: do surrogates of chains and branching graphs cluster by structure?",
    "activation": "Question: other activations than relu, also per operation",
    "depth": "Question: cells of 8 to 1,000 nodes: time, memory, convergence of pre-training",
    "cycles": "Question: graphs with cycles, condensed or iterated to a fixed point",
    "hypergraph": "Question: several inputs of one sum or concatenation as one hyperedge",
    "epoch": "Question: what choosing the epoch costs, and what chooses it better",
    "robustness": "Question: draws of the random vectors against seeds of the model",
}

NOT_HERE = {
    "nb-nlp": "Table 6, NAS-Bench-NLP: its results are not at hand",
}
"""What the paper reports and no command measures, and why."""


def reproduction_names() -> list[str]:
    """The registered names, in the order in which `all` runs them."""
    return list(reproduction_summaries())


def reproduction_summaries() -> dict[str, str]:
    """One line on each: what is measured."""
    return {**_REPRODUCTIONS, **_QUESTIONS}


def load_reproduction(name: str) -> Reproduction:
    """The reproduction of that name.

    Raises:
        UnknownNameError: there is none; the message lists the names.
    """
    from nasflow_paper.reproductions.base import Reproduction

    summaries = reproduction_summaries()
    if name not in summaries:
        raise unknown_name("reproduction", name, ["list", "all", *summaries])
    package = "questions" if name in _QUESTIONS else "reproductions"
    module = name.replace("-", "_")
    run = imported(f"nasflow_paper.{package}.{module}:{module}")
    return Reproduction(name, summaries[name], run)
