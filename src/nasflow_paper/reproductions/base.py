"""What every reproduction is: a function from `ReproduceOptions` to a `Page`, which writes itself.

    FOLDER/NAME.md               what was done, tables and pictures, command, machine, date
    FOLDER/NAME-PICTURE.png      its pictures
    FOLDER/NAME.csv              every run as a row, where there are runs
    FOLDER/NAME-manifest.json    data hashes, options, versions
    FOLDER/runs.jsonl            the journal that all reproductions of the folder share
    FOLDER/pretrained/           weights, shared too

The page is written last, each file atomically: a page that is there has all it shows beside it.
"""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nasflow.errors import ConfigError
from nasflow.experiments.manifest import machine, surroundings
from nasflow.experiments.tables import Entry, markdown, write_csv
from nasflow.running.files import write_json, write_text

_LINE_LENGTH = 119
"""Of a page's paragraphs: what the pages that are kept in the repository have."""


@dataclass(frozen=True)
class ReproduceOptions:
    """How much of a reproduction is measured, and where its results go."""

    folder: Path
    """Where pages, journal and weights live; what the journal holds is not done again."""
    quick: bool = False
    """A first look: one split, one seed, few epochs; under three minutes."""
    jobs: int = 1
    """Number of processes."""
    ray: str | None = None
    """Address of a Ray cluster that does the work in place of local processes."""
    splits: tuple[int, ...] | None = None
    """Seeds of the splits; None for the reproduction's own."""
    seeds: tuple[int, ...] | None = None
    """Seeds of the model; None for the reproduction's own."""
    spaces: tuple[str, ...] | None = None
    """Spaces to measure on, such as nb201; None for all of the reproduction's own."""
    only: tuple[str, ...] | None = None
    """Rows and groups of rows to measure now, such as none, FGP, GIN; None for all.

    The page shows all that were ever measured.
    """
    progress: bool = True
    """Whether to draw progress bars."""

    def choose(self, spaces: Sequence[str]) -> tuple[str, ...]:
        """Those of `spaces`, a reproduction's own, that were asked for; all where none was named.

        Raises:
            ConfigError: one was asked for that the reproduction does not have.
        """
        if self.spaces is None:
            return tuple(spaces)
        # an error, not a page without it: one would look for it in vain
        unknown = [name for name in self.spaces if name not in spaces]
        if unknown:
            raise ConfigError(f"--spaces names {unknown[0]}; legal here: {', '.join(spaces)}")
        return self.spaces

    def command(self, name: str) -> str:
        """The command that makes the page `name` again."""
        words = ["nasflow", "reproduce", name]
        if self.quick:
            words.append("--quick")
        for option, seeds in (("splits", self.splits), ("seeds", self.seeds)):
            if seeds is not None:
                words += [f"--{option}", f"[{','.join(map(str, seeds))}]"]
        for option, names in (("spaces", self.spaces), ("only", self.only)):
            if names is not None:
                # a shell would take the names of some rows apart, such as `FGP w/o proxy`
                words += [f"--{option}", shlex.quote(",".join(names))]
        return " ".join([*words, "--out", str(self.folder)])


@dataclass(frozen=True)
class PageTable:
    """A table of a page; its first row is the header."""

    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Picture:
    """A picture of a page."""

    name: str
    """What its file is called, behind the page's name."""
    words: str
    """What it shows, for those who do not see it."""
    draw: Callable[[Path], None]
    """Writes the PNG to a path."""


Block = str | PageTable | Picture
"""A part of a page; a string is Markdown."""


@dataclass(frozen=True)
class Page:
    """What a reproduction found."""

    title: str
    done: str
    """Markdown: what was done, on which label, and what of it differs from the source."""
    blocks: Sequence[Block]
    """What follows, in order."""
    entries: Sequence[Entry] = ()
    """The journal entries it rests on: the rows of its CSV."""
    manifest: Mapping[str, Any] = field(default_factory=dict)
    """What the manifest says beside command, versions, machine and date: data sets and options."""

    def write(self, name: str, options: ReproduceOptions) -> Path:
        """Write the page and what it shows into `options.folder`; returns the path of the page."""
        folder = options.folder
        made_by = surroundings(options.command(name))
        parts = [f"# {self.title}", _filled(self.done)]
        for block in self.blocks:
            if isinstance(block, Picture):
                # named after the page: all pages of a folder lie side by side
                file = f"{name}-{block.name}.png"
                block.draw(folder / file)
                parts.append(f"![{block.words}]({file})")
            elif isinstance(block, PageTable):
                parts.append(markdown(block.rows).strip())
            else:
                parts.append(_filled(block))
        links = [f"[manifest]({name}-manifest.json)"]
        if self.entries:
            write_csv(folder / f"{name}.csv", self.entries)
            links.insert(0, f"[every run]({name}.csv)")
        write_json(folder / f"{name}-manifest.json", {**self.manifest, **made_by})
        parts.append(
            f"Command: `{made_by['command']}`\n\n{', '.join(links)}. "
            f"Machine: {self._machine()}. Date: {made_by['date'][:10]}."
        )
        # last, so that a page never links to what a kill has kept from being written
        write_text(folder / f"{name}.md", "\n\n".join(parts) + "\n")
        return folder / f"{name}.md"

    def _machine(self) -> str:
        """This machine; or those that the runs were made on, by this command or earlier ones."""
        if not self.entries:
            here = machine()
            return f"{here['processor']}, {here['cores']} cores"
        # journals written before runs named their processor are still read
        names = [entry.get("processor", "one that was not kept") for entry in self.entries]
        return f"{', '.join(dict.fromkeys(names))}, one core a run"


def _filled(text: str) -> str:
    """Markdown with its plain paragraphs broken into lines."""
    paragraphs = []
    for paragraph in text.strip().split("\n\n"):
        # headings, lists, tables and code stand as they are: there a line break has a meaning
        if paragraph[:1] not in "#*|`-":
            paragraph = textwrap.fill(
                paragraph, _LINE_LENGTH, break_long_words=False, break_on_hyphens=False
            )
        paragraphs.append(paragraph)
    return "\n\n".join(paragraphs)


@dataclass(frozen=True)
class Reproduction:
    """A table or figure that can be measured here."""

    name: str
    """What it is called on the command line."""
    summary: str
    """One line: what is measured."""
    run: Callable[[ReproduceOptions], Page]
    """Measures it; what the journal of the folder holds is not done again."""
