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
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from nasflow.datasets import open_dataset
from nasflow.experiments.pictures import drawing
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.flat_arrays import row_ptr
from nasflow.graphs.table import ArchTable
from nasflow.importers.cycles import condensed
from nasflow.options.surrogate import SurrogateConfig
from nasflow.running.progress import progress_bar
from nasflow.surrogate import FlowSurrogate
from nasflow_paper.questions.cyclic_flow import Digraphs, FixedPoint, fixed_point, lipschitz
from nasflow_paper.questions.telling_apart import groups, refinement_words
from nasflow_paper.reproductions.base import Page, Picture, ReproduceOptions, Table

FloatArray = npt.NDArray[np.float64]
Graph = tuple[Sequence[str], Sequence[tuple[int, int]]]

CONFIGS = {
    "sigma 0.1, k = 8": SurrogateConfig(),
    "sigma 1, k = 4": SurrogateConfig(k=4, sigma=1.0),
    "sigma 3, k = 4": SurrogateConfig(k=4, sigma=3.0),
    "sigma 3, k = 4, tanh": SurrogateConfig(k=4, sigma=3.0, activation="tanh"),
    "sigma 0.1, k = 8, mean": SurrogateConfig(pooling="mean"),
    "sigma 0.1, k = 8, rescale 1/2, gelu": SurrogateConfig(rescale=0.5, activation="gelu"),
}
DAMPING = 0.5


def with_back_edges(cell: Architecture) -> list[Graph]:
    """The cell with one edge more, for each that closes a cycle without entering a source or
    leaving a sink.
    """
    reached = np.zeros((cell.n_nodes, cell.n_nodes), dtype=bool)  # [u, v]: from u to v
    for v in sorted(range(cell.n_nodes), key=cell.generations.__getitem__):
        for u in cell.predecessors[v]:
            reached[u, v] = True
            reached[:, v] |= reached[:, u]
    return [
        (cell.ops, (*cell.edges, (v, u)))
        for u, v in product(range(cell.n_nodes), repeat=2)
        if reached[u, v] and cell.predecessors[u] and cell.successors[v]
    ]


def with_several(cell: Architecture, n_edges: int, rng: np.random.Generator) -> Graph | None:
    """The cell with `n_edges` of these edges at once; None where it has fewer places for one."""
    places = [edges[-1] for _, edges in with_back_edges(cell)]
    if len(places) < n_edges:
        return None
    chosen = rng.choice(len(places), n_edges, replace=False)
    return cell.ops, (*cell.edges, *(places[i] for i in chosen))


def n_different(graphs: Digraphs, vocabulary: tuple[str, ...]) -> int:
    """How many of the graphs refinement tells apart."""
    edges = graphs.edges[:, np.lexsort(graphs.edges)]  # by target, as in a table
    n_edges = np.bincount(
        np.searchsorted(graphs.node_ptr, edges[1], side="right") - 1,
        minlength=len(graphs.node_ptr) - 1,
    )
    edge_ptr = row_ptr(n_edges)
    local = edges - np.repeat(graphs.node_ptr[:-1], n_edges)
    # not a table to compute with, since it has cycles: refinement reads operations and edges alone
    table = ArchTable(
        vocabulary,
        graphs.ops.astype(np.uint8),
        graphs.node_ptr,
        local,
        edge_ptr,
        np.zeros(len(graphs.ops), np.int64),
    )
    return len(np.unique(refinement_words(table)))


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
    return Iterated(
        factor, guaranteed, fixed_point(graphs, surrogate), fixed_point(graphs, surrogate, DAMPING)
    )


@dataclass(frozen=True)
class Kept:
    """What each surrogate tells apart of graphs with one back edge, and how far it is from the
    acyclic graph's.
    """

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
    graphs = [(row, graph) for row, cell in enumerate(cells) for graph in with_back_edges(cell)]
    merged = [condensed(*graph) for _, graph in graphs]
    # the draw of the space, continued for the merged operations
    names = tuple(dict.fromkeys([*vocabulary, *(op for ops, _ in merged for op in ops)]))
    surrogate = FlowSurrogate(
        len(names), config, torch.float64, n_later_ops=len(names) - len(vocabulary)
    )
    plain = _surrogates([Architecture(cell.ops, cell.edges) for cell in cells], names, surrogate)
    by_merging = _surrogates(
        [Architecture(tuple(ops), tuple(edges)) for ops, edges in merged], names, surrogate
    )
    digraphs = Digraphs.of([graph for _, graph in graphs], names)
    found = fixed_point(digraphs, surrogate)
    before = plain[[row for row, _ in graphs]]
    size = np.linalg.norm(before, axis=1)

    def moved(after: FloatArray) -> float:
        return float(np.median(np.linalg.norm(after - before, axis=1) / size))

    ok = found.converged
    return Kept(
        len(graphs),
        n_different(digraphs, names),
        _n_groups(plain),
        _n_groups(by_merging),
        _n_groups(found.surrogate[ok]),
        moved(by_merging),
        moved(np.where(ok[:, None], found.surrogate, before)),
    )


def _surrogates(
    graphs: list[Architecture], vocabulary: tuple[str, ...], surrogate: FlowSurrogate
) -> FloatArray:
    return surrogate(ArchTable.from_architectures(graphs, vocabulary)).numpy()


def _n_groups(values: FloatArray) -> int:
    # iterating stops at a relative change of 1e-12, a fraction of the distance to the fixed point
    return len(np.unique(groups(values, 1e-8)))


def cycles(options: ReproduceOptions) -> Page:
    """The page."""
    options.choose(())
    n_cells = 60 if options.quick else 500
    table = open_dataset("nb101-space").table
    rng = np.random.default_rng(0)
    cells = list(table[np.sort(rng.permutation(len(table))[:n_cells])])
    one = [graph for cell in cells for graph in with_back_edges(cell)]
    three = [graph for cell in cells if (graph := with_several(cell, 3, rng)) is not None]
    sets = {
        what: Digraphs.of(graphs, table.vocabulary)
        for what, graphs in (("one back edge", one), ("three back edges", three))
    }
    iterated: dict[tuple[str, str], Iterated] = {}
    preserved: dict[str, Kept] = {}
    with progress_bar("cycles", len(CONFIGS), show=options.progress) as advance:
        for name, config in CONFIGS.items():
            for which, graphs in sets.items():
                iterated[name, which] = iterate(graphs, config, table.n_ops)
            preserved[name] = kept(cells, table.vocabulary, config)
            advance(name)
    done = (
        f"{n_cells} random cells of NAS-Bench-101: {len(one):,} graphs with one edge that leads"
        f" back, and {len(three)} with three. Fixed points in float64, to a relative change of"
        " 1e-12, at most 300 steps a pass. c is the factor of the proof; an iteration is"
        " guaranteed to converge where c times the spectral radius of the graph is below 1 (with"
        " mean: where c is)."
    )
    return Page(
        "Graphs with cycles: condensed, or iterated to a fixed point",
        done,
        [
            _verdict(iterated, preserved),
            "## When the iteration converges",
            Table(_iteration_rows(iterated)),
            Picture(
                "steps",
                "relative change by step, for each surrogate",
                partial(_draw, iterated=iterated),
            ),
            (
                "## What is told apart\n\nGraphs with one back edge that differ (refinement tells"
                " them apart), the cells they were made from, and how many different surrogates"
                " they have; moved: the median of |s - s'| / |s'|, s' the surrogate of the cell"
                " without the edge."
            ),
            Table(_kept_rows(preserved)),
        ],
        manifest={"surrogates": {name: config.to_dict() for name, config in CONFIGS.items()}},
    )


def _verdict(iterated: Mapping[tuple[str, str], Iterated], preserved: Mapping[str, Kept]) -> str:
    broken = sum(int((i.guaranteed & ~i.plain.converged).sum()) for i in iterated.values())
    n_guaranteed = sum(int(i.guaranteed.sum()) for i in iterated.values())
    always = [
        name
        for name in CONFIGS
        if all(i.plain.converged.all() for (n, _), i in iterated.items() if n == name)
    ]
    helped = sum(int((i.damped.converged & ~i.plain.converged).sum()) for i in iterated.values())
    stopped = sum(int((~i.plain.converged).sum()) for i in iterated.values())
    lines = [
        "## Verdict",
        "",
        (
            f"* The bound holds: of {n_guaranteed:,} iterations that it guarantees, {broken} did"
            f" not converge. Every graph converges with: {'; '.join(always) or 'none'}."
        ),
        (
            f"* {stopped:,} iterations did not converge; damping by {DAMPING:g} saved {helped:,} of"
            " them."
        ),
    ]
    for name, k in preserved.items():
        lines.append(
            f"* {name}: of {k.refinement:,} graphs that differ the fixed point tells {k.iterated:,}"
            f" apart, condensing {k.condensed:,}."
        )
    better = sum(k.iterated > k.condensed for k in preserved.values())
    lines.append(
        f"* The fixed point keeps more than condensing with {better} of {len(preserved)}"
        " surrogates."
    )
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
    header = [
        "surrogate",
        "graphs",
        "that differ",
        "cells",
        "condensed",
        "fixed point",
        "moved, condensed",
        "moved, fixed point",
    ]
    return [
        header,
        *(
            [
                name,
                f"{k.n_graphs:,}",
                f"{k.refinement:,}",
                f"{k.without:,}",
                f"{k.condensed:,}",
                f"{k.iterated:,}",
                f"{k.moved_condensed:.2f}",
                f"{k.moved_iterated:.2f}",
            ]
            for name, k in preserved.items()
        ),
    ]


def _draw(path: Path, iterated: Mapping[tuple[str, str], Iterated]) -> None:
    whiches = list(dict.fromkeys(which for _, which in iterated))
    with drawing(path, (1, len(whiches)), (11, 4.4), dpi=85) as (figure, axes):
        for panel, which in zip(axes, whiches, strict=True):
            for name in CONFIGS:
                changes = np.maximum(iterated[name, which].plain.changes, 1e-17)
                steps = np.arange(1, len(changes) + 1)
                low, middle, high = np.nanpercentile(
                    np.where(np.isfinite(changes), changes, 1.0), [10, 50, 95], axis=1
                )
                (line,) = panel.plot(steps, middle, label=name)
                panel.fill_between(steps, low, high, alpha=0.15, color=line.get_color())
            panel.set_yscale("log")
            panel.set_ylim(1e-13, 3)
            panel.set_xlim(0, 120)
            panel.set_xlabel("step of the forward pass")
            panel.set_ylabel("relative change (median, 10 to 95 %)")
            panel.set_title(which, fontsize=10)
        figure.legend(
            *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8
        )
