"""`write_report`: from a folder of results to one HTML file.

A section is a function of the `Results`; one that lacks what it shows raises, and is replaced by
the reason. Results of another kind bring a reader and sections of their own: `page` takes sections,
wherever they come from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from nasflow.errors import NasflowError
from nasflow.experiments.tables import Entry
from nasflow.report.learning import fitting_section, pretraining_section
from nasflow.report.measured import differences_section, results_section, seconds_section
from nasflow.report.page import page
from nasflow.report.ranking import precision_section, ranks_section
from nasflow.report.results import Results, read_results
from nasflow.report.section import Section
from nasflow.report.surrogate_map import map_section
from nasflow.running.files import PathLike, check_writable, write_text

SECTIONS: dict[str, Callable[[Results], Section]] = {
    "Results": results_section,
    "Paired differences": differences_section,
    "Precision at the top": precision_section,
    "Predicted against true rank": ranks_section,
    "Surrogate map": map_section,
    "Pre-training": pretraining_section,
    "Fine-tuning": fitting_section,
    "Seconds": seconds_section,
}


def write_report(folder: PathLike, out: PathLike) -> str:
    """Write the report on the results in `folder` to the HTML file `out`, atomically.

    Returns:
        A line on what was written, and one for each section that had to be left out.

    Raises:
        MissingDataError, DataError: `folder` is none of results; something in it is malformed.
        MissingExtraError: plotly is not installed.
    """
    check_writable(out)
    results = read_results(Path(folder))
    sections, left_out = {}, []
    for title, make in SECTIONS.items():
        try:
            sections[title] = make(results)
        except NasflowError as error:
            sections[title] = Section(f"Left out: {error}.")
            left_out.append(f"\nleft out: {title} ({error})")
    heading = f"{results.dataset_name}: {results.metric.name}"
    text = page(heading, _about(results), sections, _made(results))
    write_text(out, text)
    done = len(results.entries)
    of_planned = "" if done == results.n_planned else f" of {results.n_planned}"
    return (
        f"{out}: {done}{of_planned} runs, {len(text.encode()) / 1e6:.1f} MB; open it in a"
        f" browser{''.join(left_out)}"
    )


def _about(results: Results) -> list[str]:
    """What was measured, in a few sentences."""
    first, entries = results.entries[0], results.entries
    about = [
        f"{results.metric.description}.".replace("..", "."),
        (
            f"{first['n_train']} labels to train on, {first['n_validation']} more to choose the"
            f" epoch, {first['n_test']:,} to test on; {_count(entries, 'split')},"
            f" {_count(entries, 'seed')}."
        ),
    ]
    if len(entries) < results.n_planned:
        about.append(
            f"The grid is not finished: {len(entries)} of {results.n_planned} runs are done."
        )
    return about


def _count(entries: Sequence[Entry], key: str) -> str:
    n = len({entry[key] for entry in entries})
    return f"{n} {key}{'' if n == 1 else 's'}"


def _made(results: Results) -> list[str]:
    """How, on what and when the results were made, as far as the manifest says."""
    manifest = results.manifest
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
