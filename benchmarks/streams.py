"""How long and in how much memory do the commands that go through a table row by row take?

    NASFLOW_DATA=... python benchmarks/streams.py --folder /folder/with/10/GB
    python benchmarks/streams.py --report

Tables are drawn from NAS-Bench-201's 15,625 cells, so that rows repeat: in no part does a command
gain by that, but for encoders, which work once on nodes of a part that look alike. Each command is
a process of its own, with one thread: seconds of the processor, which other work on the machine
does not touch, seconds by the clock, which it does, and the most memory that it held. A line of
docs/results/streams.jsonl for each; what is there is not made again.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nasflow import ArchTable, Dataset, EncoderConfig, Predictor, PretrainConfig, load_space
from nasflow.datasets import load_dataset
from nasflow.experiments.manifest import processor
from nasflow.experiments.tables import markdown
from nasflow.running.files import atomic_write, write_text
from nasflow.running.journal import Journal

JOURNAL = Path("docs/results/streams.jsonl")
PAGE = Path("docs/results/streams.md")
COMMANDS = {
    "surrogate": "surrogate {table} --out out.npz",
    "embed": "embed --model pretrained.safetensors --archs {table} --out out.npy",
    "features": "features {table} --groups counts,flow --out out.npz",
    "predict": "predict --model fitted.safetensors --archs {table} --out out.csv",
}
# by rows and form, what takes longest last: what is run
CASES = (
    ("1,000,000", "npz", ("surrogate", "embed", "features", "predict")),
    ("10,000,000", "npz", ("surrogate", "embed")),
    ("1,000,000", "jsonl", ("surrogate", "predict")),
    ("1,000,000", "parquet", ("predict",)),
    ("10,000,000", "npz", ("predict", "features")),
)
_CHUNK = 100_000

_HEAD = """# Tables without end: seconds and memory

Each command as a process of its own, `--jobs 1` on one thread, on tables drawn from NAS-Bench-201
(a blend fitted on 100 labels, a ResGatedGCN of width 128, features of the groups counts and flow).
Seconds of the processor and memory are the command's own; seconds by the clock contain what else
ran on the machine. 100,000,000 rows are not measured: they are the 10,000,000 of `.npz` with each
row at the price that the step from 1,000,000 rows shows.
"""


def graphs(n: int) -> ArchTable:
    """Cells of NAS-Bench-201, drawn with replacement."""
    cells = load_space("nb201").enumerate()
    return cells[np.random.default_rng(0).integers(0, len(cells), n)]


def make_table(path: Path, n: int) -> None:
    """Write a table, in the form that its ending says."""
    if path.suffix == ".npz":
        Dataset(path.stem, graphs(n), {}, {}).save(path)
        return
    cells = load_space("nb201").enumerate()
    rows = np.random.default_rng(0).integers(0, len(cells), n)
    texts = [json.dumps(cell.to_dict()) for cell in cells]
    if path.suffix == ".jsonl":
        with atomic_write(path) as file:
            for row in rows.tolist():
                file.write(texts[row].encode() + b"\n")
        return
    import pyarrow
    from pyarrow import parquet

    of_cells = pyarrow.Table.from_pylist([cell.to_dict() for cell in cells])
    with atomic_write(path) as file, parquet.ParquetWriter(file, of_cells.schema) as writer:
        for start in range(0, n, _CHUNK):
            writer.write_table(of_cells.take(rows[start : start + _CHUNK]))


def make_models(folder: Path) -> None:
    """Write a pre-trained encoder and a fitted blend."""
    data = load_dataset("nb201")
    rows = np.random.default_rng(0).permutation(len(data))[:100]
    if not (folder / "fitted.safetensors").exists():
        blend = Predictor().fit(data.table[rows], data.labels()[rows])
        blend.save(folder / "fitted.safetensors")
    if not (folder / "pretrained.safetensors").exists():
        encoder = Predictor(encoder=EncoderConfig(), pretrain=PretrainConfig(epochs=1))
        encoder.pretrain(data.table[::10]).save(folder / "pretrained.safetensors")


def measured(folder: Path, words: list[str]) -> dict[str, Any]:
    """Seconds and memory of one command."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "NASFLOW_THREADS": "1"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    # in a process between: the memory that is told of children is that of the largest so far
    watched = subprocess.run(
        [sys.executable, "-c", _WATCH, sys.executable, "-m", "nasflow", *words],
        cwd=folder,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    unit = 1 if sys.platform == "darwin" else 1024
    peak = int(watched.stdout.splitlines()[-1]) * unit
    return {"seconds": round(seconds, 1), "cpu": round(cpu, 1), "peak_mb": round(peak / 1e6)}


_WATCH = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def text(entries: Mapping[str, Mapping[str, Any]]) -> str:
    """The page."""
    rows = [["command", "form", "rows", "seconds of the processor", "by the clock", "memory, MB"]]
    # by command, whenever each was made
    for entry in sorted(entries.values(), key=lambda entry: list(COMMANDS).index(entry["command"])):
        row = [entry["command"], f"`.{entry['form']}`", entry["rows"]]
        rows.append(row + [f"{entry[name]:,.0f}" for name in ("cpu", "seconds", "peak_mb")])
    sections = [_HEAD, markdown(rows)]
    longer = [["command", "10,000,000 rows, minutes", "100,000,000 rows, minutes (extrapolated)"]]
    for name in COMMANDS:
        small, large = (entries.get(f"{name} npz {n}") for n in ("1,000,000", "10,000,000"))
        if small is None or large is None:
            continue
        per_million = (large["cpu"] - small["cpu"]) / 9
        minutes = (large["cpu"] + 90 * per_million) / 60
        longer.append([name, f"{large['cpu'] / 60:,.1f}", f"{minutes:,.0f}"])
    if len(longer) > 1:
        sections.append(f"## Longer tables\n\n{markdown(longer)}")
    commands = "\n".join(f"    nasflow {words}" for words in COMMANDS.values())
    sections.append(
        f"## Commands\n\n{commands.format(table='TABLE')}\n\nAll of it:\n\n"
        "    NASFLOW_DATA=... python benchmarks/streams.py --folder FOLDER\n\n"
        f"On one core of {processor()}, shared with other work."
    )
    return "\n".join(sections) + "\n"


def main() -> None:
    """Measure what is missing, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("streams"))
    parser.add_argument("--report", action="store_true", help="write the page of what is there")
    options = parser.parse_args()
    journal = Journal(JOURNAL)
    if not options.report:
        options.folder.mkdir(parents=True, exist_ok=True)
        make_models(options.folder)
        for n_rows, form, names in CASES:
            path = options.folder / f"cells_{n_rows.replace(',', '')}.{form}"
            for name in names:
                key = f"{name} {form} {n_rows}"
                if key in journal.entries():
                    continue
                if not path.exists():
                    make_table(path, int(n_rows.replace(",", "")))
                taken = measured(options.folder, COMMANDS[name].format(table=path.name).split())
                about = {"key": key, "command": name, "form": form, "rows": n_rows}
                journal.append({**about, **taken})
                print(key, taken, flush=True)
    write_text(PAGE, text(journal.entries()))
    print(PAGE)


if __name__ == "__main__":
    main()
