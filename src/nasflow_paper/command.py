"""The command `nasflow reproduce`, which the package `nasflow` finds by its entry point.

What it takes and does is in `nasflow_paper.reproduce`: the overview of all commands does not wait
for it.
"""

from __future__ import annotations

from nasflow.commands.registry import Command

COMMAND = Command(
    "Measure a table or figure of the paper, and write a page on it",
    "nasflow reproduce surrogate-map --out runs/reproduce",
    "nasflow_paper.reproduce",
)
