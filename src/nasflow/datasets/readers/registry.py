"""The file formats by name. A new one is one line here and one file, imported when asked for."""

from __future__ import annotations

from pathlib import Path

from nasflow.datasets.readers.base import Reader
from nasflow.errors import unknown_name
from nasflow.running.registry import imported

_READERS = {
    "nb101-tfrecord": (
        "nb101_tfrecord:NB101Tfrecord",
        "NAS-Bench-101, nasbench_full.tfrecord or ..._only108.tfrecord",
    ),
    "nats": ("nats:Nats", "NATS-Bench, a *-simple folder or a .pickle.pbz2 file"),
    "nb201-pth": ("nb201_pth:NB201Pth", "NAS-Bench-201, NAS-Bench-201-v1_1-096897.pth"),
    "nb301-json": ("nb301_json:NB301Json", "NAS-Bench-301, a folder of results_*.json files"),
    "zero-cost-json": (
        "zero_cost_json:ZeroCostJson",
        "NAS-Bench-Suite-Zero, zc_nasbench101.json, ...201, ...301",
    ),
    "pyg": (
        "pyg_file:PygFile",
        "PyTorch Geometric: a .pt list of graphs, as FlowerFormer has them, or processed/data.pt",
    ),
    "csv": (
        "csv_file:CsvFile",
        "a table with columns ops and edges, or arch and space; also .csv.gz, .bz2, .xz",
    ),
    "jsonl": (
        "jsonl_file:JsonlFile",
        "one JSON object a line, with ops and edges; also .jsonl.gz, .bz2, .xz",
    ),
    "parquet": ("parquet_file:ParquetFile", "a Parquet table (extra parquet)"),
}


def format_names() -> list[str]:
    """The registered formats."""
    return list(_READERS)


def format_summaries() -> dict[str, str]:
    """One line on each format: which files it reads."""
    return {name: summary for name, (_, summary) in _READERS.items()}


def make_reader(name: str, path: Path) -> Reader:
    """The reader of the format `name` on a file or folder; nothing is opened yet.

    Raises:
        UnknownNameError: there is no such format; the message lists them.
    """
    if name not in _READERS:
        raise unknown_name("file format", name, _READERS)
    reader = imported(f"nasflow.datasets.readers.{_READERS[name][0]}")(path)
    assert isinstance(reader, Reader)
    return reader
