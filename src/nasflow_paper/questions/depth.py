"""depth: cells of 8 to 1,000 nodes: seconds and memory of the surrogate, and how pre-training
converges.

Cells are chains of random operations with shortcuts: besides the node before it, three in ten nodes
receive from one of the eight before that. A generation is one step of the surrogate, so time grows
with nodes and with generations; memory grows with the nodes of a chunk of graphs. Pre-training:
ResGatedGCN on the surrogates of 256 cells, as published and with the cure of the question
`magnitude`; the loss is the share of their variance that is not reconstructed.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from nasflow.encoders.registry import make_encoder
from nasflow.errors import DataError
from nasflow.experiments.pictures import drawing
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import EncoderConfig, PretrainConfig
from nasflow.prediction.pretrain import pretrain
from nasflow.running.progress import progress_bar
from nasflow.running.seeding import seeded
from nasflow.surrogate import FlowSurrogate, standardised
from nasflow_paper.reproductions.base import Page, Picture, ReproduceOptions, Table

OPS = ("input", "conv1x1", "conv3x3", "maxpool3x3", "output")
SIZES = (8, 32, 128, 512, 1000)
N_TIMED = 2048
"""Cells whose surrogates are timed, and whose memory is measured."""
N_DIFFERENT = 64
"""Different cells among the timed ones; the rest repeats them, which changes neither time nor
memory.
"""
LEARNED = 0.9  # a share not reconstructed below this counts as progress
SURROGATES = {
    "as published": SurrogateConfig(),
    "rescale 1/2, gelu": SurrogateConfig(rescale=0.5, activation="gelu"),
}


def deep_cells(n_cells: int, n_nodes: int, seed: int = 0) -> ArchTable:
    """`n_cells` chains of `n_nodes` nodes with shortcuts, over `OPS`."""
    rng = np.random.default_rng(seed)
    ops = rng.integers(1, len(OPS) - 1, (n_cells, n_nodes))
    ops[:, 0], ops[:, -1] = 0, len(OPS) - 1
    edges = []
    for _ in range(n_cells):
        target = np.flatnonzero(rng.random(n_nodes) < 0.3)
        target = target[target >= 2]
        source = np.maximum(target - 1 - rng.integers(1, 9, len(target)), 0)
        chain = np.stack([np.arange(n_nodes - 1), np.arange(1, n_nodes)])
        edges.append(np.concatenate([chain, np.stack([source, target])], axis=1))
    edge_ptr = np.cumsum([0, *(e.shape[1] for e in edges)])
    return ArchTable.from_arrays(
        OPS,
        ops.reshape(-1),
        np.arange(n_cells + 1) * n_nodes,
        np.concatenate(edges, axis=1),
        edge_ptr,
    )


@dataclass(frozen=True)
class Cost:
    """What the surrogates of `N_TIMED` cells take."""

    seconds: float
    """Of processor time, so that other work on the machine does not count."""
    megabytes: float
    """Of memory at its peak, above what the process had before."""


def cost(n_nodes: int) -> Cost:
    """Measured in a process of its own: the peak of this one may lie behind it."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_cost, (n_nodes,))


def _cost(n_nodes: int) -> Cost:
    torch.set_num_threads(1)
    table = deep_cells(N_DIFFERENT, n_nodes)[np.arange(N_TIMED) % N_DIFFERENT]
    # values may overflow at this depth, which is no matter here
    surrogate = FlowSurrogate(len(OPS), SURROGATES["rescale 1/2, gelu"])
    surrogate(table[:8])
    with contextlib.suppress(OSError):  # Linux: forget the peak that imports left behind
        Path("/proc/self/clear_refs").write_text("5")
    before, started = _peak_megabytes(), time.process_time()
    surrogate(table)
    return Cost(time.process_time() - started, _peak_megabytes() - before)


def _peak_megabytes() -> float:
    """The largest memory of this process so far; on Linux since the peak was last forgotten."""
    status = Path("/proc/self/status")
    if status.exists():
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return float(peak.split()[1]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # bytes on macOS


@dataclass(frozen=True)
class Convergence:
    """How pre-training went."""

    loss: list[float]
    """After each epoch: the share of the variance of the surrogates that is not reconstructed."""
    seconds: float
    """Of processor time, of an epoch, the mean."""
    held_out: float
    """The same share on cells not trained on, for a linear decoder fitted on the trained ones."""


def convergence(
    config: SurrogateConfig, n_nodes: int, n_cells: int, epochs: int
) -> Convergence | None:
    """Pre-train on `n_cells` cells; None where their surrogates leave float32."""
    table, others = deep_cells(n_cells, n_nodes, seed=1), deep_cells(n_cells // 4, n_nodes, seed=2)
    surrogate = FlowSurrogate(len(OPS), config)
    try:
        targets = standardised(surrogate(ArchTable.concatenate([table, others])))
    except DataError:
        return None
    with seeded(0, "encoder"):
        encoder = make_encoder(len(OPS), EncoderConfig(width=32))
    options = PretrainConfig(epochs=epochs, batch_size=32, decoder_width=32)
    started = time.process_time()
    history = pretrain(encoder, table, options, config)
    seconds = (time.process_time() - started) / epochs
    with torch.no_grad():
        z, z_others = (encoder(GraphBatch.from_table(t)).double() for t in (table, others))
    z, z_others = (torch.cat([x, torch.ones(len(x), 1)], dim=1) for x in (z, z_others))
    seen, unseen = targets[: len(table)].double(), targets[len(table) :].double()
    gram = z.T @ z + 1e-3 * torch.eye(z.shape[1])
    error = unseen - z_others @ torch.linalg.solve(gram, z.T @ seen)
    alive = seen.var(dim=0) > 0
    share = error[:, alive].square().sum() / (unseen - seen.mean(dim=0))[:, alive].square().sum()
    return Convergence(history.loss, seconds, float(share))


def depth(options: ReproduceOptions) -> Page:
    """The page."""
    options.choose(())
    sizes, n_cells, epochs = (SIZES[:3], 64, 20) if options.quick else (SIZES, 256, 40)
    trained: dict[str, dict[int, Convergence | None]] = {name: {} for name in SURROGATES}
    costs = {}
    with progress_bar(
        "depth", len(sizes) * (1 + len(SURROGATES)), show=options.progress
    ) as advance:
        for n in sizes:
            costs[n] = cost(n)
            advance(f"{n} nodes, surrogates")
            for name, config in SURROGATES.items():
                trained[name][n] = convergence(config, n, n_cells, epochs)
                advance(f"{n} nodes, pre-training, {name}")
    done = (
        f"Chains with shortcuts of {sizes[0]} to {sizes[-1]} nodes, one thread. Surrogates of"
        f" {N_TIMED:,} cells, k = 8, sigma = 0.1. Pre-training: ResGatedGCN of width 32 with three"
        f" layers on {n_cells} cells, {epochs} epochs, batches of 32; held out: {n_cells // 4} more"
        " cells, a linear decoder on the embeddings. The loss is the share of variance that is not"
        " reconstructed."
    )
    return Page(
        "Deep cells: time, memory, convergence",
        done,
        [
            _verdict(costs, trained),
            "## The surrogate",
            Table(_cost_rows(costs)),
            "## Pre-training",
            Table(_training_rows(trained)),
            Picture(
                "convergence",
                "loss by epoch of pre-training, for each number of nodes; seconds by number of"
                " nodes",
                partial(_draw, costs=costs, trained=trained),
            ),
        ],
        manifest={
            "surrogates": {name: config.to_dict() for name, config in SURROGATES.items()},
            "sizes": sizes,
        },
    )


def _slope(costs: Mapping[int, Cost]) -> float:
    """The power of the number of nodes that seconds grow with, over all sizes."""
    sizes = sorted(costs)
    return math.log(costs[sizes[-1]].seconds / costs[sizes[0]].seconds) / math.log(
        sizes[-1] / sizes[0]
    )


def _verdict(
    costs: Mapping[int, Cost], trained: Mapping[str, Mapping[int, Convergence | None]]
) -> str:
    largest = max(costs)
    lines = [
        "## Verdict",
        "",
        (
            f"* A surrogate of {largest} nodes takes {1e3 * costs[largest].seconds / N_TIMED:.2f}"
            f" ms; seconds grow with the number of nodes to the power {_slope(costs):.2f}; memory"
            f" is {costs[largest].megabytes:.0f} MB for {N_TIMED:,} cells,"
            f" {1e6 * costs[largest].megabytes / N_TIMED / largest:.0f} bytes a node."
        ),
    ]
    for name, by_size in trained.items():
        known = {n: c for n, c in by_size.items() if c is not None}
        lost = [str(n) for n in by_size if by_size[n] is None]
        learned = [str(n) for n, c in known.items() if c.loss[-1] < LEARNED]
        lines.append(
            f"* {name}: after pre-training the share not reconstructed is below {LEARNED:g} for "
            f"{', '.join(learned) or 'no'} nodes; it is "
            + ", ".join(
                f"{c.loss[-1]:.2f} ({n} nodes; held out {c.held_out:.2f})" for n, c in known.items()
            )
            + (f"; surrogates of {', '.join(lost)} nodes leave float32." if lost else ".")
        )
    return "\n".join(lines)


def _cost_rows(costs: Mapping[int, Cost]) -> list[list[str]]:
    return [
        ["nodes", "ms a cell", "microseconds a node", "peak MB"],
        *(
            [
                str(n),
                f"{1e3 * c.seconds / N_TIMED:.3f}",
                f"{1e6 * c.seconds / N_TIMED / n:.2f}",
                f"{c.megabytes:.0f}",
            ]
            for n, c in costs.items()
        ),
    ]


def _training_rows(trained: Mapping[str, Mapping[int, Convergence | None]]) -> list[list[str]]:
    rows = [
        [
            "surrogate",
            "nodes",
            "loss, first epoch",
            "half way",
            "last epoch",
            "held out",
            "seconds an epoch",
        ]
    ]
    for name, by_size in trained.items():
        for n, c in by_size.items():
            numbers: Sequence[str] = (
                ["leaves float32", *["-"] * 4]
                if c is None
                else [
                    f"{c.loss[0]:.2f}",
                    f"{c.loss[len(c.loss) // 2]:.2f}",
                    f"{c.loss[-1]:.2f}",
                    f"{c.held_out:.2f}",
                    f"{c.seconds:.2f}",
                ]
            )
            rows.append([name, str(n), *numbers])
    return rows


def _draw(
    path: Path, costs: Mapping[int, Cost], trained: Mapping[str, Mapping[int, Convergence | None]]
) -> None:
    with drawing(path, (1, 1 + len(trained)), (12, 3.8), dpi=85) as (_, (first, *others)):
        first.plot(
            list(costs),
            [1e3 * c.seconds / N_TIMED for c in costs.values()],
            "o-",
            label="milliseconds a cell",
        )
        first.plot(
            list(costs),
            [c.megabytes / N_TIMED for c in costs.values()],
            "s-",
            label="MB a cell, peak",
        )
        first.set_xscale("log", base=2)
        first.set_yscale("log")
        first.set_xlabel("nodes")
        first.legend(fontsize=8)
        first.set_title("surrogate", fontsize=9)
        for panel, (name, by_size) in zip(others, trained.items(), strict=True):
            for n, c in by_size.items():
                if c is not None:
                    panel.plot(range(1, len(c.loss) + 1), c.loss, label=f"{n} nodes")
            panel.set_ylim(0, 1.3)
            panel.set_xlabel("epoch")
            panel.set_ylabel("share not reconstructed")
            panel.set_title(f"pre-training, {name}", fontsize=9)
            panel.legend(fontsize=8)
