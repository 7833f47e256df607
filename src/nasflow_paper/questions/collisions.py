"""collisions: which architectures that are not isomorphic have one surrogate, and why.

Every cell of NAS-Bench-101 is one of 423,624 up to isomorphism, so each two that share a surrogate
are a collision. Surrogates are computed in float64 and compared up to rounding
(`telling_apart.groups`), at several tolerances. What a collision rests on (`reasons`) is found by
comparing with exact recursions (`telling_apart`) and by changing one option at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nasflow.datasets import open_dataset
from nasflow.experiments.pictures import drawing
from nasflow.graphs.canonical import isomorphism_ids
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.running.progress import progress_bar
from nasflow.surrogate import FlowSurrogate
from nasflow_paper.questions.cells import draw_cell
from nasflow_paper.questions.reasons import dead_conversions, examples, shared_properties
from nasflow_paper.questions.rows import some_rows
from nasflow_paper.questions.telling_apart import (
    flow_words,
    groups,
    n_groups,
    path_words,
    refinement_words,
)
from nasflow_paper.reproductions.base import Block, Page, PageTable, Picture, ReproduceOptions

TOLERANCES = (1e-12, 1e-9, 1e-6)
WHOLE = {
    "nb101": ("nb101-space", SurrogateConfig(k=4, sigma=1.0)),
    "nb201": ("nb201", SurrogateConfig(k=7)),
}
"""All cells of each space, and the surrogate that pre-training there uses."""
N_QUICK = 60_000
"""Cells for a first look."""
VARIANTS: Sequence[Mapping[str, Any]] = (
    {},
    {"seed": 1},
    {"seed": 2},
    {"rounds": 2},
    {"rounds": 3},
    {"k": 8},
    {"k": 12},
    {"sigma": 0.1},
    {"k": 8, "sigma": 0.1},
    {"k": 12, "sigma": 0.1},
    {"alpha": 0.47},
    {"pooling": "mean"},
    {"pooling": "max"},
    {"pooling": "root"},
    {"rescale": 0.5},
    {"rescale": 1.0},
    {"directions": "forward"},
    {"directions": "backward"},
    {"activation": "gelu"},
    {"activation": "swish"},
    {"activation": "tanh"},
    {"activation": "tanh", "k": 2},
    {"activation": "gelu", "pooling": "root"},
    {"activation": "gelu", "rescale": 0.5},
    {"activation": "gelu", "rescale": 1.0},
)

_DONE = (
    "Surrogates in float64; two rows count as different where a gap of more than the tolerance,"
    " relative to the largest component of the row, divides them in some component. The last"
    " column counts float32 surrogates that differ in any bit: equal sums in another order do, so"
    " it is no count of what can be told apart."
)
_LOST = (
    "* {name}: {n:,} graphs, no two isomorphic, have {n_different:,} different surrogates"
    " ({surrogate}): {lost:,} ({share:.1f} %) are lost."
)
_STRUCTURE = (
    "* {one_round:,} of these no draw and no activation can save: their unfoldings are equal. With"
    " a second round they are {two_rounds:,}; refinement in both directions tells {refinement:,}"
    " graphs apart."
)
_RELU = (
    "* relu loses the other {lost:,}: with {activation} there are {n_different:,} different"
    " surrogates of {possible:,} possible."
)
_WIDTH = "* By width: {by_width}; by rounds: {by_rounds}."
_DRIFT = (
    "* Between the tolerances {first:g} and {last:g} the count of the space's own surrogates"
    " changes by {drift:,}: {so}."
)
_EXACT = (
    "Told apart by isomorphism: {isomorphism:,}; by refinement in both directions (1-WL):"
    " {refinement:,}; by the recursion at best: {one:,} (two rounds: {two:,}); by counts of paths,"
    " a recursion that is linear: {paths:,}."
)


@dataclass(frozen=True)
class Distinct:
    """How many different surrogates a table has under one configuration."""

    config: SurrogateConfig
    changes: Mapping[str, Any]
    """What differs from the space's own configuration."""
    n_distinct: tuple[int, ...]
    """At each of `TOLERANCES`."""
    n_bits: int
    """Float32 surrogates that differ in a bit: rounding makes equal ones look different."""


@dataclass(frozen=True)
class Exact:
    """How many rows of a table exact descriptions tell apart."""

    isomorphism: int
    refinement: int
    flow: tuple[int, int]
    """With one round, and with two."""
    paths: int


def distinct(table: ArchTable, config: SurrogateConfig, changes: Mapping[str, Any]) -> Distinct:
    """The numbers of different surrogates of `table` with some options of `config` changed."""
    config = SurrogateConfig.from_dict({**config.to_dict(), **changes})
    values = FlowSurrogate(table.n_ops, config, torch.float64)(table).numpy()
    bits = FlowSurrogate(table.n_ops, config)(table).numpy()  # (N, k) float32
    whole_row = np.dtype((np.void, bits.dtype.itemsize * bits.shape[1]))
    n_bits = len(np.unique(bits.view(whole_row)))
    return Distinct(config, changes, tuple(n_groups(values, t) for t in TOLERANCES), n_bits)


def exact(table: ArchTable) -> Exact:
    """What exact descriptions tell apart."""
    one, two = (len(np.unique(flow_words(table, rounds))) for rounds in (1, 2))
    return Exact(
        len(np.unique(isomorphism_ids(table))),
        len(np.unique(refinement_words(table))),
        (one, two),
        len(np.unique(path_words(table))),
    )


def collisions(options: ReproduceOptions) -> Page:
    """Which graphs of whole spaces have one surrogate, by options of it, and examples."""
    names = options.choose(tuple(WHOLE))
    tried = {name: _changes_to_try(WHOLE[name][1], options.quick) for name in names}
    blocks: list[Block] = []
    verdict = ["## Verdict", ""]
    n_steps = sum(map(len, tried.values()))
    with progress_bar("collisions", n_steps, show=options.progress) as advance:
        for name in names:
            source, config = WHOLE[name]
            table = open_dataset(source).table
            if options.quick and len(table) > N_QUICK:
                table = table[some_rows(np.arange(len(table)), N_QUICK)]
            variants = []
            for changes in tried[name]:
                variants.append(distinct(table, config, changes))
                advance(f"{name} {dict(changes)}")
            apart = exact(table)
            verdict.extend(_verdict(name, apart, variants))
            blocks.append(f"## {name}: {len(table):,} graphs")
            blocks.extend(_blocks(name, table, config, apart, variants))
    first_look = " A first look: 60,000 random cells of NAS-Bench-101." if options.quick else ""
    surrogates = {
        name: {"source": WHOLE[name][0], "surrogate": WHOLE[name][1].to_dict()} for name in names
    }
    return Page(
        "What can the surrogate not tell apart?",
        _DONE + first_look,
        ["\n".join(verdict), *blocks],
        manifest={"spaces": surrogates},
    )


def _changes_to_try(config: SurrogateConfig, quick: bool) -> list[Mapping[str, Any]]:
    """None first, and those of `VARIANTS` that change something of the space's own options."""
    variants = [v for v in VARIANTS if not quick or set(v) <= {"k", "rounds", "activation"}]
    unchanged = config.to_dict()
    return [v for v in variants if not v or {**unchanged, **v} != unchanged]


def _blocks(
    name: str,
    table: ArchTable,
    config: SurrogateConfig,
    apart: Exact,
    variants: Sequence[Distinct],
) -> list[Block]:
    """What the page shows of one space."""
    values = FlowSurrogate(table.n_ops, config, torch.float64)(table).numpy()
    label = groups(values, TOLERANCES[1])
    draw = partial(_draw, table=table, pairs=examples(table, label), variants=variants, apart=apart)
    exactly = _EXACT.format(
        isomorphism=apart.isomorphism,
        refinement=apart.refinement,
        one=apart.flow[0],
        two=apart.flow[1],
        paths=apart.paths,
    )
    return [
        exactly,
        PageTable(_variant_rows(variants, apart)),
        f"Of the groups of colliding graphs ({_in_words(config)}), all members agree in",
        PageTable(_agree_rows(shared_properties(table, label))),
        "Conversions that relu sets to 0, forward pass, by the operation that converts:",
        PageTable(_dead_rows(dead_conversions(table, config))),
        Picture(name, f"pairs of cells of {name} with one surrogate", draw),
    ]


def _verdict(name: str, apart: Exact, variants: Sequence[Distinct]) -> list[str]:
    published, possible = variants[0], apart.flow[0]
    lost = apart.isomorphism - published.n_distinct[1]
    lost_by_structure = apart.isomorphism - possible
    smooth = [
        d
        for d in variants
        if d.config.activation != "relu"
        and d.config.pooling == "sum"
        and not d.config.rescale
        and d.config.k == published.config.k
    ]
    best = max(smooth, key=lambda d: d.n_distinct[1])
    by_width = {d.config.k: d.n_distinct[1] for d in variants if set(d.changes) <= {"k"}}
    by_rounds = {d.config.rounds: d.n_distinct[1] for d in variants if set(d.changes) <= {"rounds"}}
    drift = max(published.n_distinct) - min(published.n_distinct)
    # a hundredth of what is lost: then rounding decides about next to none
    so = "collisions are exact" if 100 * drift <= lost else "some collisions are near misses"
    return [
        _LOST.format(
            name=name,
            n=apart.isomorphism,
            n_different=published.n_distinct[1],
            surrogate=_in_words(published.config),
            lost=lost,
            share=100 * lost / apart.isomorphism,
        ),
        _STRUCTURE.format(
            one_round=lost_by_structure,
            two_rounds=apart.isomorphism - apart.flow[1],
            refinement=apart.refinement,
        ),
        _RELU.format(
            lost=lost - lost_by_structure,
            activation=best.config.activation,
            n_different=best.n_distinct[1],
            possible=possible,
        ),
        _WIDTH.format(
            by_width=", ".join(f"k = {k} {n:,}" for k, n in sorted(by_width.items())),
            by_rounds=", ".join(f"{rounds} {n:,}" for rounds, n in sorted(by_rounds.items())),
        ),
        _DRIFT.format(first=TOLERANCES[0], last=TOLERANCES[-1], drift=drift, so=so),
    ]


def _in_words(config: SurrogateConfig) -> str:
    return f"k = {config.k}, sigma = {config.sigma:g}, {config.activation}"


def _changes_in_words(changes: Mapping[str, Any]) -> str:
    return ", ".join(f"{option} {value}" for option, value in changes.items())


def _variant_rows(variants: Sequence[Distinct], apart: Exact) -> list[list[str]]:
    rows = [["changed", *(f"different at {t:g}" for t in TOLERANCES), "lost", "float32 bits"]]
    for d in variants:
        words = _changes_in_words(d.changes) or f"nothing: {_in_words(d.config)}"
        lost = apart.isomorphism - d.n_distinct[1]
        rows.append([words, *(f"{n:,}" for n in d.n_distinct), f"{lost:,}", f"{d.n_bits:,}"])
    return rows


def _agree_rows(shared: Mapping[str, tuple[int, float]]) -> list[list[str]]:
    rows = [[name, f"{n:,}", f"{100 * share:.1f} %"] for name, (n, share) in shared.items()]
    return [["property", "groups", "share"], *rows]


def _dead_rows(dead: Mapping[str, tuple[float, float]]) -> list[list[str]]:
    header = ["operation", "conversions that are 0 throughout", "components that are 0"]
    rows = [
        [op, f"{100 * whole:.1f} %", f"{100 * part:.1f} %"] for op, (whole, part) in dead.items()
    ]
    return [header, *rows]


def _draw(
    path: Path,
    table: ArchTable,
    pairs: Sequence[tuple[str, int, int]],
    variants: Sequence[Distinct],
    apart: Exact,
) -> None:
    with drawing(path, (2, len(pairs) + 1), (2.6 * len(pairs) + 3, 4.6), dpi=80) as (figure, axes):
        upper, lower = axes[: len(pairs)], axes[len(pairs) + 1 : -1]
        for above, below, (words, first, second) in zip(upper, lower, pairs, strict=True):
            draw_cell(above, table[first], table.vocabulary, words)
            draw_cell(below, table[second], table.vocabulary, "")
        # the last column is one panel
        for unused in (axes[len(pairs)], axes[-1]):
            unused.remove()
        grid = axes[0].get_gridspec()
        assert grid is not None
        bars = figure.add_subplot(grid[:, -1])
        lost = {
            _changes_in_words(d.changes) or "own": apart.isomorphism - d.n_distinct[1]
            for d in variants
            if len(d.changes) < 2
        }
        bars.barh(list(lost), list(lost.values()))
        bars.tick_params(labelsize=6)
        bars.invert_yaxis()
        bars.set_title("graphs lost", fontsize=8)
