"""The contents of reports on pages of `nasflow reproduce`: of one, or of all in a folder."""

from __future__ import annotations

from dataclasses import replace

from nasflow.errors import NasflowError
from nasflow.report.contents import (
    SECTIONS,
    Contents,
    about_results,
    made_by,
    n_runs,
    sections_of,
)
from nasflow.report.kept_pages import KeptPage, KeptPages
from nasflow.report.results import Results
from nasflow.report.section import Figure, Section, Table

_TABLES = ("Results", "Paired differences")
# clouds of points are drawn in WebGL, of which a browser gives a page sixteen windows at most; and
# a page holds the cells of one data set
_OF_ONE_PART = ("Predicted against true rank", "Surrogate map")
_NO_METHODS = "It compares no methods over splits and seeds, and so has no tables here"


def contents_of_page(kept: KeptPage) -> Contents:
    """The contents of a report on a page: each of its parts, with tables and curves."""
    names = [name for name in SECTIONS if name not in _OF_ONE_PART]
    sections: dict[str, Section] = {}
    # many parts may lack a section for one reason, which is said once
    parts_without: dict[tuple[str, str], list[str]] = {}
    for number, (part, results) in enumerate(kept.parts.items()):
        of_part, missing = sections_of(results, names)
        numbered = {name: _numbered(section, number) for name, section in of_part.items()}
        sections[part] = Section(" ".join(about_results(results)), parts=numbered)
        for name, reason in missing.items():
            parts_without.setdefault((name, reason), []).append(part)
    left_out = []
    for (name, reason), parts in parts_without.items():
        of_parts = "; ".join(parts) if len(parts) < len(sections) else "all parts"
        left_out.append(f"{name} of {of_parts} ({reason})")
    about = [f"{_NO_METHODS}: see {kept.name}.md."]
    if sections:
        about = [
            "Ranks of single architectures and the surrogate map are shown of one part at a time:"
            f" nasflow report FOLDER --page '{kept.name}: {next(iter(sections))}'."
        ]
    return Contents(
        kept.title or kept.name,
        about,
        sections,
        made_by(kept.manifest),
        n_runs(list(kept.parts.values())),
        left_out,
    )


def contents_of_pages(pages: KeptPages) -> Contents:
    """The contents of a report on all pages of a folder: the tables of each part of each page."""
    sections: dict[str, Section] = {}
    left_out: list[str] = []
    of_all: list[Results] = []
    for name in pages.names:
        try:
            kept = pages.read(name)
        except NasflowError as error:
            # one damaged page is no reason to show none
            sections[name] = Section(f"Left out: {error}.")
            left_out.append(f"{name} ({error})")
            continue
        of_all += kept.parts.values()
        sections[name] = _tables_of(kept)
    about = [
        "What nasflow reproduce measured, page by page: tau, Spearman and P@K x100, mean (standard"
        " deviation) over the runs, and differences of runs on the same split with the same seed."
        " Small, below ours: numbers of others. What of data and label differs there, and curves,"
        f" are shown of one page at a time: nasflow report {pages.folder} --page {pages.names[0]}."
    ]
    return Contents(f"{pages.folder}", about, sections, [], n_runs(of_all), left_out)


def _tables_of(kept: KeptPage) -> Section:
    """The tables of a page, each under the name of its part."""
    blocks: list[Table | Figure] = []
    for part, results in kept.parts.items():
        # what a part has no table for, such as differences of a single method, its own page says
        sections, _ = sections_of(results, _TABLES)
        tables = [block for block in sections["Results"].blocks if isinstance(block, Table)]
        blocks += [replace(table, caption=part) for table in tables]
        blocks += [
            block for block in sections["Paired differences"].blocks if isinstance(block, Table)
        ]
    command = f"Made by: {kept.manifest.get('command', 'unknown')}."
    text = [f"{kept.title}." if kept.title else "", command]
    if not blocks:
        text.append(f"{_NO_METHODS}: see {kept.name}.md.")
    return Section(" ".join(filter(None, text)), blocks)


def _numbered(section: Section, number: int) -> Section:
    """A section whose figures are told apart from those of other parts by a number."""
    blocks: list[Table | Figure] = []
    for block in section.blocks:
        if isinstance(block, Figure):
            block = replace(block, name=f"{block.name}-{number}")
        blocks.append(block)
    return replace(section, blocks=blocks)
