"""Speed of the encoders, training and encoding, beside PyTorch Geometric's layers on the same batches.

    python benchmarks/encoders.py             prints, and writes benchmarks/results/encoders.json

Both sides get ready-made batches (graphs already collated, neighbour lists built), the same width, layers,
dropout and loss. The two take turns, so that a busy moment of the machine hits both; the best turn counts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch_geometric
from torch import Tensor, nn
from torch_geometric.nn import ResGatedGraphConv, global_mean_pool

from nasflow import EncoderConfig, GraphBatch, make_encoder
from nasflow.experiments.manifest import machine, versions
from nasflow.files import write_json
from nasflow.spaces.nb201 import NB201

RESULTS = Path(__file__).parent / "results" / "encoders.json"
TURNS = 15


class PyGResGatedGCN(nn.Module):
    """The same network from PyTorch Geometric's layers."""

    def __init__(self, n_ops: int, config: EncoderConfig) -> None:
        super().__init__()
        self.n_ops, self.dropout = n_ops, config.dropout
        self.input = nn.Linear(n_ops, config.width)
        self.convs = nn.ModuleList(ResGatedGraphConv(config.width, config.width) for _ in range(config.n_layers))

    def forward(self, batch: GraphBatch) -> Tensor:
        """(B, H): embeddings."""
        edges = torch.stack([batch.undirected.source, batch.undirected.target])
        x0 = x = self.input(nn.functional.one_hot(batch.ops, self.n_ops).float())
        for conv in self.convs:
            x = nn.functional.dropout(torch.relu(0.2 * x0 + 0.8 * conv(x, edges)), self.dropout, self.training)
        pooled: Tensor = global_mean_pool(x, batch.graph)
        return pooled


def seconds(call: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def encode(model: nn.Module, batches: list[GraphBatch]) -> None:
    """Embed all batches."""
    model.eval()
    with torch.inference_mode():
        for batch in batches:
            model(batch)


def train(model: nn.Module, batches: list[GraphBatch]) -> None:
    """One pass of forward, backward and AdamW over all batches."""
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    for batch in batches:
        optimizer.zero_grad()
        model(batch).square().mean().backward()
        optimizer.step()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--width", type=int, default=128)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    table, config = NB201().enumerate(), EncoderConfig(width=options.width)
    rows = torch.randperm(len(table))[:4096]
    batches = {size: [GraphBatch.from_table(table[part.numpy()]) for part in rows.split(size)] for size in (256, 512)}
    for batch in (batch for parts in batches.values() for batch in parts):
        batch.undirected.sum_by_source(torch.zeros(batch.undirected.source.shape[0], 1))  # build what is cached
    models = {"nasflow resgatedgcn": make_encoder(table.n_ops, config),
              "PyG ResGatedGraphConv": PyGResGatedGCN(table.n_ops, config)}
    jobs = {"train, batch 256": (train, batches[256]), "encode, batch 512": (encode, batches[512])}
    rates: dict[str, dict[str, float]] = {name: {} for name in models}
    for job, (work, parts) in jobs.items():
        best = dict.fromkeys(models, float("inf"))
        for _ in range(TURNS):
            for name, model in models.items():
                best[name] = min(best[name], seconds(lambda model=model, work=work, parts=parts: work(model, parts)))
        for name in models:
            rates[name][job] = round(len(rows) / best[name])
    print(f"NAS-Bench-201, width {options.width}, {options.threads} threads, architectures a second "
          f"(best of {TURNS} turns)")
    for name, by_job in rates.items():
        print(f"  {name:24}" + "".join(f"{job}: {rate:8,.0f}   " for job, rate in by_job.items()))
    ours, theirs = rates.values()
    print("  ratio                   " + "".join(f"{job}: {ours[job] / theirs[job]:8.2f}   " for job in jobs))
    print(f"  the 15,625-row table takes {table.nbytes / 1e6:.2f} MB in memory")
    write_json(RESULTS, {
        "command": f"python benchmarks/encoders.py --threads {options.threads} --width {options.width}",
        "architectures_per_second": rates, "table_bytes": table.nbytes, "machine": machine(),
        "versions": {**versions(), "torch_geometric": torch_geometric.__version__},
    })


if __name__ == "__main__":
    main()
