"""`RunRecord`: what one run predicted, beside the journal, for whatever is drawn from it later.

    FOLDER/predictions/KEY.npz      KEY is the run's in FOLDER/runs.jsonl
        rows            (n,) int32      test rows of the data set
        predicted       (n,) float32    prediction of each, at the epoch that validation rows chose
        truth           (n,) float32    label of each
        validation_tau  (e,) float32    Kendall tau on the validation rows before the first epoch
                                        and after each; empty without such rows or epochs

The labels come along, so that a folder of results tells its story where the data set is not at
hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.errors import DataError
from nasflow.running.files import load_npz, save_npz


@dataclass(frozen=True, eq=False)
class RunRecord:
    """The test rows of a run with prediction and label, and how its epochs did (see above)."""

    rows: npt.NDArray[np.int32]
    predicted: npt.NDArray[np.float32]
    truth: npt.NDArray[np.float32]
    validation_tau: npt.NDArray[np.float32]

    def save(self, folder: Path, key: str) -> None:
        """Write it below the folder of results, atomically."""
        save_npz(_path(folder, key), vars(self))

    @classmethod
    def load(cls, folder: Path, key: str) -> RunRecord:
        """The record of the run `key`.

        Raises:
            MissingDataError: there is none: the run was made before records were kept, or its file
            is gone. DataError: the file is damaged, or no record; names it.
        """
        path = _path(folder, key)
        arrays = load_npz(path)
        if set(arrays) != {"rows", "predicted", "truth", "validation_tau"}:
            raise DataError(
                f"{path} holds {', '.join(arrays) or 'nothing'}; a record of a run holds rows,"
                " predicted, truth and validation_tau"
            )
        record = cls(**{name: _numbers(path, name, array) for name, array in arrays.items()})
        n_rows, n_predicted = len(record.rows), len(record.predicted)
        n_labels = len(record.truth)
        if not n_rows or not n_rows == n_predicted == n_labels:
            raise DataError(
                f"{path}: {n_rows} rows, {n_predicted} predictions and {n_labels} labels; a record"
                " of a run has as many of each, at least one"
            )
        return record


def _path(folder: Path, key: str) -> Path:
    """Where the record of a run is kept."""
    return folder / "predictions" / f"{key}.npz"


def _numbers(path: Path, name: str, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """`array`, if it is a row of finite numbers; whole ones where they count rows."""
    kind = "i" if name == "rows" else "f"
    if array.ndim != 1 or array.dtype.kind != kind or not np.isfinite(array).all():
        raise DataError(
            f"{path}: {name} is {array.dtype} of shape {array.shape}, or not finite; a record of a"
            " run has finite numbers in a row; delete the file to do without"
        )
    return array
