"""`Contents`: what a report says, before it is HTML; and those of one evaluation.

A section is a function of the `Results`; one that lacks what it shows raises, and is replaced by
the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nasflow.errors import NasflowError
from nasflow.experiments.methods import validation_trains
from nasflow.experiments.tables import Entry
from nasflow.report.learning import fitting_section, pretraining_section
from nasflow.report.measured import (
    differences_section,
    has_intervals,
    intervals_section,
    results_section,
    seconds_section,
)
from nasflow.report.ranking import precision_section, ranks_section
from nasflow.report.results import Results
from nasflow.report.section import Section
from nasflow.report.surrogate_map import map_section
from nasflow.report.why import explains, why_section

SECTIONS: dict[str, Callable[[Results], Section]] = {
    "Results": results_section,
    "Intervals": intervals_section,
    "Paired differences": differences_section,
    "Precision at the top": precision_section,
    "Predicted against true rank": ranks_section,
    "Why": why_section,
    "Surrogate map": map_section,
    "Pre-training": pretraining_section,
    "Fine-tuning": fitting_section,
    "Seconds": seconds_section,
}


@dataclass(frozen=True)
class Contents:
    """What a report says."""

    title: str
    about: Sequence[str]
    """Sentences below the title."""
    sections: Mapping[str, Section]
    made: Sequence[str]
    """Lines at the end: how, when and on what the results were made."""
    runs: str
    """How many runs there are, of how many."""
    left_out: Sequence[str]
    """The sections that lack what they show, with the reasons."""


def contents_of_results(results: Results, title: str = "") -> Contents:
    """The contents of a report on one evaluation, with all there is.

    Args:
        results: the evaluation.
        title: the heading; by default data set and metric.
    """
    sections, left_out = sections_of(results, SECTIONS)
    return Contents(
        title or f"{results.dataset_name}: {results.metric.name}",
        about_results(results),
        sections,
        made_by(results.manifest),
        n_runs([results]),
        [f"{name} ({reason})" for name, reason in left_out.items()],
    )


def sections_of(
    results: Results, names: Iterable[str]
) -> tuple[dict[str, Section], dict[str, str]]:
    """The sections of those names, and why some of them had to be left out."""
    sections, left_out = {}, {}
    # methods without intervals or reasons lack nothing: they are not meant to have any
    has = {"Intervals": has_intervals(results), "Why": explains(results)}
    of_methods = [name for name in names if has.get(name, True)]
    for name in of_methods:
        try:
            sections[name] = SECTIONS[name](results)
        except NasflowError as error:
            sections[name] = Section(f"Left out: {error}.")
            left_out[name] = str(error)
    return sections, left_out


def about_results(results: Results) -> list[str]:
    """What was measured, in a few sentences."""
    first, entries = results.entries[0], results.entries
    also_train = any(map(validation_trains, results.methods))
    to = "choose the epoch or to train on as well" if also_train else "choose the epoch"
    about = [
        f"{results.metric.description}.".replace("..", "."),
        (
            f"{first['n_train']} labels to train on, {first['n_validation']} more to {to},"
            f" {first['n_test']:,} to test on; {_count(entries, 'split')},"
            f" {_count(entries, 'seed')}."
        ),
    ]
    if len(entries) < results.n_planned:
        about.append(
            f"The grid is not finished: {len(entries)} of {results.n_planned} runs are done."
        )
    return about


def n_runs(of_all: Sequence[Results]) -> str:
    """How many runs there are, and of how many where some are not done."""
    done = sum(len(results.entries) for results in of_all)
    planned = sum(results.n_planned for results in of_all)
    of_planned = "" if done == planned else f" of {planned}"
    return f"{done}{of_planned} runs"


def made_by(manifest: Mapping[str, Any]) -> list[str]:
    """How, on what and when the results were made, as far as the manifest says."""
    machine, versions = manifest.get("machine"), manifest.get("versions")
    made = [
        f"Command: {manifest.get('command', 'unknown')}",
        f"Date: {manifest.get('date', 'unknown')}",
    ]
    if isinstance(machine, dict):
        made.append(
            f"Machine: {machine.get('processor')}, {machine.get('cores')} cores,"
            f" {machine.get('platform')}"
        )
    if isinstance(versions, dict):
        made.append(
            "Versions: " + ", ".join(f"{name} {version}" for name, version in versions.items())
        )
    return made


def _count(entries: Sequence[Entry], key: str) -> str:
    n = len({entry[key] for entry in entries})
    return f"{n} {key}{'' if n == 1 else 's'}"
