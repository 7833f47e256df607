"""Speed of the flow surrogate: all of NAS-Bench-201, beside a loop over graphs.

python benchmarks/surrogate.py            prints, and writes benchmarks/results/surrogate.json
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import torch

from nasflow import Architecture, FlowSurrogate, SurrogateConfig
from nasflow.experiments.manifest import machine, versions
from nasflow.running.files import write_json
from nasflow.spaces.nb201 import NB201

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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=2)
    threads = parser.parse_args().threads
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
