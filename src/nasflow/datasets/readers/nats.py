"""NATS-Bench: a folder `NATS-tss-...-simple` (or `-sss-`), or the one file `NATS-...pickle.pbz2`.

A folder has `meta.pickle.pbz2`, whose `meta_archs` lists the architectures, and
`000000.pickle.pbz2` ... with the results of each: `{"12": state, "200": state}`. The one file holds
the same, `{"meta_archs": [...], "arch2infos": {index: {"12": state, "200": state}},
"evaluated_indexes": [...]}`, and takes 3 GB of memory here instead of 40.

An architecture is a NAS-Bench-201 string (topology, `tss`) or five widths `64:8:32:16:64` (size,
`sss`), which become a chain of five layers named by their width.
"""

from __future__ import annotations

import bz2
import io
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from reprlib import repr as short_repr
from typing import Any, ClassVar

from nasflow.datasets.base import Metric
from nasflow.datasets.pickle_machine import PickleMachine
from nasflow.datasets.pickle_numbers import NUMBERS
from nasflow.datasets.readers.base import Progress, Reader, Rejected, Row
from nasflow.datasets.readers.nats_trials import PREFERRED, metric, read_results, shrink
from nasflow.errors import DataError, GraphError, MissingDataError
from nasflow.graphs.architecture import Architecture
from nasflow.running.files import require_file
from nasflow.spaces.nb201 import NB201

WIDTHS = (8, 16, 24, 32, 40, 48, 56, 64)
_EXTENSION = ".pickle.pbz2"


class Nats(Reader):
    """One row per architecture, in the order of `meta_archs`; a row's number is its index there."""

    format: ClassVar[str] = "nats"
    preferred = PREFERRED
    file_order_is_random = True

    def sources(self) -> list[Path]:
        """See `Reader.sources`: the file, or the folder's meta file and results."""
        if not self.path.is_dir():
            return [require_file(self.path)]
        meta = self.path / f"meta{_EXTENSION}"
        if not meta.is_file():
            raise MissingDataError(
                f"{self.path} has no meta{_EXTENSION}; NATS-Bench's *-simple folders have one"
            )
        results = [path for path in self.path.glob(f"*{_EXTENSION}") if _stem(path).isdecimal()]
        return [meta, *sorted(results)]

    def rows(self, progress: Progress) -> Iterator[Row | Rejected]:
        """See `Reader.rows`."""
        return self._folder(progress) if self.path.is_dir() else self._file(progress)

    def metric(self, name: str) -> Metric:
        """See `Reader.metric`."""
        return metric(name)

    def _folder(self, progress: Progress) -> Iterator[Row | Rejected]:
        meta, *results = self.sources()
        names = architecture_names(self.path, load_pbz2(meta))
        self._settle(names)
        for done, path in enumerate(results):
            index = int(_stem(path))
            # a file too many is one row lost, not the folder
            if not 0 <= index < len(names):
                yield Rejected(
                    index, f"{path.name} is none of the {len(names)} architectures in {meta.name}"
                )
                continue
            # so is one that is damaged; one that asks for more than data ends the reading
            try:
                yield results_row(index, names[index], load_pbz2(path))
            except DataError as error:
                yield Rejected(index, str(error))
            progress(done + 1, len(results))

    def _file(self, progress: Progress) -> Iterator[Row | Rejected]:
        content = load_pbz2(self.path, progress)
        yield from self.whole(content, {})

    def whole(self, content: Any, hp_names: Mapping[str, str]) -> Iterator[Row | Rejected]:
        """The rows of a file that holds everything.

        Args:
            content: of the file.
            hp_names: the epochs, as text, of trainings that the file names otherwise.
        """
        names = architecture_names(self.path, content)
        self._settle(names)
        results = content.get("arch2infos")
        if not isinstance(results, dict):
            raise DataError(
                f"{self.path} has no dictionary arch2infos; NATS-Bench's files have one"
            )
        for index, states in results.items():
            # what is no index has no number to be counted by
            if type(index) is not int or not 0 <= index < len(names):
                yield Rejected(
                    -1, f"results of architecture {short_repr(index)}; legal: 0..{len(names) - 1}"
                )
                continue
            try:
                renamed = {}
                for hp, state in _dictionary(states).items():
                    renamed[hp_names.get(hp, hp)] = state
                yield results_row(index, names[index], renamed)
            except DataError as error:
                yield Rejected(index, str(error))

    def _settle(self, names: list[str]) -> None:
        """Set what depends on the space, topology or size: the first architecture tells which."""
        if names[0].startswith("|"):
            self.space, self.vocabulary = "nb201", NB201().ops
        else:
            self.vocabulary = ("input", *(f"width{width}" for width in WIDTHS), "output")


def _stem(path: Path) -> str:
    """A file's name without `.pickle.pbz2`, which is two suffixes."""
    return path.name.removesuffix(_EXTENSION)


def architecture_names(path: Path, content: Any) -> list[str]:
    """The list `meta_archs` of a file's content."""
    names = content.get("meta_archs") if isinstance(content, dict) else None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise DataError(f"{path} has no list meta_archs of architectures; seen {short_repr(names)}")
    return names


def results_row(index: int, name: str, states: Any) -> Row:
    """The row of one architecture from its states by epochs.

    Raises:
        DataError: malformed results, or results of another architecture.
    """
    values: dict[str, list[float]] = {}
    fixed: dict[str, float] = {}
    for hp, state in _dictionary(states).items():
        if not isinstance(hp, str) or not re.fullmatch("[0-9]{1,4}", hp):
            raise DataError(f"a training of {short_repr(hp)} epochs; legal: a number such as '12'")
        more, costs = read_results(hp, state)
        # files may be renamed; each state says itself whose results it holds
        stated = state.get("arch_str")
        if stated != name:
            raise DataError(
                f"results of {short_repr(stated)}, but {index} is {name!r} in meta_archs"
            )
        # the names of both differ between the epochs, or mean the same
        values |= more
        fixed |= costs
    return Row(index, partial(cell, name), values, fixed)


def cell(name: str) -> Architecture:
    """The graph of a NAS-Bench-201 string or of five widths."""
    if name.startswith("|"):
        return NB201().parse(name)
    widths = name.split(":")
    # as text: int() would take 08 and 8 for the same
    if len(widths) != 5 or not set(widths) <= {str(width) for width in WIDTHS}:
        raise GraphError(
            f"{name!r} is neither a NAS-Bench-201 string nor five widths such as 64:8:32:16:64; "
            f"legal widths: {', '.join(map(str, WIDTHS))}"
        )
    ops = ("input", *(f"width{width}" for width in widths), "output")
    return Architecture(ops, tuple((node, node + 1) for node in range(len(ops) - 1)))


def load_pbz2(path: Path, progress: Progress | None = None) -> Any:
    """The content of a `.pickle.pbz2`, trials shrunk as they pass by, nothing executed.

    Raises:
        UnsafeFileError, DataError: it asks for more than numbers, or is no such file.
    """
    total = require_file(path).stat().st_size
    with path.open("rb") as raw, bz2.BZ2File(raw) as file:

        def on_items(items: dict[Any, Any]) -> None:
            # while the file is read: afterwards its epochs would fill the memory
            shrink(items)
            if progress:
                progress(raw.tell(), total)

        # the machine reads a byte at a time, which BZ2File itself is slow at
        buffered = io.BufferedReader(file, 1 << 20)
        return PickleMachine(buffered, str(path), NUMBERS, on_items=on_items).load()


def _dictionary(value: Any) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise DataError(f"results are {short_repr(value)}; they need a dictionary by epochs")
    return value
