"""One file was read in two ways: `data import` took unit and direction from `latency [ms, min]`,
and `fit` took the whole title for a name, more being better; a `.csv`, or a `.jsonl.gz`, only `data
import` read at all; and 1e300 was a label to one of them alone.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from nasflow import open_dataset
from nasflow.cli import main
from nasflow.datasets import Dataset, Metric
from nasflow.datasets.importing import read_table
from nasflow.errors import DataError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable

JSONL = (
    b'{"ops": ["input", "a", "output"], "edges": [[0, 1], [1, 2]],'
    b' "acc [%, max]": 81.5, "latency [ms, min]": 3, "params [min, free]": 7}\n'
    b'{"ops": ["input", "b", "output"], "edges": [[0, 1], [1, 2]],'
    b' "acc [%, max]": 80.5, "latency [ms, min]": null, "params [min, free]": 9}\n'
)
CSV = (
    b'ops,edges,"acc [%, max]","latency [ms, min]","params [min, free]"\n'
    b"input|a|output,0>1 1>2,81.5,3,7\n"
    b"input|b|output,0>1 1>2,80.5,,9\n"
)


def parquet() -> bytes:
    columns = {
        "ops": [["input", "a", "output"], ["input", "b", "output"]],
        "edges": ["0>1 1>2", "0>1 1>2"],
        "acc [%, max]": [81.5, 80.5],
        "latency [ms, min]": [3, None],
        "params [min, free]": [7, 9],
    }
    sink = io.BytesIO()
    pyarrow.parquet.write_table(pa.table(columns), sink)
    return sink.getvalue()


CONTENTS = {"csv": CSV, "jsonl": JSONL, "parquet": parquet()}
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "": lambda content: content,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("format_name", CONTENTS)
def test_every_command_reads_what_an_import_reads(
    format_name: str, packed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"own.{format_name}{packed}"
    path.write_bytes(PACKED[packed](CONTENTS[format_name]))
    imported, opened = read_table(format_name, path), open_dataset(str(path))
    assert opened.metrics == imported.metrics
    assert opened.content_hash() == imported.content_hash()
    for name, unit, maximise, trained in (
        ("acc", "%", True, True),
        ("latency", "ms", False, True),
        ("params", "", False, False),
    ):
        metric = opened.metric(name)
        assert (metric.unit, metric.maximise, metric.trained) == (unit, maximise, trained)
    np.testing.assert_array_equal(opened.labels("latency"), [3, np.nan])
    assert opened.proxy("params").tolist() == [7, 9]
    main(["data", "info", str(path)])
    line = next(row for row in capsys.readouterr().out.splitlines() if row.startswith("latency"))
    assert line.split()[:4] == ["latency", "ms", "less", "1"]


def test_a_file_is_what_its_bytes_say(tmp_path: Path) -> None:
    """A browser may unpack what it saves and keep the name."""
    (tmp_path / "own.csv.gz").write_bytes(CSV)
    (tmp_path / "own.csv").write_bytes(gzip.compress(CSV))
    for name in ("own.csv.gz", "own.csv"):
        assert open_dataset(str(tmp_path / name)).labels("acc").tolist() == [81.5, 80.5]


@pytest.mark.parametrize("number", ["1e300", "-1e308", "5e-324", "-0.0"])
def test_whatever_a_float_can_hold_is_a_label(number: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"ops,edges,loss\na,,{number}\nb,,1\n")
    (tmp_path / "a.jsonl").write_text(
        f'{{"ops": ["a"], "edges": [], "loss": {number}}}\n'
        '{"ops": ["b"], "edges": [], "loss": 1}\n'
    )
    for format_name in ("csv", "jsonl"):
        path = tmp_path / f"a.{format_name}"
        for dataset in (open_dataset(str(path)), read_table(format_name, path)):
            assert dataset.labels("loss").tolist() == [float(number), 1]


def test_the_mean_of_repeats_near_the_largest_float_is_one() -> None:
    table = ArchTable.from_architectures([Architecture(("a",)), Architecture(("b",))])
    values = {"loss": np.array([[1.5e308, 1.7e308], [1.0, np.nan]])}
    dataset = Dataset("own", table, {"loss": Metric("loss", "", "")}, values)
    assert dataset.labels("loss").tolist() == [1.6e308, 1.0]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl.gz", ".parquet"])
def test_a_malformed_row_stops_with_its_place_in_every_format(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"own{suffix}"
    if suffix == ".csv":
        path.write_text("ops,edges,acc\na,,1\na|b,0>1 1>0,2\n")
        message = "own.csv line 3: edge list has a cycle 0 -> 1 -> 0"
    elif suffix == ".parquet":
        table = pa.table({"ops": ["a", "a|b"], "edges": ["", "0>1 1>0"], "acc": [1, 2]})
        pyarrow.parquet.write_table(table, path)
        message = "own.parquet row 1: edge list has a cycle 0 -> 1 -> 0"
    else:
        text = (
            '{"ops": ["a"], "edges": [], "acc": 1}\n\n'
            '{"ops": ["a", "b"], "edges": [[0, 1], [1, 0]], "acc": 2}\n'
        )
        path.write_bytes(gzip.compress(text.encode()))
        message = "own.jsonl.gz line 3: edge list has a cycle 0 -> 1 -> 0"
    with pytest.raises(DataError, match=message):
        open_dataset(str(path))


def test_an_operation_that_a_model_does_not_know_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("ops,edges,acc\na|b,0>1,1\na|zoom,0>1,2\n")
    assert open_dataset(str(path), ["a", "b", "zoom", "more"]).table.n_ops == 4
    with pytest.raises(DataError, match="line 3: unknown operation 'zoom'; legal: a, b"):
        open_dataset(str(path), ["a", "b"])
