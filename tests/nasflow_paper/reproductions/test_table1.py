"""Methods of two encoders beside each other, on runs made by hand."""

from __future__ import annotations

from typing import Any

from nasflow_paper.reproductions.base import PageTable
from nasflow_paper.reproductions.measured import MeasuredRuns
from nasflow_paper.reproductions.table1 import across_encoders
from tiny_space import dataset


def _measured(taus: dict[tuple[str, str], float]) -> MeasuredRuns:
    entries: list[dict[str, Any]] = [
        {
            "group": group,
            "space": "nb201",
            "method": method,
            "split": split,
            "seed": 21,
            "tau": tau + 0.1 * split,
            "p1": tau / 2,
        }
        for (group, method), tau in taus.items()
        for split in (1, 2)
    ]
    return MeasuredRuns(list(entries), {}, [], {"nb201": dataset()}, {})


def test_a_difference_between_encoders_is_paired_and_stands_beside_the_papers() -> None:
    measured = _measured(
        {
            ("ResGatedGCN", "none"): 0.1,
            ("ResGatedGCN", "FGP"): 0.5,
            ("FlowerFormer", "none"): 0.4,
            ("FlowerFormer", "FGP"): 0.55,
        }
    )
    _, table = across_encoders(measured)
    assert isinstance(table, PageTable)
    header, simple, both = table.rows
    assert header[:3] == ["space", "difference", "tau"]
    assert header[-2:] == ["paper's tau", "paper's P@1%"]
    assert simple[:3] == ["NAS-Bench-201", "ResGatedGCN, FGP - FlowerFormer, none", "+10.0"]
    assert simple[5:] == [
        "2/2 runs",
        "+5.0",
        "+4.9",
        "+13.3",
    ]  # the paper: 82.2 - 77.3, 48.9 - 35.6
    assert both[1:3] == ["ResGatedGCN, FGP - FlowerFormer, FGP", "-5.0"]


def test_one_encoder_alone_has_nothing_to_stand_beside() -> None:
    assert (
        across_encoders(_measured({("ResGatedGCN", "none"): 0.1, ("ResGatedGCN", "FGP"): 0.5}))
        == []
    )
