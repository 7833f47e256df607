"""Every reproduction runs from the command to the page, a tiny data set standing for all spaces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from nasflow.cli import main
from nasflow.running.journal import Journal
from nasflow_paper.reproductions import operations, speed, transfer
from nasflow_paper.reproductions.registry import reproduction_names
from tiny_space import use

# the other questions have tests of their own
NAMES = (
    "table1",
    "labels",
    "ablation",
    "speed",
    "train-only",
    "domains",
    "transfer",
    "encoders",
    "source",
    "rounds",
    "pooling",
    "operations",
    "loss-weights",
    "pretraining-share",
    "random-draws",
    "equal-time",
    "search",
    "surrogate-map",
    "epoch",
)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One folder for all: they share its journal."""
    folder = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        use(patch, folder)
        patch.setattr(speed, "ONE_BY_ONE", 2)
        patch.setattr(transfer, "RATIO", 0.1)
        patch.setitem(operations.OPERATIONS, "nb101", operations.OPERATIONS["nb201"])  # type: ignore[arg-type]
        yield folder


@pytest.mark.parametrize("name", NAMES)
def test_the_command_writes_a_page(
    name: str, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert name in reproduction_names()
    main(["reproduce", name, "--quick", "--jobs", "1", "--out", str(results)])
    page = (results / f"{name}.md").read_text()
    assert page in capsys.readouterr().out
    assert f"Command: `nasflow reproduce {name} --quick --out {results}`" in page
    assert "| --- |" in page
    assert json.loads((results / f"{name}-manifest.json").read_text())["spaces"]
    pictures = [part.split(")")[0] for part in page.split("](")[1:]]
    assert all((results / picture).is_file() for picture in pictures)


def test_reproductions_share_runs(results: Path) -> None:
    for name in ("table1", "ablation"):
        main(["reproduce", name, "--quick", "--jobs", "1", "--out", str(results)])
    n_before = len(Journal(results / "runs.jsonl").entries())
    keys = {
        name: set(json.loads((results / f"{name}-manifest.json").read_text())["runs"])
        for name in ("table1", "ablation")
    }
    assert len(keys["ablation"] & keys["table1"]) == 5  # none, proxy, flow, both, and the floor
    main(["reproduce", "ablation", "--quick", "--jobs", "1", "--out", str(results)])
    assert len(Journal(results / "runs.jsonl").entries()) == n_before
