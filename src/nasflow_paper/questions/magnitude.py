"""magnitude: does the surrogate vanish or explode in deep and wide graphs, and which normalisation
cures it?

On ladders (every node receives from the d nodes before it, operations drawn at random), of 8 to
1,000 nodes:

* size: |s| / |r|, the geometric mean over graphs. On a chain (d = 1) the share alpha of a message
  alone passes, so what comes from far away is lost; with d > 1 the sum grows by up to alpha d each
  generation.
* memory: by how much, relative to |s|, s changes when one operation at some distance from the input
  is exchanged. Below about 1e-7 float32 does not show it, and no encoder can learn it.

Candidates: the mean or the sum over the square root of the number of messages instead of the sum
(`pooling`), and messages brought to, or half-way to, the length of r (`rescale`; with q = 1/2 the
logarithm of a length is halved at every node, so it stays bounded at any depth, and yet two equal
messages count more than one). A candidate must not cost
what the surrogate tells apart or says about labels in shallow cells: both are measured on
benchmarks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from nasflow.datasets import open_dataset
from nasflow.errors import DataError
from nasflow.experiments.pictures import drawing
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.running.progress import progress_bar
from nasflow.surrogate import FlowSurrogate
from nasflow_paper.questions.explained import beyond_by_draw
from nasflow_paper.questions.spaces import SPACES
from nasflow_paper.questions.telling_apart import groups
from nasflow_paper.reproductions.base import Block, Page, Picture, ReproduceOptions, Table

FloatArray = npt.NDArray[np.float64]

OPS = ("input", "a", "b", "c", "output")
DEPTHS = (8, 16, 32, 64, 128, 256, 512, 1000)
IN_DEGREES = (1, 2, 4)
WIDTHS = (1, 4, 16, 64)
DISTANCES = (1, 2, 4, 8, 16, 32, 62)
LENGTH = 64  # nodes of the ladders that memory is measured on
BASES: Mapping[str, Mapping[str, Any]] = {
    "sigma 1": {"k": 4, "sigma": 1.0},
    "sigma 0.1": {"k": 8, "sigma": 0.1},
}
CURES: Mapping[str, Mapping[str, Any]] = {
    "as published": {},
    "mean": {"pooling": "mean"},
    "root": {"pooling": "root"},
    "rescale 1": {"rescale": 1.0},
    "rescale 1/2": {"rescale": 0.5},
    "rescale 1/2, gelu": {"rescale": 0.5, "activation": "gelu"},
}
BOUNDED = 10.0  # a cure keeps the sizes of deep graphs within this factor of one another
VISIBLE = 1e-7  # about the resolution of float32


def ladder(rng: np.random.Generator, n_nodes: int, in_degree: int) -> Architecture:
    """A graph of `n_nodes` in a row; each receives from as many before it as `in_degree` says,
    operations at random.
    """
    ops = (OPS[0], *rng.choice(OPS[1:-1], n_nodes - 2).tolist(), OPS[-1])
    return Architecture(
        ops, tuple((u, v) for v in range(1, n_nodes) for u in range(max(0, v - in_degree), v))
    )


def fan(rng: np.random.Generator, width: int) -> Architecture:
    """An input, `width` operations side by side, and an output that receives from all of them."""
    ops = (OPS[0], *rng.choice(OPS[1:-1], width).tolist(), OPS[-1])
    middle = range(1, width + 1)
    return Architecture(ops, (*((0, v) for v in middle), *((v, width + 1) for v in middle)))


def size(config: SurrogateConfig, graphs: Sequence[Architecture]) -> float:
    """Geometric mean of |s| / |r| over graphs over `OPS`; infinite where a value leaves float64."""
    surrogate = FlowSurrogate(len(OPS), config, torch.float64)
    try:
        values = surrogate(ArchTable.from_architectures(graphs, OPS))
    except DataError:
        return float("inf")
    # scaled first: a square of 1e200 is no float64
    largest = values.abs().amax(dim=1, keepdim=True)
    lengths = (values / largest).norm(dim=1).log() + largest.squeeze(1).log()
    with np.errstate(over="ignore"):
        return float(np.exp(float(lengths.mean() - surrogate.r.norm().log())))


def memory(
    config: SurrogateConfig, in_degree: int, distances: Sequence[int], n_graphs: int, seed: int = 0
) -> list[float]:
    """For each distance from the input the relative change of s when the operation there is
    exchanged.

    The geometric mean over `n_graphs` ladders of `LENGTH` nodes; 1e-17 stands for no change at all.
    """
    rng = np.random.default_rng(seed)
    surrogate = FlowSurrogate(len(OPS), config, torch.float64)
    changes = []
    for _ in range(n_graphs):
        plain = ladder(rng, LENGTH, in_degree)
        others = []
        for at in distances:
            other = rng.choice([op for op in OPS[1:-1] if op != plain.ops[at]])
            others.append(
                Architecture((*plain.ops[:at], str(other), *plain.ops[at + 1 :]), plain.edges)
            )
        s, *changed = surrogate(ArchTable.from_architectures([plain, *others], OPS))
        changes.append([max(float((c - s).norm() / s.norm()), 1e-17) for c in changed])
    result: list[float] = np.exp(np.log(changes).mean(axis=0)).tolist()
    return result


def growth(config: SurrogateConfig, in_degree: int, n_graphs: int, seed: int = 0) -> float:
    """Factor by which the size grows from one generation to the next, between ladders of 16 and 64
    nodes.
    """
    rng = np.random.default_rng(seed)
    short, long = (
        size(config, [ladder(rng, n, in_degree) for _ in range(n_graphs)]) for n in (16, 64)
    )
    return float((long / short) ** (1 / 48))


def n_lost(table: ArchTable, config: SurrogateConfig) -> int:
    """How many rows of a table without isomorphic rows share their surrogate, in float64, with an
    earlier one.
    """
    values = FlowSurrogate(table.n_ops, config, torch.float64)(table).numpy()
    return len(table) - len(np.unique(groups(values, 1e-9)))


def magnitude(options: ReproduceOptions) -> Page:
    """The page."""
    depths = DEPTHS[:6] if options.quick else DEPTHS
    n_graphs, n_rows, n_draws = (3, 20_000, 1) if options.quick else (20, 10**9, 5)
    spaces = options.choose(("nb101", "nb201", "nb301", "nasbench-macro"))
    cells = open_dataset("nb101-space").table
    if options.quick:
        cells = cells[np.sort(np.random.default_rng(0).permutation(len(cells))[:n_rows])]
    configs = {
        (base, cure): SurrogateConfig.from_dict({**BASES[base], **CURES[cure]})
        for base in BASES
        for cure in CURES
    }
    sizes: dict[tuple[str, str], FloatArray] = {}
    fans: dict[tuple[str, str], list[float]] = {}
    memories: dict[tuple[str, str], FloatArray] = {}
    lost: dict[tuple[str, str], int] = {}
    beyond: dict[tuple[str, str], list[float]] = {}
    with progress_bar("magnitude", len(configs), show=options.progress) as advance:
        for key, config in configs.items():
            rng = np.random.default_rng(0)
            sizes[key] = np.array(
                [
                    [size(config, [ladder(rng, n, d) for _ in range(n_graphs)]) for n in depths]
                    for d in IN_DEGREES
                ]
            )
            fans[key] = [
                size(config, [fan(rng, width) for _ in range(n_graphs)]) for width in WIDTHS
            ]
            memories[key] = np.array([memory(config, d, DISTANCES, n_graphs) for d in IN_DEGREES])
            lost[key] = n_lost(cells, config)
            beyond[key] = [_beyond(name, config, n_rows, n_draws) for name in spaces]
            advance(", ".join(key))
    rates = {
        (base, d): growth(configs[base, "as published"], d, n_graphs)
        for base in BASES
        for d in IN_DEGREES
    }
    blocks: list[Block] = [
        _verdict(configs, sizes, memories, lost, beyond, rates, spaces, len(cells)),
        (
            "## Size by depth\n\n|s| / |r| of ladders; d is the number of messages that a node"
            " receives."
        ),
        Table(_size_rows(sizes, depths)),
        "## Size by width\n\n|s| / |r| of an input, operations side by side, and an output.",
        Table(_fan_rows(fans)),
        (
            f"## Memory\n\nRelative change of s when one operation of a ladder of {LENGTH} nodes is"
            " exchanged, by its distance from the input."
        ),
        Table(_memory_rows(memories)),
        Picture(
            "depth",
            "size by depth and memory by distance, for each normalisation",
            partial(_draw, sizes=sizes, memories=memories, depths=depths),
        ),
        (
            f"## What it costs\n\nOf {len(cells):,} cells of NAS-Bench-101, those that share"
            " another's surrogate; and the share of the label's variance explained beyond counts"
            f" of operations (see the question `correlation`), mean over {n_draws} draws."
        ),
        Table(_cost_rows(lost, beyond, spaces)),
    ]
    done = (
        f"Surrogates of random ladders and fans, {n_graphs} of each kind, in float64. "
        + ", ".join(f"{base}: k = {BASES[base]['k']}" for base in BASES)
        + "."
        + (f" A first look: {n_rows:,} rows of each space." if options.quick else "")
    )
    return Page(
        "Does the surrogate vanish or explode with depth?",
        done,
        blocks,
        manifest={
            "surrogates": {", ".join(key): config.to_dict() for key, config in configs.items()}
        },
    )


def _beyond(name: str, config: SurrogateConfig, n_rows: int, n_draws: int) -> float:
    dataset = SPACES[name].dataset()
    labels = dataset.labels(SPACES[name].metric)
    rows = np.flatnonzero(np.isfinite(labels))
    rows = np.sort(np.random.default_rng(0).permutation(rows)[:n_rows])
    return float(np.mean(beyond_by_draw(dataset.table[rows], labels[rows], config, n_draws)))


def is_bounded(sizes: FloatArray) -> bool:
    """Whether sizes (in-degrees, depths) stay within `BOUNDED` of one another along every row."""
    return bool(
        np.isfinite(sizes).all() and (sizes.max(axis=1) <= BOUNDED * sizes.min(axis=1)).all()
    )


def _verdict(
    configs: Mapping[tuple[str, str], SurrogateConfig],
    sizes: Mapping[tuple[str, str], FloatArray],
    memories: Mapping[tuple[str, str], FloatArray],
    lost: Mapping[tuple[str, str], int],
    beyond: Mapping[tuple[str, str], list[float]],
    rates: Mapping[tuple[str, int], float],
    spaces: Sequence[str],
    n_cells: int,
) -> str:
    lines = ["## Verdict", ""]
    for base in BASES:
        lines.append(
            f"* {base}, as published: the size changes by a factor of "
            + ", ".join(f"{rates[base, d]:.2f} (d = {d})" for d in IN_DEGREES)
            + f" a generation; at distance {DISTANCES[-1]} an exchanged operation changes s by "
            + ", ".join(f"{m:.0e}" for m in memories[base, "as published"][:, -1])
            + " of its length."
        )
    bounded = [key for key in configs if is_bounded(sizes[key])]
    seen = {key: float(memories[key].min()) for key in bounded}
    good = [key for key in bounded if seen[key] >= VISIBLE]
    lines.append(
        "* Bounded at every depth and in-degree:"
        f" {'; '.join(', '.join(key) for key in bounded) or 'none'}."
    )
    lines.append(
        f"* Of these with a memory of at least {VISIBLE:g} at every distance: "
        f"{'; '.join(', '.join(key) for key in good) or 'none'}."
    )
    if good:
        best = min(good, key=lambda key: (lost[key], -seen[key]))
        own = (best[0], "as published")
        lines.append(
            f"* The cure: {', '.join(best)}, which of these loses the fewest of {n_cells:,} cells,"
            f" {lost[best]:,} (as published {lost[own]:,}); explained beyond counts: "
            + ", ".join(
                f"{name} {after:.3f} (as published {before:.3f})"
                for name, before, after in zip(spaces, beyond[own], beyond[best], strict=True)
            )
            + "."
        )
    return "\n".join(lines)


def _size_rows(
    sizes: Mapping[tuple[str, str], FloatArray], depths: Sequence[int]
) -> list[list[str]]:
    return [
        ["surrogate", "normalisation", "d", *(f"{n} nodes" for n in depths)],
        *(
            [base, cure, str(d), *(f"{value:.2g}" for value in row)]
            for (base, cure), table in sizes.items()
            for d, row in zip(IN_DEGREES, table, strict=True)
        ),
    ]


def _fan_rows(fans: Mapping[tuple[str, str], list[float]]) -> list[list[str]]:
    return [
        ["surrogate", "normalisation", *(f"width {w}" for w in WIDTHS)],
        *([base, cure, *(f"{value:.2g}" for value in row)] for (base, cure), row in fans.items()),
    ]


def _memory_rows(memories: Mapping[tuple[str, str], FloatArray]) -> list[list[str]]:
    return [
        ["surrogate", "normalisation", "d", *(str(distance) for distance in DISTANCES)],
        *(
            [base, cure, str(d), *(f"{value:.0e}" for value in row)]
            for (base, cure), table in memories.items()
            for d, row in zip(IN_DEGREES, table, strict=True)
        ),
    ]


def _cost_rows(
    lost: Mapping[tuple[str, str], int],
    beyond: Mapping[tuple[str, str], list[float]],
    spaces: Sequence[str],
) -> list[list[str]]:
    return [
        [
            "surrogate",
            "normalisation",
            "cells lost",
            *(f"beyond counts, {name}" for name in spaces),
        ],
        *([*key, f"{n:,}", *(f"{value:.3f}" for value in beyond[key])] for key, n in lost.items()),
    ]


def _draw(
    path: Path,
    sizes: Mapping[tuple[str, str], FloatArray],
    memories: Mapping[tuple[str, str], FloatArray],
    depths: Sequence[int],
) -> None:
    with drawing(path, (2, 2), (11, 7), dpi=85) as (figure, axes):
        for row, base in enumerate(BASES):
            left, right = axes[2 * row : 2 * row + 2]
            for cure in CURES:
                # d = 2: an input of its own and one more, as most cells have
                left.plot(
                    depths, np.minimum(sizes[base, cure][1], 1e30), "o-", markersize=3, label=cure
                )
                right.plot(DISTANCES, memories[base, cure][1], "o-", markersize=3)
            left.set_title(f"{base}: size of ladders with d = 2", fontsize=9)
            right.set_title(f"{base}: memory, d = 2", fontsize=9)
            for panel in (left, right):
                panel.set_xscale("log", base=2)
                panel.set_yscale("log")
            right.axhline(VISIBLE, color="grey", linewidth=0.7)
            left.set_ylabel("|s| / |r|")
            right.set_ylabel("relative change of s")
            left.set_xlabel("nodes")
            right.set_xlabel("distance of the exchanged operation from the input")
        figure.legend(
            *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=6, fontsize=8
        )
