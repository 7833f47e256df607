from __future__ import annotations

from pathlib import Path

import numpy as np

from nasflow.datasets import Dataset, Metric
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable


def test_a_query_gives_the_mean_of_all_repeats_every_time(tmp_path: Path) -> None:
    """A query returned one of three trainings at random."""
    table = ArchTable.from_architectures([Architecture(("a",), ()), Architecture(("b",), ())])
    repeats = np.array([[90.0, 92.0, np.nan], [80.0, 81.0, 82.0]])
    data = Dataset("x", table, {"acc": Metric("acc", "three trainings")}, {"acc": repeats})
    assert data.labels("acc").tolist() == [91.0, 81.0]
    data.save(tmp_path / "x.npz")
    np.testing.assert_array_equal(Dataset.load(tmp_path / "x.npz").values["acc"], repeats)
