"""Matrices as files, written block by block: .csv, .npy, .npz, .parquet.

    .csv, .parquet   a column for each name, a row for each row
    .npz             the matrix under a name, and where they are wanted the `names` of its columns
    .npy             the matrix alone

Nothing but a block is in memory. An .npz has the bytes that `numpy.savez_compressed` would write.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from nasflow.errors import ConfigError, DataError
from nasflow.running.extras import require_extra
from nasflow.running.files import PathLike, atomic_write

Array = npt.NDArray[np.floating[Any]]

_BLOCK = 1 << 23
"""Bytes of a block, which is a row group of Parquet too."""


@dataclass(frozen=True)
class Matrix:
    """What is written."""

    name: str
    """Of the array in an .npz."""
    columns: tuple[str, ...]
    has_names: bool
    """Whether an .npz has the names of the columns too."""
    shape: tuple[int, int]
    """Rows and columns."""
    dtype: np.dtype[Any]
    blocks: Iterable[Array]
    """(n, n_columns) of `dtype` each, all rows together."""


@dataclass(frozen=True)
class RawRows:
    """The rows of a matrix that lie in a file one after the other, and nothing else."""

    path: Path
    n_rows: int
    n_columns: int
    dtype: np.dtype[Any]

    def blocks(self) -> Iterator[Array]:
        """(n, n_columns) each, in their order.

        Raises:
            DataError: the file ends before the last row.
        """
        row_bytes = max(1, self.n_columns * self.dtype.itemsize)
        rows_at_once = max(1, _BLOCK // row_bytes)
        with self.path.open("rb") as file:
            for start in range(0, self.n_rows, rows_at_once):
                n = min(rows_at_once, self.n_rows - start)
                # read and not mapped: mapped pages count as memory of this process
                data = file.read(n * self.n_columns * self.dtype.itemsize)
                if len(data) < n * self.n_columns * self.dtype.itemsize:
                    raise DataError(f"{self.path} ends too early; delete it and start anew")
                yield np.frombuffer(data, self.dtype).reshape(n, self.n_columns)

    def column(self, j: int) -> Array:
        """(n_rows,): one column, in memory."""
        column = np.empty(self.n_rows, self.dtype)
        row = 0
        for block in self.blocks():
            # block by block into its place: parts that are joined at the end need twice the room
            column[row : row + len(block)] = block[:, j]
            row += len(block)
        return column


def check_ending(path: str) -> None:
    """Return if a matrix can be written to a file of this name.

    Raises:
        ConfigError: it ends like none of the kinds.
        MissingExtraError: Parquet, and the extra `parquet` is not installed.
    """
    if not path.endswith(tuple(_WRITERS)):
        raise ConfigError(f"--out {path} is of no known kind; legal endings: {', '.join(_WRITERS)}")
    # before hours of work, and not behind them
    if path.endswith(".parquet"):
        _parquet()


def write_matrix(path: PathLike, matrix: Matrix) -> None:
    """Write the file that the ending asks for, atomically."""
    # not its suffix: of a file called `.npz` that is empty
    (write,) = [write for ending, write in _WRITERS.items() if str(path).endswith(ending)]
    with atomic_write(path) as file:
        write(file, matrix)


def _write_npy(file: IO[bytes], matrix: Matrix) -> None:
    header = {
        "descr": np.lib.format.dtype_to_descr(matrix.dtype),
        "fortran_order": False,
        "shape": matrix.shape,
    }
    np.lib.format.write_array_header_1_0(file, header)
    for block in matrix.blocks:
        file.write(np.ascontiguousarray(block).data)


def _write_npz(file: IO[bytes], matrix: Matrix) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        # how long an entry will be is not known before: it may be longer than 4 GB
        with archive.open(f"{matrix.name}.npy", "w", force_zip64=True) as entry:
            _write_npy(entry, matrix)
        if matrix.has_names:
            with archive.open("names.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, np.array(matrix.columns), allow_pickle=False)


def _write_parquet(file: IO[bytes], matrix: Matrix) -> None:
    arrow, parquet = _parquet()
    kind = arrow.from_numpy_dtype(matrix.dtype)
    schema = arrow.schema([(name, kind) for name in matrix.columns])
    with parquet.ParquetWriter(file, schema) as writer:
        for block in matrix.blocks:
            columns = [arrow.array(column) for column in block.T]
            writer.write_table(arrow.table(columns, schema=schema))


def _write_csv(file: IO[bytes], matrix: Matrix) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    # quotes a name where an operation's has a comma
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(matrix.columns)
    for block in matrix.blocks:
        for row in block.tolist():
            # 9 digits: more than float32 has, without the noise of sums in float64
            writer.writerow([f"{value:.9g}" for value in row])
    text.detach()


def _parquet() -> tuple[Any, Any]:
    arrow = require_extra("pyarrow", "parquet", "writing Parquet files")
    return arrow, require_extra("pyarrow.parquet", "parquet", "writing Parquet files")


_WRITERS: dict[str, Callable[[IO[bytes], Matrix], None]] = {
    ".csv": _write_csv,
    ".npy": _write_npy,
    ".npz": _write_npz,
    ".parquet": _write_parquet,
}
