"""The example imported names that had moved, and nothing but a user ran it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def ran(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_each_example_finds_what_it_imports(example: Path, tmp_path: Path) -> None:
    done = ran(tmp_path, str(example), "--help")
    assert done.returncode == 0, done.stderr
    assert "--" in done.stdout


@pytest.mark.slow
def test_the_digits_are_read_and_the_winner_is_there_without_us(tmp_path: Path) -> None:
    words = ["--trainings", "1", "--strategies", "random", "--parallel", "1"]
    done = ran(tmp_path, str(EXAMPLES / "digits.py"), *words)
    assert done.returncode == 0, done.stderr
    assert "random: 1 results, the best 1:" in done.stdout
    folder = tmp_path / "runs" / "digits"
    names = {path.name for path in (folder / "random").iterdir()}
    assert names == {"table.txt", "trials.csv", "best.json", "search.png"}
    # by the line that the example prints, in a process that imports no nasflow
    code = (
        "import sys, torch; network = torch.export.load('runs/digits/winner.pt2').module();"
        " print(tuple(network(torch.zeros(5, 1, 8, 8)).shape), 'nasflow' in sys.modules)"
    )
    assert ran(tmp_path, "-c", code).stdout.split("\n")[0] == "(5, 10) False"
