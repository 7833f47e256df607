"""The same seconds for every pre-training: timed once, then counted in epochs."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasflow_paper.reproductions import epoch_seconds, equal_time
from nasflow_paper.reproductions.epoch_seconds import kept_epoch_seconds
from nasflow_paper.reproductions.variants import FLOW, GMAE
from tiny_space import dataset, use


def test_what_was_timed_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, tmp_path)
    data, times = dataset(), iter([7.0, 9.0])
    monkeypatch.setattr(epoch_seconds, "epoch_seconds", lambda *_: next(times))
    assert kept_epoch_seconds(FLOW, "nb201", data, False, tmp_path) == 7
    assert kept_epoch_seconds(FLOW, "nb201", data, False, tmp_path) == 7
    assert kept_epoch_seconds(GMAE, "nb201", data, False, tmp_path) == 9


def test_an_epoch_on_a_part_is_scaled_to_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class History:
        seconds = (3.0, 2.0, 4.0)

    use(monkeypatch, tmp_path)
    seen = []
    monkeypatch.setattr(
        epoch_seconds, "pretrain", lambda encoder, table, *_: seen.append(len(table)) or History
    )
    data = dataset()
    assert (
        epoch_seconds.epoch_seconds(
            FLOW, "nb201", data, epoch_seconds.rows_to_time(data, False)[:40]
        )
        == 6.0
    )
    assert seen == [40]


def test_all_get_the_seconds_of_fgp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, tmp_path)
    usual = 40  # epochs of every pre-training
    assert equal_time._epochs("nb201", {"FGP": 2.0, "GMAE": 1.0, "GraphCL": 8.0}, False) == {
        "FGP": usual,
        "GMAE": 2 * usual,
        "GraphCL": usual // 4,
    }
    # without a proxy the flow alone sets the time, and everything gets an epoch at least
    assert equal_time._epochs("nb201", {"FGP w/o proxy": 1.0, "GMAE": 1000.0}, False) == {
        "FGP w/o proxy": usual,
        "GMAE": 1,
    }
