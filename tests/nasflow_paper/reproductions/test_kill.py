"""A reproduction that is killed, as a process and with its workers, ends as if it had not been."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nasflow.running.journal import Journal
from nasflow_paper.reproductions.base import ReproduceOptions
from nasflow_paper.reproductions.rounds import rounds
from tiny_space import use

# the fixture of the tests, in a process of its own that can be killed
SCRIPT = """
import sys
from pathlib import Path
import pytest
from nasflow.cli import main
from tiny_space import use
use(pytest.MonkeyPatch(), Path(sys.argv[1]))
how = ["--quick", "--jobs", "1", "--splits", "[21,2021]", "--out", sys.argv[2]]
main(["reproduce", "rounds", *how])
"""


@pytest.fixture
def _tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, tmp_path)


@pytest.mark.usefixtures("_tiny")
def test_a_grid_killed_at_a_random_moment_gives_the_page_of_one_never_killed(
    tmp_path: Path,
) -> None:
    options = ReproduceOptions(tmp_path / "whole", quick=True, splits=(21, 2021), progress=False)
    whole = rounds(options).write("rounds", options).read_text()
    n_entries = len(Journal(options.folder / "runs.jsonl").entries())
    killed = tmp_path / "killed"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path), str(killed)],
        env=environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    journal = Journal(killed / "runs.jsonl")
    moment = random.Random()
    n_before = moment.randrange(1, n_entries - 1)
    while len(journal.entries()) < n_before and process.poll() is None:
        time.sleep(0.005)
    time.sleep(moment.uniform(0, 0.05))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    options = ReproduceOptions(killed, quick=True, splits=(21, 2021), progress=False)
    print(f"killed with {len(journal.entries())} of {n_entries} entries, {n_before} waited for")
    assert (
        rounds(options)
        .write("rounds", options)
        .read_text()
        .replace(str(killed), str(tmp_path / "whole"))
        == whole
    )
