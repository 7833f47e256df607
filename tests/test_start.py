"""What a command imports: seconds that a user waits for, before any work, if it is too much."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

RUNNER = """
import sys
from nasflow.cli import main

main(sys.argv[1:])
print(*(name for name in sys.modules if "." not in name), file=sys.stderr)
"""
NOT_TO_GROW_TREES = {"pandas", "pyarrow", "sklearn"}


def modules(folder: Path, *words: str) -> set[str]:
    """The packages that a process has imported at the end of a command."""
    done = subprocess.run(
        [sys.executable, "-c", RUNNER, *words],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return set(done.stderr.splitlines()[-1].split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of cells with labels, in mine.jsonl."""
    lines = []
    for i in range(24):
        blocks = ["attn" if i >> b & 1 else "mlp" for b in range(5)]
        edges = [[j, j + 1] for j in range(6)]
        lines.append(
            json.dumps({"ops": ["input", *blocks, "output"], "edges": edges, "acc": i % 7})
        )
    path = tmp_path_factory.mktemp("start")
    (path / "mine.jsonl").write_text("\n".join(lines))
    return path


def test_a_fast_blend_is_fitted_and_predicts_without_torch(folder: Path) -> None:
    fitted = modules(folder, "fit", "mine.jsonl", "--out", "model.safetensors")
    assert "torch" not in fitted
    assert "sklearn" in fitted  # it grows the trees
    asked = ["predict", "--model", "model.safetensors", "--archs", "mine.jsonl"]
    for more in (["--out", "all.csv"], ["--interval", "0.5", "--std"], ["--explain", "0"]):
        predicted = modules(folder, *asked, *more)
        assert predicted & {"torch", "rich", *NOT_TO_GROW_TREES} == set()
    rows = np.loadtxt(folder / "all.csv", delimiter=",", skiprows=1)
    assert np.isfinite(rows).all()


def test_the_overview_imports_nothing_that_computes() -> None:
    code = "import sys, nasflow; print(*sys.modules)"
    alone = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"numpy", "torch", "scipy", "jsonargparse"} & set(alone.stdout.split()) == set()
    # the overview ends the process: what it imported is told before
    code = "import sys, atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
    code += "from nasflow.cli import main; main(['--help'])"
    helped = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "nasflow predict" in helped.stdout
    assert {"numpy", "torch", "scipy", "jsonargparse"} & set(helped.stderr.split()) == set()
