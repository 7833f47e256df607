"""What is known of models besides their graphs: the columns of a CSV, by the names of files."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from nasflow.errors import DataError
from nasflow.running.files import PathLike, require_file

_OF_GRAPHS = ("ops", "edges", "attrs", "globals", "arch", "space")

Cell = float | str | None


@dataclass(frozen=True)
class Labels:
    """The columns of each model, by what the CSV calls it."""

    rows: Mapping[str, Mapping[str, Cell]]

    @classmethod
    def of_file(cls, path: PathLike) -> Labels:
        """The labels in a CSV.

        Raises:
            MissingDataError: no such file.
            DataError: it has no column `id`, an id twice, or a column that the graphs have.
        """
        with require_file(path).open(newline="", encoding="utf-8-sig") as file:
            # a file that is no text may raise anything of these
            try:
                reader = csv.DictReader(file)
                titles = [title.strip() for title in reader.fieldnames or ()]
                lines = list(reader)
            except (csv.Error, UnicodeDecodeError) as error:
                raise DataError(f"{path} is no readable CSV ({str(error)[:120]})") from None
        taken = [title for title in titles if title in _OF_GRAPHS or title.startswith("attrs.")]
        if "id" not in titles or taken or len(set(titles)) < len(titles):
            raise DataError(
                f"{path} has the columns {', '.join(titles)[:200]}; legal: id, and labels of other"
                f" names than {', '.join(_OF_GRAPHS)}, each once"
            )
        rows: dict[str, dict[str, Cell]] = {}
        for number, line in enumerate(lines, start=2):
            cells = {str(title).strip(): value for title, value in line.items()}
            name = str(cells.pop("id") or "").strip()
            # more cells than titles have the title None
            if not name or name in rows or "None" in cells:
                raise DataError(
                    f"{path}, line {number}: the id is {name!r}; legal: a name that stands once,"
                    " and a cell for each column"
                )
            rows[name] = {title: _cell(value) for title, value in cells.items()}
        return cls(rows)

    def of(self, name: str) -> Mapping[str, Cell]:
        """The columns of a model, called by its file or that without its suffix."""
        return self.rows.get(name, self.rows.get(_stem(name), {}))

    def summary(self, names: Sequence[str]) -> str:
        """How many models have labels, and whose labels found no model."""
        n_labelled = sum(bool(self.of(name)) for name in names)
        used = {*names, *map(_stem, names)}
        unused = [name for name in self.rows if name not in used]
        more = ", ..." if len(unused) > 5 else ""
        left = f"; no model for {', '.join(unused[:5])}{more}" if unused else ""
        return f"labels of {n_labelled:,} of {len(names):,} models{left}"


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))


def _cell(text: str | None) -> Cell:
    """A number where it is one, so that a table of labels needs no quotes; nothing where empty."""
    text = (text or "").strip()
    if not text:
        return None
    # what JSON has no word for stays a text, and is refused by name when the table is read
    try:
        number = float(text)
    except ValueError:
        return text
    return number if number - number == 0 else text
