"""Small spaces that can be listed, and what their elements are worth."""

from __future__ import annotations

import dataclasses

import numpy as np

from nasflow.encoders.registry import EncoderConfig
from nasflow.graphs.architecture import Architecture
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import FitConfig, PretrainConfig
from nasflow.search.candidates import Candidates, Listed, listed
from nasflow.search.problem import Problem
from nasflow.search.strategies.base import History, Proposal, Strategy
from nasflow.search.strategies.make import make_strategy
from nasflow.search.strategies.registry import SearchConfig
from nasflow.spaces.custom import CustomSpace

CHAIN = CustomSpace(
    {"ops": ["a", "b", "c"], "n_nodes": 4, "edges": "chain"}
)  # 81 elements, no two isomorphic
OPEN = CustomSpace({"ops": ["a", "b"], "max_nodes": 2})  # with isomorphic descriptions
# of each strategy the options that it has
SMALL: dict[str, object] = {
    "encoder": EncoderConfig(width=8),
    "surrogate": SurrogateConfig(k=3),
    "pretrain": PretrainConfig(epochs=2, batch_size=32),
    "fit": FitConfig(epochs=5),
    "round_size": 6,
    "n_parents": 4,
    "n_pool": 20,
    "pretrain_rows": 50,
    "population": 6,
}
MODELS = ("fgp", "gp-onehot", "npenas")


def worth(architecture: Architecture) -> float:
    """A smooth number: later nodes count more, and a `b` before a `c` pays."""
    value = sum(
        {"a": 0.0, "b": 1.0, "c": 1.6}.get(op, 0.0) * (1 + 0.2 * i)
        for i, op in enumerate(architecture.ops)
    )
    return value + 0.5 * sum(
        (architecture.ops[u], architecture.ops[v]) == ("b", "c") for u, v in architecture.edges
    )


def options(strategy: str, **more: object) -> SearchConfig:
    """Small options; `fgp+embedding` is fgp with an encoder that is pre-trained."""
    name, _, part = strategy.partition("+")
    if part:
        more = {"features": (part, "surrogate"), **more}
    known = {field.name for field in dataclasses.fields(SearchConfig.class_of(name))}
    # tests run over all strategies: each takes of all options those that it has
    given = {option: value for option, value in {**SMALL, **more}.items() if option in known}
    return SearchConfig(name, **given)  # type: ignore[arg-type]


class Walk:
    """A strategy on a problem, told the worth of what it proposes, without a file."""

    def __init__(self, config: SearchConfig, problem: Problem, *, whole: bool = True) -> None:
        self.problem = problem
        self.whole: Listed | None = listed(problem) if whole else None
        self.config = config
        self.strategy: Strategy = make_strategy(config, problem, self.whole)
        self.strategy.prepare(False)
        self.proposals: list[Proposal] = []

    @property
    def architectures(self) -> list[Architecture]:
        return [proposal.candidate.architecture for proposal in self.proposals]

    @property
    def values(self) -> list[float]:
        return [worth(architecture) for architecture in self.architectures]

    def step(self, n: int = 1) -> list[Proposal]:
        """Ask for `n` more."""
        history = History(
            self.architectures,
            np.array(self.values),
            [p.origin for p in self.proposals],
            [],
            len(self.proposals),
        )
        rng = np.random.default_rng([self.config.seed, len(self.proposals)])
        candidates = Candidates(
            self.problem, self.whole, [p.candidate.canonical_id for p in self.proposals], rng
        )
        found = self.strategy.propose(history, candidates, n)
        self.proposals += found
        return found

    def walk(self, n: int) -> Walk:
        while len(self.proposals) < n and self.step():
            pass
        return self
