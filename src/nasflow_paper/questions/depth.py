"""depth: time and memory of surrogates of cells of 8 to 1,000 nodes, and how pre-training goes.

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
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from nasflow.encoders.base import Encoder
from nasflow.encoders.make import make_encoder
from nasflow.encoders.registry import EncoderConfig
from nasflow.errors import ConfigError, DataError
from nasflow.experiments.pictures import drawing
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.flat_arrays import row_ptr
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import PretrainConfig
from nasflow.prediction.pretrain import pretrain
from nasflow.running.memory import peak_memory
from nasflow.running.progress import progress_bar
from nasflow.running.seeding import seeded
from nasflow.surrogate import FlowSurrogate, standardised
from nasflow_paper.reproductions.base import Page, PageTable, Picture, ReproduceOptions

OPS = ("input", "conv1x1", "conv3x3", "maxpool3x3", "output")
SIZES = (8, 32, 128, 512, 1000)
N_TIMED = 2048
"""Cells whose surrogates are timed, and whose memory is measured."""
N_DIFFERENT = 64
"""Different cells among the timed ones; the rest repeats them, at the same cost."""
LEARNED = 0.9
"""A share not reconstructed below this counts as progress."""
SURROGATES = {
    "as published": SurrogateConfig(),
    "rescale 1/2, gelu": SurrogateConfig(rescale=0.5, activation="gelu"),
}

_DONE = (
    "Chains with shortcuts of {least} to {most} nodes, one thread. Surrogates of {n_timed:,} cells,"
    " k = 8, sigma = 0.1. Pre-training: ResGatedGCN of width 32 with three layers on {n_cells}"
    " cells, {epochs} epochs, batches of 32; held out: {n_held_out} more cells, a linear decoder on"
    " the embeddings. The loss is the share of variance that is not reconstructed."
)
_COST = (
    "* A surrogate of {n} nodes takes {milliseconds:.2f} ms; seconds grow with the number of nodes"
    " to the power {power:.2f}; memory is {megabytes:.0f} MB for {n_timed:,} cells, {per_node:.0f}"
    " bytes a node."
)
_LEARNED = (
    "* {name}: after pre-training the share not reconstructed is below {bound:g} for {learned}"
    " nodes; it is {shares}{lost}."
)


def deep_cells(n_cells: int, n_nodes: int, seed: int = 0) -> ArchTable:
    """`n_cells` chains of `n_nodes` nodes with shortcuts, over `OPS`."""
    rng = np.random.default_rng(seed)
    ops = rng.integers(1, len(OPS) - 1, (n_cells, n_nodes))
    ops[:, 0], ops[:, -1] = 0, len(OPS) - 1
    chain = np.stack([np.arange(n_nodes - 1), np.arange(1, n_nodes)])
    edges = []
    for _ in range(n_cells):
        target = np.flatnonzero(rng.random(n_nodes) < 0.3)
        target = target[target >= 2]
        source = np.maximum(target - 1 - rng.integers(1, 9, len(target)), 0)
        shortcuts = np.stack([source, target])
        edges.append(np.concatenate([chain, shortcuts], axis=1))  # (2, n_edges)
    return ArchTable.from_arrays(
        OPS,
        ops.reshape(-1),
        np.arange(n_cells + 1) * n_nodes,
        np.concatenate(edges, axis=1),
        row_ptr([pairs.shape[1] for pairs in edges]),
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
    before, started = _peak_bytes(), time.process_time()
    surrogate(table)
    seconds = time.process_time() - started
    return Cost(seconds, (_peak_bytes() - before) / 1e6)


def _peak_bytes() -> int:
    peak = peak_memory()
    if peak is None:
        raise ConfigError(
            "this system does not tell how much memory a process held; the question depth needs"
            " Linux or macOS"
        )
    return peak


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
    z, z_others = _with_constant(encoder, table), _with_constant(encoder, others)
    seen, unseen = targets[: len(table)].double(), targets[len(table) :].double()
    gram = z.T @ z + 1e-3 * torch.eye(z.shape[1])
    error = unseen - z_others @ torch.linalg.solve(gram, z.T @ seen)
    # a component that is constant on the trained cells has no variance to have a share of
    varies = seen.var(dim=0) > 0
    variance = (unseen - seen.mean(dim=0))[:, varies].square().sum()
    share = error[:, varies].square().sum() / variance
    return Convergence(history.loss, seconds, float(share))


def _with_constant(encoder: Encoder, table: ArchTable) -> torch.Tensor:
    """(N, width + 1) float64: the embeddings, and a column of ones."""
    with torch.no_grad():
        z = encoder(GraphBatch.from_table(table)).double()
    return torch.cat([z, torch.ones(len(z), 1)], dim=1)


def depth(options: ReproduceOptions) -> Page:
    """What surrogates of deep cells cost, and whether pre-training on them converges."""
    options.choose(())
    sizes, n_cells, epochs = (SIZES[:3], 64, 20) if options.quick else (SIZES, 256, 40)
    trained: dict[str, dict[int, Convergence | None]] = {name: {} for name in SURROGATES}
    costs = {}
    n_steps = len(sizes) * (1 + len(SURROGATES))
    with progress_bar("depth", n_steps, show=options.progress) as advance:
        for n in sizes:
            costs[n] = cost(n)
            advance(f"{n} nodes, surrogates")
            for name, config in SURROGATES.items():
                trained[name][n] = convergence(config, n, n_cells, epochs)
                advance(f"{n} nodes, pre-training, {name}")
    done = _DONE.format(
        least=sizes[0],
        most=sizes[-1],
        n_timed=N_TIMED,
        n_cells=n_cells,
        epochs=epochs,
        n_held_out=n_cells // 4,
    )
    return Page(
        "Deep cells: time, memory, convergence",
        done,
        [
            _verdict(costs, trained),
            "## The surrogate",
            PageTable(_cost_rows(costs)),
            "## Pre-training",
            PageTable(_training_rows(trained)),
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
    least, most = min(costs), max(costs)
    return math.log(costs[most].seconds / costs[least].seconds) / math.log(most / least)


def _verdict(
    costs: Mapping[int, Cost], trained: Mapping[str, Mapping[int, Convergence | None]]
) -> str:
    largest = max(costs)
    cost_of_largest = _COST.format(
        n=largest,
        milliseconds=1e3 * costs[largest].seconds / N_TIMED,
        power=_slope(costs),
        megabytes=costs[largest].megabytes,
        n_timed=N_TIMED,
        per_node=1e6 * costs[largest].megabytes / N_TIMED / largest,
    )
    by_surrogate = [_convergence_in_words(name, by_size) for name, by_size in trained.items()]
    return "\n".join(["## Verdict", "", cost_of_largest, *by_surrogate])


def _convergence_in_words(name: str, by_size: Mapping[int, Convergence | None]) -> str:
    converged = {n: c for n, c in by_size.items() if c is not None}
    learned = [str(n) for n, c in converged.items() if c.loss[-1] < LEARNED]
    lost = ", ".join(str(n) for n in by_size if n not in converged)
    shares = [
        f"{c.loss[-1]:.2f} ({n} nodes; held out {c.held_out:.2f})" for n, c in converged.items()
    ]
    return _LEARNED.format(
        name=name,
        bound=LEARNED,
        learned=", ".join(learned) or "no",
        shares=", ".join(shares),
        lost=f"; surrogates of {lost} nodes leave float32" if lost else "",
    )


def _cost_rows(costs: Mapping[int, Cost]) -> list[list[str]]:
    rows = [["nodes", "ms a cell", "microseconds a node", "peak MB"]]
    for n, c in costs.items():
        milliseconds = 1e3 * c.seconds / N_TIMED
        microseconds_a_node = 1e6 * c.seconds / N_TIMED / n
        rows.append(
            [
                str(n),
                f"{milliseconds:.3f}",
                f"{microseconds_a_node:.2f}",
                f"{c.megabytes:.0f}",
            ]
        )
    return rows


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
            rows.append([name, str(n), *_training_cells(c)])
    return rows


def _training_cells(c: Convergence | None) -> list[str]:
    if c is None:
        return ["leaves float32", "-", "-", "-", "-"]
    half_way = c.loss[len(c.loss) // 2]
    values = (c.loss[0], half_way, c.loss[-1], c.held_out, c.seconds)
    return [f"{value:.2f}" for value in values]


def _draw(
    path: Path, costs: Mapping[int, Cost], trained: Mapping[str, Mapping[int, Convergence | None]]
) -> None:
    with drawing(path, (1, 1 + len(trained)), (12, 3.8), dpi=85) as (_, (first, *others)):
        sizes, all_costs = list(costs), costs.values()
        milliseconds = [1e3 * c.seconds / N_TIMED for c in all_costs]
        megabytes = [c.megabytes / N_TIMED for c in all_costs]
        first.plot(sizes, milliseconds, "o-", label="milliseconds a cell")
        first.plot(sizes, megabytes, "s-", label="MB a cell, peak")
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
