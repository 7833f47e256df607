"""How long commands take from the first letter to the last: whole processes, imports and all.

python benchmarks/start.py            prints, and writes docs/results/start.md
python benchmarks/start.py --runs 9   more processes of each kind

Processes of all kinds take their turn in rounds, so that a slow minute of the machine touches all
alike; the first round, which reads files that no later one reads from the disk, is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nasflow.experiments.manifest import processor
from nasflow.experiments.tables import markdown
from nasflow.running.files import write_text
from nasflow.spaces.nb201 import NB201

PAGE = Path(__file__).parents[1] / "docs" / "results" / "start.md"
N_ROWS = 100
NASFLOW = ("-m", "nasflow")
# by what the page calls it: what Python is given
PROCESSES: dict[str, tuple[str, ...]] = {
    "`python -c pass`": ("-c", "pass"),
    "`import nasflow`": ("-c", "import nasflow"),
    "`nasflow --help`": (*NASFLOW, "--help"),
    "`nasflow data list`": (*NASFLOW, "data", "list"),
    f"`nasflow fit`, {N_ROWS} labels": (*NASFLOW, "fit", "labelled.jsonl", "--out", "model"),
    f"`nasflow predict`, {N_ROWS} rows": (
        *(*NASFLOW, "predict", "--model", "model", "--archs", "others.jsonl"),
        *("--out", "predicted.csv"),
    ),
}
_HEAD = f"""# Start-up

Seconds of whole processes, from their start to their end: the fastest and the median of {{runs}},
and the processor's seconds of the fastest. `fit` learns a blend without a graph network from
{N_ROWS} cells of NAS-Bench-201's space, `predict` asks it for {N_ROWS} others. Most of `fit` is the
import of scikit-learn, which grows the trees; `predict` needs neither it nor torch.

Command: `python benchmarks/start.py --runs {{runs}}`, on {{machine}}
"""


def write_tables(folder: Path) -> None:
    """Cells with labels, and others."""
    random = np.random.default_rng(0)
    cells = NB201().enumerate()
    rows = random.permutation(len(cells))[: 2 * N_ROWS]
    lines = []
    for cell in cells[rows]:
        n_convolutions = sum(op.startswith("conv") for op in cell.ops)
        label = 60 + 5 * n_convolutions + random.normal()
        lines.append(cell.to_dict() | {"accuracy": round(label, 2)})
    for name, part in (("labelled", lines[:N_ROWS]), ("others", lines[N_ROWS:])):
        text = "\n".join(json.dumps(line) for line in part)
        (folder / f"{name}.jsonl").write_text(text)


def seconds_of(words: Sequence[str], folder: Path) -> tuple[float, float]:
    """Wall-clock and processor seconds of a process.

    Raises:
        RuntimeError: it failed.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *words], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    # of this process alone, and not of all that have ended
    _, status, used = os.wait4(process.pid, 0)
    took = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"python {' '.join(words)} ended with {process.returncode}")
    return took, used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5, help="processes of each kind")
    n_runs = parser.parse_args().runs
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in PROCESSES}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_tables(folder)
        for number in range(n_runs + 1):
            for process, words in PROCESSES.items():
                took = seconds_of(words, folder)
                # a model must be there before it is asked, so the first round is of all kinds too
                if number:
                    seconds[process].append(took)
    rows = [["process", "fastest", "median", "processor"]]
    for process, measured in seconds.items():
        fastest, used = min(measured)
        median = statistics.median(wall for wall, _ in measured)
        rows.append([process, f"{fastest:.2f}", f"{median:.2f}", f"{used:.2f}"])
    head = _HEAD.format(runs=n_runs, machine=f"{processor()}, {os.cpu_count()} cores")
    page = f"{head}\n{markdown(rows)}\n"
    write_text(PAGE, page)
    print(page)


if __name__ == "__main__":
    main()
