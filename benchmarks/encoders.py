"""Speed of the encoders on NAS-Bench-201, beside PyTorch Geometric's parts in the same run.

    python benchmarks/encoders.py             prints, and writes benchmarks/results/encoders.json

All get ready-made batches (graphs collated, neighbour lists and layouts built), rows in random
order: 256 graphs a step in training; 2,048 in encoding, about what `predict` and `embed` take at a
time, and 512 ("encode, 512"). What an encoder finds out about a batch by itself is in its time,
such as which nodes are alike. "from the table" also makes the batches: it is what `predict` and
`embed` do. The models take turns, so that a busy moment of the machine hits all; the best turn
counts.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch_geometric
from torch import nn

from nasflow import ArchTable, EncoderConfig, GraphBatch
from nasflow.encoders.make import config_for, make_encoder
from nasflow.encoders.registry import encoder_names
from nasflow.experiments.manifest import machine, versions
from nasflow.graphs.number_units import NumberUnits
from nasflow.prediction.scorer import in_chunks
from nasflow.running.files import write_json
from nasflow.spaces.nb201 import NB201
from nasflow.spaces.ofa_mbv3 import OfaMbv3
from peers import PyGFlowerFormer, PyGResGatedGCN

N_SIZED = 10_000
RESULTS = Path(__file__).parent / "results" / "encoders.json"
FLOWERFORMER = {
    "width": 64,
    "n_layers": 9,
    "n_heads": 8,
    "dropout": 0.0,
    "attention_dropout": 0.5,
}  # as published
# of these the ratios of speeds are shown
PAIRS = (
    ("resgatedgcn", "PyG: resgatedgcn"),
    ("flowerformer", "PyG: flowerformer"),
    ("flowerformer", "flowerformer, one by one"),
    ("resgatedgcn", "flowerformer"),
    ("resgatedgcn", "PyG: flowerformer"),
)


@dataclass(frozen=True)
class Entry:
    """A model, and on how many of the rows it is timed in a turn."""

    model: nn.Module
    n_train: int
    n_encode: int
    graphs_at_a_time: int | None = None
    """Where not 256 and 512."""
    every_node: bool = False
    """Encode as with gradients: every node by itself, look-alikes or not."""


def entries(table: ArchTable, width: int) -> dict[str, Entry]:
    """What is timed, by name."""
    models: dict[str, nn.Module] = {}
    by_name: dict[str, Entry] = {}
    for name in encoder_names():
        options = FLOWERFORMER if name == "flowerformer" else {"width": width}
        config = config_for(EncoderConfig(name, **options), table)
        models[name] = make_encoder(table.n_ops, config)
        # fewer rows of those that take several times as long
        slow = name in ("flowerformer", "transformer")
        by_name[name] = Entry(models[name], *((1024, 2048) if slow else (2048, 4096)))
    small, flower = EncoderConfig(width=width), EncoderConfig("flowerformer", **FLOWERFORMER)
    return {
        **by_name,
        "resgatedgcn, every node": Entry(
            copy.deepcopy(models["resgatedgcn"]).requires_grad_(False), 0, 4096, every_node=True
        ),
        "PyG: resgatedgcn": Entry(PyGResGatedGCN(table.n_ops, small), 2048, 4096),
        "PyG: flowerformer": Entry(PyGFlowerFormer(table.n_ops, flower), 512, 2048),
        "flowerformer, one by one": Entry(models["flowerformer"], 8, 16, graphs_at_a_time=1),
    }


def encode(entry: Entry, batches: list[GraphBatch]) -> None:
    """Embed all batches."""
    entry.model.eval()
    with torch.set_grad_enabled(entry.every_node):
        for batch in batches:
            entry.model(batch)


def train(entry: Entry, batches: list[GraphBatch]) -> None:
    """One pass of forward, backward and AdamW over all batches."""
    entry.model.train()
    optimizer = torch.optim.AdamW(entry.model.parameters(), fused=True)
    for batch in batches:
        optimizer.zero_grad()
        entry.model(batch).square().mean().backward()
        optimizer.step()


def batches_of(table: ArchTable, n: int, size: int) -> list[GraphBatch]:
    """Ready-made batches of the first `n` rows."""
    batches = [
        GraphBatch.from_table(table[start : min(start + size, n)]) for start in range(0, n, size)
    ]
    for batch in batches:
        # ask for what a batch keeps once it is made
        batch.undirected.sum_by_source(torch.zeros(batch.undirected.source.shape[0], 1))
        _ = batch.outgoing, batch.by_generation, batch.padded.on_a_path, batch.padded.in_the_graph
    return batches


def jobs_of(entry: Entry, table: ArchTable) -> dict[str, tuple[int, Callable[[], object]]]:
    """Architectures and what is to be timed, by job."""
    encoding = batches_of(table, entry.n_encode, entry.graphs_at_a_time or 2048)
    few = batches_of(table, entry.n_encode, entry.graphs_at_a_time or 512)
    jobs: dict[str, tuple[int, Callable[[], object]]] = {
        "encode": (entry.n_encode, lambda: encode(entry, encoding)),
        "encode, 512": (entry.n_encode, lambda: encode(entry, few)),
    }
    if entry.every_node:
        return jobs
    training = batches_of(table, entry.n_train, entry.graphs_at_a_time or 256)
    rows = table[: entry.n_encode]
    jobs["train"] = (entry.n_train, lambda: train(entry, training))
    is_ours = not isinstance(entry.model, (PyGResGatedGCN, PyGFlowerFormer))
    if is_ours and entry.graphs_at_a_time is None:
        jobs["from the table"] = (entry.n_encode, lambda: in_chunks(entry.model, rows))
    return jobs


def seconds(call: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def with_sizes(width: int, turns: int) -> dict[str, float]:
    """Architectures a second, encoded from a table of `ofa-mbv3`: 21 nodes with seven numbers each.

    Few nodes are alike there, since resolutions are drawn as well.
    """
    rng = np.random.default_rng(0)
    table = OfaMbv3().sample_table(N_SIZED, rng)
    units = NumberUnits.of(table)
    rates = {}
    for name in ("resgatedgcn", "gin"):
        encoder = make_encoder(table.n_ops, EncoderConfig(name, width=width), units)
        best = min(seconds(lambda e=encoder: in_chunks(e, table)) for _ in range(turns))
        rates[name] = float(f"{len(table) / best:.4g}")
    return rates


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--width", type=int, default=128, help="of all but flowerformer, which has 64 in 9 layers"
    )
    parser.add_argument("--turns", type=int, default=9)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    cells = NB201().enumerate()
    table = cells[torch.randperm(len(cells))[:4096].numpy()]
    jobs = {name: jobs_of(entry, table) for name, entry in entries(table, options.width).items()}
    rates: dict[str, dict[str, float]] = {name: {} for name in jobs}
    # turn by turn and not model by model: a busy moment of the machine hits all
    for _ in range(options.turns):
        for name, by_job in jobs.items():
            for job, (n, call) in by_job.items():
                rate = n / seconds(call)
                rates[name][job] = max(rates[name].get(job, 0.0), float(f"{rate:.4g}"))
    columns = ("train", "encode", "encode, 512", "from the table")
    print(
        f"NAS-Bench-201, width {options.width}, {options.threads} threads, architectures a second "
        f"(best of {options.turns} turns)\n  {'':40}"
        + "".join(f"{column:>16}" for column in columns)
    )
    for name, by_job in rates.items():
        # not every model does every job
        row = [f"{by_job[job]:16,.0f}" if job in by_job else " " * 16 for job in columns]
        print(f"  {name:40}" + "".join(row))
    ratios: dict[str, dict[str, float]] = {}
    for one, other in PAIRS:
        quotients = {job: rates[one][job] / rates[other][job] for job in columns[:3]}
        ratios[f"{one} / {other}"] = {job: round(ratio, 2) for job, ratio in quotients.items()}
    for pair, by_job in ratios.items():
        print(f"  {pair:40}" + "".join(f"{ratio:16.2f}" for ratio in by_job.values()))
    print(f"  the 15,625-row table takes {cells.nbytes / 1e6:.2f} MB in memory")
    sized = with_sizes(options.width, options.turns)
    told = ", ".join(f"{name} {rate:,.0f}" for name, rate in sized.items())
    print(f"  from a table of ofa-mbv3 with its numbers: {told}")
    write_json(
        RESULTS,
        {
            "command": (
                f"python benchmarks/encoders.py --threads {options.threads} --width {options.width}"
                f" --turns {options.turns}"
            ),
            "architectures_per_second": rates,
            "ratios": ratios,
            "with_sizes": sized,
            "table_bytes": cells.nbytes,
            "machine": machine(),
            "versions": {**versions(), "torch_geometric": torch_geometric.__version__},
        },
    )


if __name__ == "__main__":
    main()
