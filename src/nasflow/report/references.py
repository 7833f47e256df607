"""Numbers of others for the same evaluation, which stand below ours in the table of results.

An installed package adds some by an entry point `nasflow.references` that names a function of the
results.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from nasflow.report.results import Results
from nasflow.running.registry import Registry


@dataclass(frozen=True)
class Reference:
    """What one source reports."""

    numbers: dict[tuple[str, str], str] = field(default_factory=dict)
    """Its numbers by method and metric, such as ("flow", "tau"); empty where it has none."""
    name: str = "paper"
    """What stands before each of them."""
    remark: str = ""
    """What the reader must know to compare, a sentence or two."""


REFERENCES: Registry[Callable[[Results], Reference]] = Registry(
    "source of reference numbers",
    "nasflow.references",
    {},
    callable,
    "a function of the Results",
)


def references(results: Results) -> list[Reference]:
    """What the sources at hand report for the same evaluation, of those that report something."""
    of_all_sources = [REFERENCES.find(name)(results) for name in REFERENCES.names()]
    return [reference for reference in of_all_sources if reference.numbers]
