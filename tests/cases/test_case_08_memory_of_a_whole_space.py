from __future__ import annotations

import bz2
import pickle
import subprocess
import sys
from pathlib import Path

import miniatures

N = 24
OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
BEFORE = """
import bz2, pickle, sys
from nasflow.datasets.importing import import_table
from nasflow.running.memory import peak_memory
import nasflow.datasets.readers.nats         # what the code itself takes
before = peak_memory()
"""
OURS = (
    BEFORE
    + """
report = import_table("nats", sys.argv[1])
print(len(report.dataset), report.peak_bytes - before)
"""
)
PLAIN = (
    BEFORE
    + """
content = pickle.load(bz2.open(sys.argv[1]))
print(len(content["meta_archs"]), peak_memory() - before)
"""
)


def growth(script: str, path: Path) -> tuple[int, int]:
    """Rows that a script reads, and the bytes its process grows by."""
    run = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    n_rows, size = map(int, run.stdout.split())
    return n_rows, size


def test_epochs_are_dropped_while_the_file_is_read(tmp_path: Path) -> None:
    """Opening NAS-Bench-201 took 28 GB: every epoch of every training as a Python object."""
    names, infos = [], {}
    for index in range(N):
        chosen = [OPERATIONS[index // 5**place % 5] for place in range(6)]
        names.append("|{}~0|+|{}~0|{}~1|+|{}~0|{}~1|{}~2|".format(*chosen))
        infos[index] = {"200": miniatures.architecture_state(0, names[index], 200, [777, 888])}
    path = tmp_path / "NATS-tss.pickle.pbz2"
    content = {"meta_archs": names, "arch2infos": infos, "evaluated_indexes": list(range(N))}
    path.write_bytes(bz2.compress(pickle.dumps(content, protocol=4), 1))
    n_rows, size = growth(OURS, path)
    n_plain, plain_size = growth(PLAIN, path)
    assert n_rows == n_plain == N
    assert plain_size > 12e6
    assert size < plain_size / 2
