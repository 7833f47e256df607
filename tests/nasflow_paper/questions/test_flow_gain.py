"""The gains that the package ships are those of the runs that the repository keeps."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from nasflow.errors import DataError, MissingDataError
from nasflow_paper.questions.flow_gain import FLOW_GAIN, SOURCES, flow_gains, write_flow_gains

RESULTS = Path(__file__).parents[3] / "docs" / "results"


def test_the_file_is_what_the_kept_runs_give(tmp_path: Path) -> None:
    write_flow_gains(RESULTS, tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_text() == FLOW_GAIN.read_text()
    assert list(flow_gains()) == list(SOURCES)


@pytest.mark.parametrize("name", SOURCES)
def test_a_gain_is_the_mean_over_runs_on_one_split_with_one_seed(name: str) -> None:
    source, taus = SOURCES[name], {}
    with (RESULTS / source.file).open() as file:
        for row in csv.DictReader(file):
            if row["dataset"] == name and row.get("group", "ResGatedGCN") == "ResGatedGCN":
                taus[row["method"], row["split"], row["seed"]] = float(row["tau"])
    differences = [
        100 * (tau - taus["none", split, seed])
        for (method, split, seed), tau in taus.items()
        if method == source.method
    ]
    gain = flow_gains()[name]
    assert gain.n_runs == len(differences) >= 3
    assert gain.gain == pytest.approx(sum(differences) / len(differences), abs=0.0501)
    assert gain.source == source.file


@pytest.mark.parametrize("name", [n for n, source in SOURCES.items() if source.method == "flow"])
def test_the_page_made_from_the_same_runs_shows_the_same_digits(name: str) -> None:
    lines = (RESULTS / "spaces.md").read_text().splitlines()
    (row,) = [line for line in lines if f"(#{name})" in line]
    assert f"| {flow_gains()[name].gain:+.1f} (" in row


def test_runs_that_cannot_be_paired_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError):
        write_flow_gains(tmp_path, tmp_path / "gains.csv")
    (tmp_path / "reproduce").mkdir()
    table = tmp_path / "reproduce" / "table1.csv"
    table.write_text(
        "dataset,method,split,seed,tau,group\n"
        "nb101,none,1,1,0.5,ResGatedGCN\n"
        "nb101,FGP w/o proxy,1,2,0.6,ResGatedGCN\n"
    )
    with pytest.raises(DataError, match="no run of 'FGP w/o proxy' on nb101 has one of 'none'"):
        write_flow_gains(tmp_path, tmp_path / "gains.csv")
    assert not (tmp_path / "gains.csv").exists()
