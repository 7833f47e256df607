"""magnitude: does the surrogate vanish or explode in deep graphs, and what cures it?

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
messages count more than one). A candidate must not cost what the surrogate tells apart or says
about labels in shallow cells: both are measured on benchmarks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from nasflow.datasets import open_dataset
from nasflow.experiments.pictures import drawing
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.running.progress import progress_bar
from nasflow.surrogate import FlowSurrogate
from nasflow_paper.questions.explained import beyond_by_draw
from nasflow_paper.questions.ladders import (
    LENGTH,
    fan,
    growth,
    memory,
    size,
    size_of_ladders,
)
from nasflow_paper.questions.rows import ALL_ROWS, labelled_rows, some_rows
from nasflow_paper.questions.spaces import SPACES
from nasflow_paper.questions.telling_apart import n_groups
from nasflow_paper.reproductions.base import Block, Page, PageTable, Picture, ReproduceOptions

FloatArray = npt.NDArray[np.float64]

DEPTHS = (8, 16, 32, 64, 128, 256, 512, 1000)
IN_DEGREES = (1, 2, 4)
WIDTHS = (1, 4, 16, 64)
DISTANCES = (1, 2, 4, 8, 16, 32, 62)
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
BOUNDED = 10.0
"""A cure keeps the sizes of deep graphs within this factor of one another."""
VISIBLE = 1e-7
"""About the resolution of float32."""

Key = tuple[str, str]
"""A base and a cure."""

_GROWTH = (
    "* {base}, as published: the size changes by a factor of {rates} a generation; at distance"
    " {distance} an exchanged operation changes s by {changes} of its length."
)
_BOUNDED = "* Bounded at every depth and in-degree: {keys}."
_VISIBLE = "* Of these with a memory of at least {bound:g} at every distance: {keys}."
_CURE = (
    "* The cure: {cure}, which of these loses the fewest of {n_cells:,} cells, {n_lost:,} (as"
    " published {n_published:,}); explained beyond counts: {shares}."
)
_SIZE_BY_DEPTH = (
    "## Size by depth\n\n|s| / |r| of ladders; d is the number of messages that a node receives."
)
_SIZE_BY_WIDTH = (
    "## Size by width\n\n|s| / |r| of an input, operations side by side, and an output."
)
_MEMORY = (
    "## Memory\n\nRelative change of s when one operation of a ladder of {length} nodes is"
    " exchanged, by its distance from the input."
)
_PRICE = (
    "## What it costs\n\nOf {n_cells:,} cells of NAS-Bench-101, those that share another's"
    " surrogate; and the share of the label's variance explained beyond counts of operations (see"
    " the question `correlation`), mean over {n_draws} draws."
)
_DONE = (
    "Surrogates of random ladders and fans, {n_graphs} of each kind, in float64. {bases}."
    "{first_look}"
)


def n_lost(table: ArchTable, config: SurrogateConfig) -> int:
    """How many rows of a table without isomorphic rows have the surrogate of an earlier one.

    In float64.
    """
    values = FlowSurrogate(table.n_ops, config, torch.float64)(table).numpy()
    return len(table) - n_groups(values, 1e-9)


@dataclass(frozen=True)
class Behaviour:
    """What one configuration does in deep and wide graphs, and what it costs in shallow cells."""

    sizes: FloatArray
    """(in-degrees, depths) of ladders."""
    fans: list[float]
    """Sizes by width."""
    memories: FloatArray
    """(in-degrees, distances)."""
    n_lost: int
    """Cells of NAS-Bench-101 that share another's surrogate."""
    beyond: list[float]
    """By space: the share of the label's variance explained beyond counts of operations."""

    @property
    def is_bounded(self) -> bool:
        """Whether sizes do not run away with depth."""
        return is_bounded(self.sizes)

    @property
    def faintest(self) -> float:
        """The least memory at any distance."""
        return float(self.memories.min())


def magnitude(options: ReproduceOptions) -> Page:
    """Sizes and memories of deep graphs for each normalisation, and what each costs."""
    depths = DEPTHS[:6] if options.quick else DEPTHS
    n_graphs, n_rows, n_draws = (3, 20_000, 1) if options.quick else (20, ALL_ROWS, 5)
    spaces = options.choose(("nb101", "nb201", "nb301", "nasbench-macro"))
    cells = open_dataset("nb101-space").table
    if options.quick:
        cells = cells[some_rows(np.arange(len(cells)), n_rows)]
    configs = {
        (base, cure): SurrogateConfig.from_dict({**BASES[base], **CURES[cure]})
        for base in BASES
        for cure in CURES
    }
    behaviours: dict[Key, Behaviour] = {}
    with progress_bar("magnitude", len(configs), show=options.progress) as advance:
        for key, config in configs.items():
            # the same graphs for every configuration
            rng = np.random.default_rng(0)
            sizes = []
            for d in IN_DEGREES:
                sizes.append([size_of_ladders(config, rng, n, d, n_graphs) for n in depths])
            fans = []
            for width in WIDTHS:
                fans.append(size(config, [fan(rng, width) for _ in range(n_graphs)]))
            behaviours[key] = Behaviour(
                np.array(sizes),
                fans,
                np.array([memory(config, d, DISTANCES, n_graphs) for d in IN_DEGREES]),
                n_lost(cells, config),
                [_beyond(name, config, n_rows, n_draws) for name in spaces],
            )
            advance(", ".join(key))
    rates = {}
    for base in BASES:
        published = configs[base, "as published"]
        rates[base] = [growth(published, d, n_graphs) for d in IN_DEGREES]
    blocks: list[Block] = [
        _verdict(behaviours, rates, spaces, len(cells)),
        _SIZE_BY_DEPTH,
        PageTable(_size_rows(behaviours, depths)),
        _SIZE_BY_WIDTH,
        PageTable(_fan_rows(behaviours)),
        _MEMORY.format(length=LENGTH),
        PageTable(_memory_rows(behaviours)),
        Picture(
            "depth",
            "size by depth and memory by distance, for each normalisation",
            partial(_draw, behaviours=behaviours, depths=depths),
        ),
        _PRICE.format(n_cells=len(cells), n_draws=n_draws),
        PageTable(_cost_rows(behaviours, spaces)),
    ]
    done = _DONE.format(
        n_graphs=n_graphs,
        bases=", ".join(f"{base}: k = {BASES[base]['k']}" for base in BASES),
        first_look=f" A first look: {n_rows:,} rows of each space." if options.quick else "",
    )
    surrogates = {", ".join(key): config.to_dict() for key, config in configs.items()}
    return Page(
        "Does the surrogate vanish or explode with depth?",
        done,
        blocks,
        manifest={"surrogates": surrogates},
    )


def _beyond(name: str, config: SurrogateConfig, n_rows: int, n_draws: int) -> float:
    dataset = SPACES[name].dataset()
    labels = dataset.labels(SPACES[name].metric)
    rows = labelled_rows(labels, n_rows)
    return float(np.mean(beyond_by_draw(dataset.table[rows], labels[rows], config, n_draws)))


def is_bounded(sizes: FloatArray) -> bool:
    """Whether sizes (in-degrees, depths) stay within `BOUNDED` of one another along every row."""
    return bool(
        np.isfinite(sizes).all() and (sizes.max(axis=1) <= BOUNDED * sizes.min(axis=1)).all()
    )


def _verdict(
    behaviours: Mapping[Key, Behaviour],
    rates: Mapping[str, Sequence[float]],
    spaces: Sequence[str],
    n_cells: int,
) -> str:
    lines = ["## Verdict", ""]
    for base, by_degree in rates.items():
        factors = [f"{rate:.2f} (d = {d})" for rate, d in zip(by_degree, IN_DEGREES, strict=True)]
        farthest = behaviours[base, "as published"].memories[:, -1]  # (in-degrees,)
        lines.append(
            _GROWTH.format(
                base=base,
                rates=", ".join(factors),
                distance=DISTANCES[-1],
                changes=", ".join(f"{change:.0e}" for change in farthest),
            )
        )
    bounded = [key for key, behaviour in behaviours.items() if behaviour.is_bounded]
    good = [key for key in bounded if behaviours[key].faintest >= VISIBLE]
    lines.append(_BOUNDED.format(keys=_in_words(bounded)))
    lines.append(_VISIBLE.format(bound=VISIBLE, keys=_in_words(good)))
    if good:
        # of those that lose as few, the one that remembers most
        best = min(good, key=lambda key: (behaviours[key].n_lost, -behaviours[key].faintest))
        cured, published = behaviours[best], behaviours[best[0], "as published"]
        shares = [
            f"{name} {after:.3f} (as published {before:.3f})"
            for name, before, after in zip(spaces, published.beyond, cured.beyond, strict=True)
        ]
        lines.append(
            _CURE.format(
                cure=", ".join(best),
                n_cells=n_cells,
                n_lost=cured.n_lost,
                n_published=published.n_lost,
                shares=", ".join(shares),
            )
        )
    return "\n".join(lines)


def _in_words(keys: Sequence[Key]) -> str:
    return "; ".join(", ".join(key) for key in keys) or "none"


def _size_rows(behaviours: Mapping[Key, Behaviour], depths: Sequence[int]) -> list[list[str]]:
    rows = [["surrogate", "normalisation", "d", *(f"{n} nodes" for n in depths)]]
    for key, behaviour in behaviours.items():
        for d, values in zip(IN_DEGREES, behaviour.sizes, strict=True):
            rows.append([*key, str(d), *(f"{value:.2g}" for value in values)])
    return rows


def _fan_rows(behaviours: Mapping[Key, Behaviour]) -> list[list[str]]:
    rows = [["surrogate", "normalisation", *(f"width {width}" for width in WIDTHS)]]
    for key, behaviour in behaviours.items():
        rows.append([*key, *(f"{value:.2g}" for value in behaviour.fans)])
    return rows


def _memory_rows(behaviours: Mapping[Key, Behaviour]) -> list[list[str]]:
    rows = [["surrogate", "normalisation", "d", *map(str, DISTANCES)]]
    for key, behaviour in behaviours.items():
        for d, values in zip(IN_DEGREES, behaviour.memories, strict=True):
            rows.append([*key, str(d), *(f"{value:.0e}" for value in values)])
    return rows


def _cost_rows(behaviours: Mapping[Key, Behaviour], spaces: Sequence[str]) -> list[list[str]]:
    beyond = [f"beyond counts, {name}" for name in spaces]
    rows = [["surrogate", "normalisation", "cells lost", *beyond]]
    for key, behaviour in behaviours.items():
        shares = [f"{share:.3f}" for share in behaviour.beyond]
        rows.append([*key, f"{behaviour.n_lost:,}", *shares])
    return rows


def _draw(path: Path, behaviours: Mapping[Key, Behaviour], depths: Sequence[int]) -> None:
    with drawing(path, (2, 2), (11, 7), dpi=85) as (figure, axes):
        for row, base in enumerate(BASES):
            left, right = axes[2 * row : 2 * row + 2]
            for cure in CURES:
                # d = 2: an input of its own and one more, as most cells have
                sizes, memories = (
                    behaviours[base, cure].sizes[1],
                    behaviours[base, cure].memories[1],
                )
                left.plot(depths, np.minimum(sizes, 1e30), "o-", markersize=3, label=cure)
                right.plot(DISTANCES, memories, "o-", markersize=3)
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
        handles = axes[0].get_legend_handles_labels()
        figure.legend(*handles, loc="outside lower center", ncols=6, fontsize=8)
