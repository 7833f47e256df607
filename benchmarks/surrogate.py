"""Speed of the flow surrogate: all of NAS-Bench-201, beside a loop over graphs.

python benchmarks/surrogate.py            prints, and writes benchmarks/results/surrogate.json
python benchmarks/surrogate.py --page     writes docs/results/surrogate-speed.md: where time goes
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from nasflow import Architecture, ArchTable, FlowSurrogate, SurrogateConfig, open_dataset
from nasflow.experiments.manifest import machine, processor, versions
from nasflow.experiments.tables import markdown
from nasflow.running.files import write_json, write_text
from nasflow.spaces.nb201 import NB201
from nasflow.surrogate import flow

PAGE = Path("docs/results/surrogate-speed.md")
RESULTS = Path(__file__).parent / "results" / "surrogate.json"


def loop(surrogate: FlowSurrogate, architecture: Architecture, ops: list[int]) -> torch.Tensor:
    """The recursion of the method, node by node: the form everything batched is checked against."""
    k, alpha = surrogate.config.k, surrogate.config.alpha
    order = sorted(range(architecture.n_nodes), key=architecture.generations.__getitem__)

    def step(op: int, message: torch.Tensor) -> torch.Tensor:
        converted = torch.relu(torch.cat([surrogate.P[op], message]) @ surrogate.W)
        return alpha * message + (1 - alpha) * converted

    f: dict[int, torch.Tensor] = {}
    for v in order:
        sources = architecture.predecessors[v]
        f[v] = step(ops[v], torch.stack([f[u] for u in sources]).sum(0)) if sources else surrogate.r
    b: dict[int, torch.Tensor] = {}
    for v in reversed(order):
        targets = architecture.successors[v]
        b[v] = step(ops[v], torch.stack([b[w] for w in targets]).sum(0)) if targets else f[v]
    return torch.stack([b[v] for v in order if not architecture.predecessors[v]]).sum(0).view(k)


def best_of(n: int, call: Callable[[], object]) -> tuple[float, float]:
    """Least and median seconds of `n` calls, after one to warm up."""
    call()
    seconds = []
    for _ in range(n):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return min(seconds), sorted(seconds)[n // 2]


def by_chunk(table: ArchTable) -> list[list[str]]:
    """Surrogates a second with chunks of several sizes."""
    rows = [["graphs a chunk", "one thread", "two threads", "one thread, float64"]]
    usual, worth = flow.CHUNK, flow.WORTH_A_THREAD
    for size in (1024, 2048, 4096, usual, 16384):
        cells = [f"{size:,}"]
        flow.CHUNK = size
        for n_threads, dtype in ((1, "float32"), (2, "float32"), (1, "float64")):
            surrogate = FlowSurrogate(table.n_ops, SurrogateConfig(k=7), dtype)
            # also where they are not worth it
            flow.WORTH_A_THREAD = 0
            least, _ = best_of(15, lambda s=surrogate, n=n_threads: s.values(table, n))
            flow.WORTH_A_THREAD = worth
            cells.append(f"{len(table) / least:,.0f}")
        rows.append(cells)
    flow.CHUNK = usual
    return rows


def steps(table: ArchTable) -> list[list[str]]:
    """Microseconds of what a node's step is made of, for a chunk, and of all of it."""
    n, k = flow.CHUNK, 7
    random = np.random.default_rng(0)
    converted = random.normal(size=(k, table.n_ops)).astype(np.float32)
    weights, states = (random.normal(size=(k, m)).astype(np.float32) for m in (k, n))
    ops, other = random.integers(0, table.n_ops, n), states.copy()
    jobs: list[tuple[str, Callable[[], object]]] = [
        ("a row of P W for each graph", lambda: converted.take(ops, axis=1)),
        ("the product with W", lambda: weights @ states),
        ("a sum of two states", lambda: np.add(states, other, out=other)),
        ("relu", lambda: np.maximum(states, 0, out=other)),
    ]
    rows = [[f"of {n:,} graphs at once, one thread", "microseconds"]]
    for name, call in jobs:
        rows.append([name, f"{1e6 * best_of(200, call)[0]:.0f}"])
    surrogate, chunk = FlowSurrogate(table.n_ops, SurrogateConfig(k=k)), table[:n]
    rows.append(
        ["all of a chunk", f"{1e6 * best_of(15, lambda: surrogate.values(chunk, 1))[0]:.0f}"]
    )
    return rows


def page() -> str:
    """Where the time of surrogates goes."""
    table, cells = NB201().enumerate(), open_dataset("nb101-space").table
    of_cells = FlowSurrogate(cells.n_ops, SurrogateConfig(k=4, sigma=1.0))
    least, median = best_of(7, lambda: of_cells.values(cells, 2))
    return f"""# How fast can surrogates be?

NAS-Bench-201, 15,625 cells, k = 7, surrogates a second, the best of 15 turns, on {processor()}:

{markdown(by_chunk(table))}
All {len(cells):,} cells of NAS-Bench-101, k = 4, two threads: {least:.2f} s (median {median:.2f}).

A cell of NAS-Bench-201 has eight nodes, each computed forward and backward: sixteen steps, each a
row of P W, a product with W, a relu, and sums of two to five states of seven numbers. NumPy makes
a pass over memory of each:

{markdown(steps(table))}
The parts of sixteen steps, each with three more passes of the length of a sum, are about half of
what a chunk takes; the rest is laying it out, and memory that no longer is in the nearest cache.
What is left to gain are passes, which a compiled loop over nodes would join; the package has none,
for who installs it has no compiler. float64 costs half of the speed. Threads gain nothing where a
step computes so few numbers, for they wait for the interpreter; with k = 64 two are 1.7 times as
fast as one (`WORTH_A_THREAD` in `surrogate/flow.py`).

Command: `python benchmarks/surrogate.py --page`
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--page", action="store_true", help="write where the time goes")
    options = parser.parse_args()
    threads = options.threads
    if options.page:
        write_text(PAGE, page())
        print(PAGE.read_text())
        return
    torch.set_num_threads(threads)
    table = NB201().enumerate()
    surrogate = FlowSurrogate(table.n_ops, SurrogateConfig(k=7))
    least, median = best_of(30, lambda: surrogate(table))

    sample = [table[row] for row in range(0, len(table), 30)]
    # beforehand: looking operations up is no part of the surrogate
    index_of = {op: index for index, op in enumerate(table.vocabulary)}
    ops = [list(map(index_of.__getitem__, architecture.ops)) for architecture in sample]

    def by_loop() -> list[torch.Tensor]:
        return [loop(surrogate, a, indices) for a, indices in zip(sample, ops, strict=True)]

    error = float((torch.stack(by_loop()) - surrogate(table)[::30]).abs().max())
    loop_least, _ = best_of(3, by_loop)
    result = {
        "command": f"python benchmarks/surrogate.py --threads {threads}",
        "architectures": len(table),
        "k": 7,
        "threads": threads,
        "batched_per_second": round(len(table) / least),
        "batched_per_second_median": round(len(table) / median),
        "loop_per_second": round(len(sample) / loop_least),
        "largest_difference_to_loop": error,
        "table_bytes": table.nbytes,
        "machine": machine(),
        "versions": versions(),
    }
    write_json(RESULTS, result)
    print(
        f"NAS-Bench-201, {len(table)} architectures, k = 7, {threads} threads\n  batched  "
        f" {len(table) / least:12,.0f} architectures a second (best of 30; median"
        f" {len(table) / median:,.0f})\n  loop      {len(sample) / loop_least:12,.0f} architectures"
        f" a second (largest difference {error:.1e})\n  the table takes {table.nbytes / 1e6:.2f} MB"
        " in memory"
    )


if __name__ == "__main__":
    main()
