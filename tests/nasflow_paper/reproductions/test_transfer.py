"""The verdict on transfer, on runs made by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np

from nasflow.datasets import Dataset
from nasflow.experiments.tables import Entry
from nasflow_paper.reproductions.base import PageTable
from nasflow_paper.reproductions.measured import MeasuredRuns
from nasflow_paper.reproductions.transfer import OWN, SPACE, TARGETS, _group, _verdict

LABELS = {OWN: [1.0, 2.0, 3.0, np.nan], **{task: [1.0, 3.0, 2.0, 4.0] for task in TARGETS}}
GAIN = {OWN: 0.06, **dict(zip(TARGETS, (0.02, 0.04, -0.01, 0.03), strict=True))}


def _measured(tasks: tuple[str, ...]) -> MeasuredRuns:
    dataset = cast(Dataset, SimpleNamespace(labels=lambda name: np.array(LABELS[name])))
    entries: list[Entry] = []
    for task in tasks:
        for method, gain in (("none", 0.0), ("FGP", GAIN[task])):
            for split in (1, 2):
                entries.append(
                    {
                        "group": _group(task),
                        "space": SPACE,
                        "method": method,
                        "split": split,
                        "seed": 21,
                        "tau": 0.5 + 0.1 * split + gain,
                    }
                )
    return MeasuredRuns(entries, {}, [], {SPACE: dataset}, {})


def test_gains_are_counted_by_task_and_set_beside_how_far_its_labels_agree() -> None:
    heading, table, words = _verdict(_measured((OWN, *TARGETS)))
    assert str(heading).startswith("## Does the gain survive?")
    assert isinstance(table, PageTable)
    assert [row[:3] for row in table.rows[1:]] == [
        [OWN, "100.0", "+6.0"],
        ["class_object", "33.3", "+2.0"],
        ["room_layout", "33.3", "+4.0"],
        ["segmentsemantic", "33.3", "-1.0"],
        ["jigsaw", "33.3", "+3.0"],
    ]
    assert table.rows[1][3:] == ["-", "-", "-"]
    assert (
        words
        == "FGP gains +6.0 on the task of its labels and +2.0 on the others in the mean, where it"
        " is ahead on 3 of 4."
    )


def test_without_runs_there_is_no_sentence() -> None:
    assert len(_verdict(_measured(()))) == 2
