"""`KeptPage`: a page that `nasflow reproduce` left in a folder, its runs read and checked.

    NAME-manifest.json    data sets by space, options of every row, keys of the runs
    NAME.csv              every run: `group` and `space` say to which part of the page it belongs,
                          `method` in which row it counts, `pretext` what was pre-trained
    NAME.md               the page, its title in the first line
    runs.jsonl            the journal that all pages of the folder share
    predictions/          as beside `nasflow evaluate`

A part is a `Results` like that of an evaluation, its methods called by the names of their rows. A
page that compares no methods (`speed`, `surrogate-map`) has no CSV and no parts.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nasflow.errors import DataError, MissingDataError, UnknownNameError, unknown_name
from nasflow.experiments.methods import WITHOUT_ENCODER
from nasflow.experiments.tables import Entry
from nasflow.report.checks import (
    LEGAL_FOLDERS,
    checked_entry,
    object_in,
    pretrainings_of,
    read_object,
    read_subject,
    run_keys,
)
from nasflow.report.results import Results, check_folder
from nasflow.running.cached import cached_property
from nasflow.running.journal import Journal

_SUFFIX = "-manifest.json"
_REMEDY = "write it anew with nasflow reproduce"
# no two runs have all of them alike; the CSV has what was pre-trained where the journal says method
_IN_JOURNAL = ("dataset", "metric", "method", "split", "seed", "tau", "fit_seconds")
_IN_CSV = ("dataset", "metric", "pretext", "split", "seed", "tau", "fit_seconds")
_COLUMNS = {*_IN_CSV, "method", "group", "space"}


@dataclass(frozen=True)
class KeptPage:
    """A page, and the results that it rests on."""

    name: str
    """What `nasflow reproduce` takes."""
    title: str
    """Its heading; empty where the page itself is not here."""
    manifest: Mapping[str, Any]
    """All that its manifest says."""
    parts: Mapping[str, Results]
    """The results of each of its parts, by `GROUP, SPACE`."""

    def part(self, name: str) -> Results:
        """One of its parts.

        Raises:
            UnknownNameError: it has no such part.
        """
        if not self.parts:
            raise UnknownNameError(
                f"the page {self.name} has no part {name!r}, nor any other: it compares no methods"
            )
        if name not in self.parts:
            raise unknown_name(f"part of {self.name}", name, self.parts)
        return self.parts[name]


class KeptPages:
    """The pages of a folder, which share its journal.

    Attributes:
        folder: the folder.
        names: the names of its pages, in the order of the alphabet.

    Raises:
        MissingDataError: there is no such folder, or it holds no page.
    """

    def __init__(self, folder: Path) -> None:
        check_folder(folder, "runs.jsonl")
        self.folder = folder
        files = folder.glob(f"?*{_SUFFIX}")
        self.names = sorted(path.name.removesuffix(_SUFFIX) for path in files)
        if not self.names:
            raise MissingDataError(
                f"{folder} holds no page of nasflow reproduce, which has a NAME{_SUFFIX}; a page is"
                f" written when its runs are done; {LEGAL_FOLDERS}"
            )

    def read(self, name: str) -> KeptPage:
        """The page of that name.

        Raises:
            UnknownNameError: there is none.
            DataError: something in its files is malformed; names the file.
        """
        if name not in self.names:
            raise unknown_name(f"page of {self.folder}", name, self.names)
        return _read_page(self.folder, name, self._journal.path, self._finished)

    @cached_property
    def _finished(self) -> Mapping[str, Entry]:
        # of all pages: it is long, and read once
        return self._journal.entries()

    @property
    def _journal(self) -> Journal:
        return Journal(self.folder / "runs.jsonl")


def _read_page(folder: Path, name: str, journal: Path, finished: Mapping[str, Entry]) -> KeptPage:
    path = folder / f"{name}{_SUFFIX}"
    manifest = read_object(path, _REMEDY)
    title = _title(folder / f"{name}.md")
    rows = _rows(folder / f"{name}.csv")
    # pages of other kinds list their runs otherwise, or have none
    if not rows or not isinstance(manifest.get("runs"), dict):
        return KeptPage(name, title, manifest, {})
    keys = run_keys(path, manifest, _REMEDY)
    by_values: dict[tuple[str, ...], Entry] = {}
    for key in keys:
        if key in finished:
            entry = checked_entry(journal, finished[key], "run")
            by_values[tuple(str(entry[column]) for column in _IN_JOURNAL)] = entry
    planned: dict[tuple[str, str], int] = {}
    entries: dict[tuple[str, str], list[Entry]] = {}
    for row in rows:
        part = row["group"], row["space"]
        planned[part] = planned.get(part, 0) + 1
        run = by_values.get(tuple(row[column] for column in _IN_CSV))
        # a row of a journal that was cut short counts as planned, and is not shown
        if run is not None:
            named = {**run, "method": row["method"], "pretext": row["pretext"]}
            entries.setdefault(part, []).append(named)
    parts = {}
    for (group, space), of_part in entries.items():
        results = _part(path, manifest, group, space, of_part, planned[group, space])
        pretrainings = pretrainings_of(journal, finished, keys, of_part)
        parts[f"{group}, {space}"] = replace(results, pretrainings=pretrainings)
    if not parts:
        raise DataError(
            f"{journal} holds no run of the page {name}; nasflow reproduce {name} --out {folder}"
            " makes them"
        )
    return KeptPage(name, title, manifest, parts)


def _part(
    path: Path,
    manifest: Mapping[str, Any],
    group: str,
    space: str,
    entries: Sequence[Entry],
    n_planned: int,
) -> Results:
    """The results of one part, its manifest made like that of an evaluation."""
    about = object_in(path, object_in(path, manifest, "spaces", _REMEDY), space, _REMEDY)
    name, data_hash, metric = read_subject(path, about, _REMEDY)
    if entries[0]["metric"] != metric.name:
        # a page may test on other labels of the table than the one that its data set is named by
        metric = replace(metric, name=entries[0]["metric"], description=entries[0]["metric"])
    options = object_in(path, manifest, "options", _REMEDY)
    # what the rows of a part share (data, labels, encoder) any of them tells, but not the floor,
    # which has an encoder only in name
    methods = [entry["method"] for entry in entries if entry["method"] not in WITHOUT_ENCODER]
    of_row = options.get(f"{group}, {space}, {methods[0]}") if methods else None
    like_evaluations = {**manifest, **about, "options": of_row}
    return Results(path.parent, name, data_hash, metric, like_evaluations, entries, n_planned, {})


def _title(path: Path) -> str:
    """The heading of a page; empty where its file is not here."""
    if not path.is_file():
        return ""
    # a title that is no UTF-8 is shown as far as it is
    first = path.read_text(errors="replace").partition("\n")[0]
    return first.removeprefix("#").strip()


def _rows(path: Path) -> list[dict[str, str]]:
    """The rows of a page's CSV; none where it is not here, or tells of no methods.

    Raises:
        DataError: a row that is cut short, or text that is no CSV.
    """
    if not path.is_file():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if not _COLUMNS.issubset(reader.fieldnames or ()):
                return []
            rows = list(reader)
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{path} is no CSV ({error}); {_REMEDY}") from None
    for number, row in enumerate(rows, start=1):
        missing = [column for column in sorted(_COLUMNS) if row[column] is None]
        if missing:
            raise DataError(f"{path}: row {number} ends before {missing[0]}; {_REMEDY}")
    return rows
