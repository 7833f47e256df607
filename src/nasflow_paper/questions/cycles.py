"""cycles: surrogates of graphs with cycles, condensed or iterated to a fixed point.

Two ways to give a graph with a cycle a surrogate:

* condensed: every strongly connected component becomes one node, whose operation is named after its
  members (`importers.cycles.condensed`); what is left is acyclic. How the members were joined is
  lost.
* fixed point: the flow's own equations, iterated until nothing moves (`cyclic_flow`, with the
  condition under which that converges). On an acyclic graph it is the surrogate.

Compared on cells of NAS-Bench-101 with one edge more that leads back, from a node to one before it,
for each place where that closes a cycle and leaves the input a source and the output a sink; and
with three such edges. What a surrogate tells apart is counted against refinement in both
directions, a lower bound on the number of graphs that differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from nasflow.datasets import open_dataset
from nasflow.experiments.pictures import drawing
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.importers.cycles import condensed
from nasflow.options.surrogate import SurrogateConfig
from nasflow.running.progress import progress_bar
from nasflow.surrogate import FlowSurrogate
from nasflow_paper.questions.back_edges import (
    Graph,
    n_different,
    with_back_edges,
    with_several,
)
from nasflow_paper.questions.cyclic_flow import Digraphs, FixedPoint, fixed_point, lipschitz
from nasflow_paper.questions.telling_apart import n_groups
from nasflow_paper.reproductions.base import Page, PageTable, Picture, ReproduceOptions

FloatArray = npt.NDArray[np.float64]

CONFIGS = {
    "sigma 0.1, k = 8": SurrogateConfig(),
    "sigma 1, k = 4": SurrogateConfig(k=4, sigma=1.0),
    "sigma 3, k = 4": SurrogateConfig(k=4, sigma=3.0),
    "sigma 3, k = 4, tanh": SurrogateConfig(k=4, sigma=3.0, activation="tanh"),
    "sigma 0.1, k = 8, mean": SurrogateConfig(pooling="mean"),
    "sigma 0.1, k = 8, rescale 1/2, gelu": SurrogateConfig(rescale=0.5, activation="gelu"),
}
DAMPING = 0.5
SAME = 1e-8
"""Tolerance of equal surrogates.

Iterating stops at a relative change of 1e-12, a fraction of the distance to the fixed point.
"""

_DONE = (
    "{n_cells} random cells of NAS-Bench-101: {n_one:,} graphs with one edge that leads back, and"
    " {n_three} with three. Fixed points in float64, to a relative change of 1e-12, at most 300"
    " steps a pass. c is the factor of the proof; an iteration is guaranteed to converge where c"
    " times the spectral radius of the graph is below 1 (with mean: where c is)."
)
_TOLD_APART = (
    "## What is told apart\n\n"
    "Graphs with one back edge that differ (refinement tells them apart), the cells they were made"
    " from, and how many different surrogates they have; moved: the median of |s - s'| / |s'|, s'"
    " the surrogate of the cell without the edge."
)
_BOUND = (
    "* The bound holds: of {n_guaranteed:,} iterations that it guarantees, {n_broken} did not"
    " converge. Every graph converges with: {always}."
)
_DAMPED = "* {n_stopped:,} iterations did not converge; damping by {g:g} saved {n_saved:,} of them."
_KEPT = (
    "* {name}: of {n:,} graphs that differ the fixed point tells {iterated:,} apart, condensing"
    " {condensed:,}."
)
_BETTER = "* The fixed point keeps more than condensing with {n_better} of {n} surrogates."


@dataclass(frozen=True, eq=False)
class Iterated:
    """How iterating went for one configuration and one set of graphs."""

    factor: float
    """c of `cyclic_flow`."""
    guaranteed: npt.NDArray[np.bool_]
    """Of each graph: c rho(A) < 1."""
    plain: FixedPoint
    damped: FixedPoint


def iterate(graphs: Digraphs, config: SurrogateConfig, n_ops: int) -> Iterated:
    """Fixed points of all graphs, with and without damping."""
    surrogate = FlowSurrogate(n_ops, config, torch.float64)
    radii = graphs.spectral_radii()
    if config.pooling == "mean":
        radii = np.minimum(radii, 1.0)
    factor = lipschitz(surrogate)
    # rescale is outside the proof
    guaranteed = (factor * radii < 1) & (config.rescale == 0)
    plain, damped = (fixed_point(graphs, surrogate, g) for g in (1.0, DAMPING))
    return Iterated(factor, guaranteed, plain, damped)


@dataclass(frozen=True)
class Kept:
    """What each surrogate keeps of graphs with one back edge, and how far the edge moves it."""

    n_graphs: int
    refinement: int
    """Told apart by refinement."""
    without: int
    """Different cells before the edge was added."""
    condensed: int
    iterated: int
    moved_condensed: float
    moved_iterated: float
    """The median of |s - s'| / |s'|, s' of the cell without the edge."""


def kept(
    cells: Sequence[Architecture], vocabulary: tuple[str, ...], config: SurrogateConfig
) -> Kept:
    """What is kept by condensing, and by iterating, of all cells with one back edge."""
    graphs: list[Graph] = []
    cell_of: list[int] = []
    for row, cell in enumerate(cells):
        altered = with_back_edges(cell)
        graphs.extend(altered)
        cell_of.extend([row] * len(altered))
    merged = [condensed(*graph) for graph in graphs]
    # the draw of the space, continued for the merged operations
    merged_ops = (op for ops, _ in merged for op in ops)
    names = tuple(dict.fromkeys([*vocabulary, *merged_ops]))
    surrogate = FlowSurrogate(
        len(names), config, torch.float64, n_later_ops=len(names) - len(vocabulary)
    )
    plain = _surrogates([Architecture(cell.ops, cell.edges) for cell in cells], names, surrogate)
    acyclic = [Architecture(tuple(ops), tuple(edges)) for ops, edges in merged]
    by_merging = _surrogates(acyclic, names, surrogate)
    digraphs = Digraphs.of(graphs, names)
    point = fixed_point(digraphs, surrogate)
    before = plain[cell_of]  # (n_graphs, k)
    # where iterating did not converge it counts as no move
    after = np.where(point.converged[:, None], point.surrogate, before)
    return Kept(
        n_graphs=len(graphs),
        refinement=n_different(digraphs, names),
        without=n_groups(plain, SAME),
        condensed=n_groups(by_merging, SAME),
        iterated=n_groups(point.surrogate[point.converged], SAME),
        moved_condensed=_median_move(before, by_merging),
        moved_iterated=_median_move(before, after),
    )


def _surrogates(
    graphs: list[Architecture], vocabulary: tuple[str, ...], surrogate: FlowSurrogate
) -> FloatArray:
    return surrogate(ArchTable.from_architectures(graphs, vocabulary)).numpy()


def _median_move(before: FloatArray, after: FloatArray) -> float:
    """The median over rows of |after - before| / |before|, both (N, k)."""
    distance, size = np.linalg.norm(after - before, axis=1), np.linalg.norm(before, axis=1)
    return float(np.median(distance / size))


def cycles(options: ReproduceOptions) -> Page:
    """When iterating converges, and what it keeps beside condensing."""
    options.choose(())
    n_cells = 60 if options.quick else 500
    table = open_dataset("nb101-space").table
    rng = np.random.default_rng(0)
    # the generator goes on to choose edges
    cells = list(table[np.sort(rng.permutation(len(table))[:n_cells])])
    one = [graph for cell in cells for graph in with_back_edges(cell)]
    several = [with_several(cell, 3, rng) for cell in cells]
    three = [graph for graph in several if graph is not None]
    sets = {
        "one back edge": Digraphs.of(one, table.vocabulary),
        "three back edges": Digraphs.of(three, table.vocabulary),
    }
    iterated: dict[tuple[str, str], Iterated] = {}
    preserved: dict[str, Kept] = {}
    with progress_bar("cycles", len(CONFIGS), show=options.progress) as advance:
        for name, config in CONFIGS.items():
            for which, graphs in sets.items():
                iterated[name, which] = iterate(graphs, config, table.n_ops)
            preserved[name] = kept(cells, table.vocabulary, config)
            advance(name)
    steps = Picture(
        "steps", "relative change by step, for each surrogate", partial(_draw, iterated=iterated)
    )
    return Page(
        "Graphs with cycles: condensed, or iterated to a fixed point",
        _DONE.format(n_cells=n_cells, n_one=len(one), n_three=len(three)),
        [
            _verdict(iterated, preserved),
            "## When the iteration converges",
            PageTable(_iteration_rows(iterated)),
            steps,
            _TOLD_APART,
            PageTable(_kept_rows(preserved)),
        ],
        manifest={"surrogates": {name: config.to_dict() for name, config in CONFIGS.items()}},
    )


def _verdict(iterated: Mapping[tuple[str, str], Iterated], preserved: Mapping[str, Kept]) -> str:
    # of every iteration, one after the other
    guaranteed = np.concatenate([i.guaranteed for i in iterated.values()])
    plain = np.concatenate([i.plain.converged for i in iterated.values()])
    damped = np.concatenate([i.damped.converged for i in iterated.values()])
    sometimes = {name for (name, _), i in iterated.items() if not i.plain.converged.all()}
    always = [name for name in CONFIGS if name not in sometimes]
    lines = [
        "## Verdict",
        "",
        _BOUND.format(
            n_guaranteed=guaranteed.sum(),
            n_broken=(guaranteed & ~plain).sum(),
            always="; ".join(always) or "none",
        ),
        _DAMPED.format(n_stopped=(~plain).sum(), g=DAMPING, n_saved=(damped & ~plain).sum()),
    ]
    for name, k in preserved.items():
        lines.append(
            _KEPT.format(name=name, n=k.refinement, iterated=k.iterated, condensed=k.condensed)
        )
    n_better = sum(k.iterated > k.condensed for k in preserved.values())
    lines.append(_BETTER.format(n_better=n_better, n=len(preserved)))
    return "\n".join(lines)


def _iteration_rows(iterated: Mapping[tuple[str, str], Iterated]) -> list[list[str]]:
    rows = [
        [
            "surrogate",
            "graphs",
            "c",
            "guaranteed",
            "converged",
            f"with damping {DAMPING:g}",
            "median steps",
            "most",
        ]
    ]
    for (name, which), i in iterated.items():
        steps = i.plain.n_steps[i.plain.converged]
        rows.append(
            [
                name,
                which,
                f"{i.factor:.2f}",
                f"{100 * i.guaranteed.mean():.1f} %",
                f"{100 * i.plain.converged.mean():.1f} %",
                f"{100 * i.damped.converged.mean():.1f} %",
                f"{np.median(steps):.0f}" if len(steps) else "-",
                str(steps.max()) if len(steps) else "-",
            ]
        )
    return rows


def _kept_rows(preserved: Mapping[str, Kept]) -> list[list[str]]:
    rows = [
        [
            "surrogate",
            "graphs",
            "that differ",
            "cells",
            "condensed",
            "fixed point",
            "moved, condensed",
            "moved, fixed point",
        ]
    ]
    for name, k in preserved.items():
        counts = (k.n_graphs, k.refinement, k.without, k.condensed, k.iterated)
        moved = (k.moved_condensed, k.moved_iterated)
        rows.append([name, *(f"{n:,}" for n in counts), *(f"{share:.2f}" for share in moved)])
    return rows


def _draw(path: Path, iterated: Mapping[tuple[str, str], Iterated]) -> None:
    whiches = list(dict.fromkeys(which for _, which in iterated))
    with drawing(path, (1, len(whiches)), (11, 4.4), dpi=85) as (figure, axes):
        for panel, which in zip(axes, whiches, strict=True):
            for name in CONFIGS:
                changes = np.maximum(iterated[name, which].plain.changes, 1e-17)  # (n_steps, N)
                # what has left float64 is shown as a change by its whole size
                changes = np.where(np.isfinite(changes), changes, 1.0)
                low, middle, high = np.nanpercentile(changes, [10, 50, 95], axis=1)
                steps = np.arange(1, len(changes) + 1)
                (line,) = panel.plot(steps, middle, label=name)
                panel.fill_between(steps, low, high, alpha=0.15, color=line.get_color())
            panel.set_yscale("log")
            panel.set_ylim(1e-13, 3)
            panel.set_xlim(0, 120)
            panel.set_xlabel("step of the forward pass")
            panel.set_ylabel("relative change (median, 10 to 95 %)")
            panel.set_title(which, fontsize=10)
        handles = axes[0].get_legend_handles_labels()
        figure.legend(*handles, loc="outside lower center", ncols=3, fontsize=8)
