from __future__ import annotations

from pathlib import Path

import miniatures
from nasflow.datasets.importing import import_table


def test_a_cell_with_an_unfed_output_is_rejected_counted_and_listed(tmp_path: Path) -> None:
    """An invalid cell got the label -1 and was trained on."""
    good = miniatures.record_101(miniatures.CELLS_101[0], 108, 0.9)
    unfed = miniatures.record_101(("bb", "010000000", "input,maxpool3x3,output"), 108, 0.8)
    (tmp_path / "x.tfrecord").write_bytes(miniatures.framed([good, unfed]))
    report = import_table("nb101-tfrecord", tmp_path / "x.tfrecord")
    assert (report.n_read, report.n_rejected) == (2, 1)
    assert report.rejected[0].number == 1
    assert "no path leads from input to output" in report.rejected[0].reason
    assert report.dataset.values["valid_108ep"].tolist() == [0.9]
