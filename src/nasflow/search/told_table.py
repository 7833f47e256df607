"""Results that a user has from before, read from a table: `nasflow search --told results.csv`.

A `trials.csv` of a search is read as it is. Of any other table (an Optuna study's
`trials_dataframe`, the summary of NePS, an export of wandb) a mapping says which columns are meant:

    value: accuracy              the results
    state: status                what became of a trial; by default `state`, if there is one
    architecture: cell           the architecture in the space's notation
    node*: params_op*            or a column for each choice (`told_choices`)
    ops: {conv: Conv3x3}         operations by other names: ours, theirs

Everything is read before anything is told.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasflow.datasets.own_tables import LEGAL, own_format
from nasflow.datasets.readers.base import Rejected, no_progress
from nasflow.datasets.readers.cells import architecture as graph_of_cells
from nasflow.datasets.readers.columns import is_index
from nasflow.datasets.readers.number_cells import is_number_title
from nasflow.datasets.readers.own_table import Header, OwnTable
from nasflow.datasets.readers.registry import make_reader
from nasflow.datasets.readers.text_columns import Record
from nasflow.errors import ConfigError, DataError, GraphError, unknown_option
from nasflow.graphs.architecture import Architecture
from nasflow.running.files import PathLike, require_file
from nasflow.running.numbers import number_in, number_of
from nasflow.search.problem import Problem
from nasflow.search.told import check_element
from nasflow.search.told_choices import (
    OPTION,
    check_title,
    choice_columns,
    has_places,
    is_choice,
    suggestion,
)
from nasflow.spaces.base import Space
from nasflow.spaces.custom import CustomSpace
from nasflow.spaces.json_text import notation_of

_KEYS = ("value", "state", "architecture", "ops")
_CHOICES = ("node1", "node*", "node1.FEATURE", "node*.FEATURE", "0>2")  # examples, for messages
_NOTATIONS = ("architecture", "arch")  # columns that hold it where none is named
_STATES = ("state", "State")
# how nasflow, Optuna, NePS, wandb and Ray Tune call a trial that gave its result
_DONE = ("done", "complete", "completed", "success", "finished", "terminated")
_NO_VALUE = ("", "nan", "none", "null", "na", "<na>")
_MOST_NAMED = 5  # rows of an error

ToArchitecture = Callable[[Mapping[str, Any]], Architecture]


@dataclass(frozen=True)
class ToldTable:
    """What a table tells."""

    results: list[tuple[Architecture, float]]
    """In the order of the rows."""
    left_out: Mapping[str, int]
    """How many rows have no result, by the reason."""


def read_told(path: PathLike, problem: Problem, columns: Mapping[str, Any]) -> ToldTable:
    """The results in a table.

    Args:
        path: a CSV, JSONL or Parquet, compressed or not.
        problem: whose space the architectures are of.
        columns: the mapping on this module's first page.

    Raises:
        MissingDataError: there is no such file.
        ConfigError: a mapping that does not fit the table or the space.
        DataError: rows that tell no result of an architecture of the space; names the first, and
            where the others are.
    """
    titles, records, counts = _records(path)
    mapping, their_names = _checked(columns)
    value = mapping.get("value", "value")
    # where the user named none, no title of theirs is misspelt
    if "value" not in mapping and value not in titles:
        raise ConfigError(
            f"{path}: no column is called value; say which has the results: {OPTION} "
            f"'{{value: COLUMN}}'; columns: {', '.join(titles)}"
        )
    check_title(value, titles)
    state = mapping.get("state") or next((name for name in _STATES if name in titles), None)
    if state is not None:
        check_title(state, titles)
    to_architecture = _to_architecture(path, problem.space, mapping, their_names, titles)
    results: list[tuple[Architecture, float]] = []
    left_out: Counter[str] = Counter()
    faults: list[tuple[int, str]] = []
    for record in records:
        try:
            # a broken line is a fault as any other
            if isinstance(record, Rejected):
                raise DataError(record.reason)
            reason = _without_result(record.cells, value, state)
            if reason:
                left_out[reason] += 1
                continue
            # the value first: it is what most often does not fit
            number = _value(record.cells, value)
            architecture = to_architecture(record.cells)
            check_element(architecture, problem)
            results.append((architecture, number))
        except (DataError, GraphError) as error:
            faults.append((record.number, str(error)))
    if faults:
        raise DataError(_in_words(path, counts, faults))
    if not results:
        reasons = ", ".join(f"{n} {reason}" for reason, n in left_out.items()) or "no row"
        raise DataError(f"{path} has no result ({reasons})")
    return ToldTable(results, left_out)


def _records(path: PathLike) -> tuple[list[str], list[Record | Rejected], str]:
    """The titles of a table, its rows, and what their numbers count: lines or rows."""
    file = require_file(path)
    format_name = own_format(file)
    if format_name is None:
        raise DataError(f"{path} has the suffix {Path(path).suffix!r}; legal: {LEGAL}")
    reader = make_reader(format_name, file)
    assert isinstance(reader, OwnTable)
    # a dict keeps the order of the columns, which messages list
    titles: dict[str, None] = {}
    records: list[Record | Rejected] = []
    for item in reader.records(no_progress):
        if isinstance(item, Header):
            names = [title for title in item.titles if not is_index(title)]
            twice = [name for name, count in Counter(names).items() if count > 1]
            if twice:
                raise DataError(f"{path} names a column twice: {', '.join(twice)}")
            titles.update(dict.fromkeys(names))
            continue
        records.append(item)
        # JSONL has no header: its columns are the keys of all lines
        if isinstance(item, Record):
            titles.update(dict.fromkeys(item.cells))
    return [title for title in titles if not is_index(title)], records, reader.counts


def _checked(columns: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """The titles by key, and our names of operations by theirs.

    Raises:
        ConfigError: a key that there is not, or a value that is no title.
    """
    mapping: dict[str, str] = {}
    our_names: dict[str, str] = {}
    for key, title in columns.items():
        if key not in _KEYS and not is_choice(str(key)):
            raise unknown_option(
                OPTION, str(key), (*_KEYS, "node1", "node*", "node1.FEATURE", "0>2")
            )
        if key == "ops":
            if not isinstance(title, Mapping):
                raise ConfigError(
                    f"{OPTION}: ops is {title!r}; legal: names by ours, such as {{conv: Conv3x3}}"
                )
            # turned round: cells hold their names
            our_names = {str(theirs): str(ours) for ours, theirs in title.items()}
        elif isinstance(title, (str, int)) and not isinstance(title, bool):
            mapping[str(key)] = str(title)
        else:
            raise ConfigError(f"{OPTION}: {key} is {title!r}; legal: the title of a column")
    return mapping, our_names


def _to_architecture(
    path: PathLike,
    space: Space,
    mapping: Mapping[str, str],
    our_names: Mapping[str, str],
    titles: Sequence[str],
) -> ToArchitecture:
    """How a row becomes an architecture."""
    choices = {key: title for key, title in mapping.items() if is_choice(key)}
    if choices:
        if not isinstance(space, CustomSpace) or not has_places(space):
            raise ConfigError(
                f"{OPTION} names columns of single nodes, but the nodes of this space have no fixed"
                f" places; name the one with the notation: {OPTION} '{{architecture: COLUMN}}'"
            )
        return choice_columns(space, choices, our_names, titles).architecture
    if our_names:
        raise ConfigError(f"{OPTION}: ops goes with columns of nodes, such as node*: params_op*")
    notation = mapping.get("architecture")
    if notation is not None:
        check_title(notation, titles)
    else:
        notation = next((name for name in _NOTATIONS if name in titles), None)
    # the notation before ops and edges, which a space may show to predictors in another form
    if notation is not None:
        title = notation
        return lambda cells: _parsed(space, title, cells.get(title))
    if {"ops", "edges"} <= set(titles):
        # with the numbers of nodes and graphs, if it has columns of them
        parts = [title for title in titles if title in ("ops", "edges") or is_number_title(title)]
        return lambda cells: graph_of_cells({name: cells.get(name) for name in parts}, {})
    value = mapping.get("value", "value")
    raise ConfigError(
        f"{path}: no column is called architecture; say how its rows are architectures: {OPTION} "
        f"'{{value: {value}, {suggestion(space, titles)}}}'; columns: {', '.join(titles)}"
    )


def _parsed(space: Space, title: str, cell: Any) -> Architecture:
    """The architecture that a notation is."""
    if cell in (None, ""):
        raise GraphError(f"column {title} is empty; it needs the notation of {space.name}")
    try:
        return space.parse(notation_of(cell))
    except GraphError as error:
        raise GraphError(f"column {title}: {error}") from None


def _without_result(cells: Mapping[str, Any], value: str, state: str | None) -> str:
    """Why a row has no result; empty where it should have one."""
    if state is not None:
        word = str(cells.get(state) or "").strip()
        # Optuna writes TrialState.COMPLETE in some versions
        if word and word.rpartition(".")[2].lower() not in _DONE:
            return f"{state} {word[:40]}"
    cell = cells.get(value)
    is_nan = isinstance(cell, float) and math.isnan(cell)
    is_empty = is_nan or cell is None or str(cell).strip().lower() in _NO_VALUE
    return f"without {value}" if is_empty else ""


def _value(cells: Mapping[str, Any], title: str) -> float:
    """The result of a row."""
    cell = cells[title]
    number = number_in(cell) if isinstance(cell, str) else number_of(cell)
    if number is None or not math.isfinite(number):
        raise DataError(
            f"column {title} is {str(cell)[:40]!r}; legal: a finite number, or nothing where there"
            " is no result"
        )
    return number


def _in_words(path: PathLike, counts: str, faults: Sequence[tuple[int, str]]) -> str:
    """The rows that do not fit, the first one with its fault."""
    # one is told in full: the others are mostly of the same kind
    number, reason = faults[0]
    text = f"{path}, {counts} {number}: {reason}"
    others = [str(number) for number, _ in faults[1:]]
    if others:
        listed = ", ".join(others[:_MOST_NAMED])
        more = ", ..." if len(others) > _MOST_NAMED else ""
        text += f" ({len(others)} more rows do not fit: {counts}s {listed}{more})"
    return f"{text}. Nothing was told"
