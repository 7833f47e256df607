"""JSONL with a row for every line: the reader of `own_tables` under its former name."""

from __future__ import annotations

from collections.abc import Sequence

from nasflow.datasets.base import Dataset
from nasflow.datasets.own_tables import read_own_table
from nasflow.running.files import PathLike


def read_jsonl(path: PathLike, vocabulary: Sequence[str] | None = None) -> Dataset:
    """The architectures and labels of a JSONL file, a row for every line: see `read_own_table`."""
    return read_own_table(path, vocabulary, join=False)
