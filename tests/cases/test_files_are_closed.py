"""With `python -X dev` each table that was read, and each damaged .npz, was a file left open."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import warnings
from pathlib import Path

import pytest

from nasflow import open_dataset
from nasflow.errors import NasflowError

JSONL = '{"ops": ["in", "out"], "edges": [[0, 1]], "accuracy": 1}\n'
CSV = 'ops,edges,accuracy\n"[""in"", ""out""]","[[0, 1]]",1\n'
# no time in it: all processes that run the tests must call them the same
PACKED = gzip.compress(JSONL.encode(), mtime=0)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("own.jsonl", JSONL.encode()),
        ("own.jsonl.gz", PACKED),
        ("own.csv.bz2", bz2.compress(CSV.encode())),
        ("own.csv", CSV.encode()),
        ("wrong.jsonl", b"nothing\n" + JSONL.encode()),
        ("wrong.csv", CSV.encode() + b"1\n"),
        ("cut.jsonl.gz", PACKED[:-9]),
        ("damaged.npz", b"PK\x03\x04 and no more"),
        ("foreign.npz", b"nothing of the kind"),
    ],
)
def test_a_table_is_closed_whatever_is_in_it(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", ResourceWarning)
        with contextlib.suppress(NasflowError):
            open_dataset(str(tmp_path / name))
    assert [str(w.message) for w in warned if issubclass(w.category, ResourceWarning)] == []
