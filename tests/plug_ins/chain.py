"""A space, as a stranger writes it."""

from __future__ import annotations

from nasflow import Architecture
from nasflow.spaces.template import TemplateSpace


class Chain(TemplateSpace):
    """Three operations in a row."""

    name = "chain"
    ops = ("input", "conv", "pool", "mix", "output")
    choices = ("conv", "pool", "mix")
    n_choices = 3
    edges = ((0, 1), (1, 2), (2, 3), (3, 4))

    def parse(self, text: str) -> Architecture:
        return self.from_choices([self.choices.index(op) for op in text.split(">")])

    def format(self, architecture: Architecture) -> str:
        return ">".join(self.choices[choice] for choice in self.to_choices(architecture))
