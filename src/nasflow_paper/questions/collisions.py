"""collisions: which architectures that are not isomorphic have one surrogate, and why.

Every cell of NAS-Bench-101 is one of 423,624 up to isomorphism, so each two that share a surrogate
are a collision. Surrogates are computed in float64 and compared up to rounding
(`telling_apart.groups`), at several tolerances. What a collision rests on is found by comparing
with exact recursions (`telling_apart`) and by changing one option at a time:

* structure: both cells unfold to the same tree of paths backwards from the output and forwards from
  the input. No width, scale or activation helps; nor do more rounds.
* relu: where it is on one side everywhere the flow is linear and only counts paths. An operation
  whose components are
  all dead passes alpha times its message on: it is invisible, but for that factor.
* alpha = 1/2: two such operations in parallel, each passing on a half, are worth one edge.
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
from nasflow.graphs.canonical import isomorphism_ids
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.running.progress import progress_bar
from nasflow.surrogate import FlowSurrogate
from nasflow_paper.questions.cells import draw_cell
from nasflow_paper.questions.telling_apart import flow_words, groups, path_words, refinement_words
from nasflow_paper.reproductions.base import Block, Page, Picture, ReproduceOptions, Table

IntArray = npt.NDArray[np.int64]

TOLERANCES = (1e-12, 1e-9, 1e-6)
SPACES = {
    "nb101": ("nb101-space", SurrogateConfig(k=4, sigma=1.0)),
    "nb201": ("nb201", SurrogateConfig(k=7)),
}
"""The table of each space, and the surrogate that pre-training there uses."""
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
    bits = FlowSurrogate(table.n_ops, config)(table).numpy()
    n_bits = len(np.unique(bits.view(np.dtype((np.void, bits.dtype.itemsize * bits.shape[1])))))
    return Distinct(config, changes, tuple(_n_groups(values, t) for t in TOLERANCES), n_bits)


def exact(table: ArchTable) -> Exact:
    """What exact descriptions tell apart."""
    one, two = (len(np.unique(flow_words(table, rounds))) for rounds in (1, 2))
    return Exact(
        len(np.unique(isomorphism_ids(table))),
        len(np.unique(refinement_words(table))),
        (one, two),
        len(np.unique(path_words(table))),
    )


def _n_groups(values: npt.NDArray[np.float64], tolerance: float) -> int:
    return len(np.unique(groups(values, tolerance)))


def shared_properties(table: ArchTable, label: IntArray) -> dict[str, tuple[int, float]]:
    """For groups of several rows: in how many all members agree in a property, and that number's
    share of the groups.

    Args:
        table: N rows, no two isomorphic.
        label: (N,), as `groups` gives it.
    """
    _, group, size = np.unique(label, return_inverse=True, return_counts=True)
    counts = np.bincount(
        table.node_graph * table.n_ops + table.ops, minlength=len(table) * table.n_ops
    )
    _, ops = np.unique(counts.reshape(len(table), -1), axis=0, return_inverse=True)
    properties = {
        "operations (how many of each)": ops,
        "number of edges": np.diff(table.edge_ptr),
        "numbers of paths by length and operation": path_words(table),
        "unfoldings (no draw can tell them apart)": flow_words(table),
    }
    several = size > 1
    found = {}
    for name, values in properties.items():
        order = np.lexsort((values, group))
        differ = (np.diff(group[order]) == 0) & (values[order][1:] != values[order][:-1])
        mixed = np.bincount(group[order][1:][differ], minlength=len(size)) > 0
        agree = int((several & ~mixed).sum())
        found[name] = (agree, agree / max(1, int(several.sum())))
    return found


def dead_conversions(table: ArchTable, config: SurrogateConfig) -> dict[str, tuple[float, float]]:
    """By operation: the share of conversions that are 0 in all components, and the mean share of
    components that are 0.

    Over the nodes that receive something in the forward pass.
    """
    forward = SurrogateConfig.from_dict({**config.to_dict(), "directions": "forward", "rounds": 1})
    surrogate = FlowSurrogate(table.n_ops, forward, torch.float64)
    state = surrogate.states(table)
    source, target = (torch.from_numpy(end) for end in table.global_edges())
    message = torch.zeros_like(state).index_add(0, target, state.index_select(0, source))
    ops = torch.from_numpy(table.ops.astype(np.int64))
    converted = (
        surrogate.P.index_select(0, ops) @ surrogate.W[: config.k]
        + message @ surrogate.W[config.k :]
    ).numpy()
    dead = converted <= 0
    found = {}
    for index, op in enumerate(table.vocabulary):
        rows = dead[(table.ops == index) & (table.generation > 0)]
        if len(rows):
            found[op] = (float(rows.all(axis=1).mean()), float(rows.mean()))
    return found


def examples(table: ArchTable, label: IntArray) -> list[tuple[str, int, int]]:
    """A pair of rows of one group for each reason: its words, and the two rows of the smallest such
    pair.
    """
    flow, paths = flow_words(table), path_words(table)
    first, second = label, np.arange(len(label))
    pair = first != second
    sizes, n_edges = np.diff(table.node_ptr), np.diff(table.edge_ptr)
    reasons = {
        "same unfoldings": pair & (flow[first] == flow[second]),
        "same paths, relu linear": (
            pair & (flow[first] != flow[second]) & (paths[first] == paths[second])
        ),
        "a dead operation": (
            pair & (paths[first] != paths[second]) & (sizes[first] == sizes[second])
        ),
        "two halves make a whole": pair & (sizes[first] != sizes[second]),
    }
    chosen = []
    for words, where in reasons.items():
        rows = np.flatnonzero(where)
        if len(rows):
            row = int(rows[np.argmin(100 * (sizes[rows] + sizes[first[rows]]) + n_edges[rows])])
            chosen.append((words, int(first[row]), row))
    return chosen


def collisions(options: ReproduceOptions) -> Page:
    """The page."""
    names = options.choose(tuple(SPACES))
    variants = [v for v in VARIANTS if not options.quick or set(v) <= {"k", "rounds", "activation"}]
    blocks: list[Block] = []
    verdict = ["## Verdict", ""]
    with progress_bar("collisions", len(names) * len(variants), show=options.progress) as advance:
        for name in names:
            source, config = SPACES[name]
            table = open_dataset(source).table
            if options.quick and len(table) > 60_000:
                table = table[np.sort(np.random.default_rng(0).permutation(len(table))[:60_000])]
            found = []
            for changes in variants:
                if changes and all(
                    getattr(config, option) == value for option, value in changes.items()
                ):
                    continue  # the space's own
                found.append(distinct(table, config, changes))
                advance(f"{name} {dict(changes)}")
            told = exact(table)
            verdict += _verdict(name, told, found)
            label = groups(
                FlowSurrogate(table.n_ops, config, torch.float64)(table).numpy(), TOLERANCES[1]
            )
            blocks += [
                f"## {name}: {len(table):,} graphs",
                _exact_words(told),
                Table(_variant_rows(found, told)),
                f"Of the groups of colliding graphs ({_in_words(config)}), all members agree in",
                Table(_agree_rows(shared_properties(table, label))),
                "Conversions that relu sets to 0, forward pass, by the operation that converts:",
                Table(_dead_rows(dead_conversions(table, config))),
                Picture(
                    name,
                    f"pairs of cells of {name} with one surrogate",
                    partial(
                        _draw, table=table, pairs=examples(table, label), found=found, told=told
                    ),
                ),
            ]
    done = (
        "Surrogates in float64; two rows count as different where a gap of more than the tolerance,"
        " relative to the largest component of the row, divides them in some component. The last"
        " column counts float32 surrogates that differ in any bit: equal sums in another order do,"
        " so it is no count of what can be told apart."
        + (" A first look: 60,000 random cells of NAS-Bench-101." if options.quick else "")
    )
    return Page(
        "What can the surrogate not tell apart?",
        done,
        ["\n".join(verdict), *blocks],
        manifest={
            "spaces": {
                name: {"source": SPACES[name][0], "surrogate": SPACES[name][1].to_dict()}
                for name in names
            }
        },
    )


def _verdict(name: str, told: Exact, found: Sequence[Distinct]) -> list[str]:
    own, by_flow = found[0], told.flow[0]
    lost = told.isomorphism - own.n_distinct[1]
    smooth = [
        d
        for d in found
        if d.config.activation != "relu" and d.config.pooling == "sum" and not d.config.rescale
    ]
    relu = {d.config.k: d.n_distinct[1] for d in found if set(d.changes) <= {"k"}}
    rounds = {d.config.rounds: d.n_distinct[1] for d in found if set(d.changes) <= {"rounds"}}
    best = min((d for d in smooth if d.config.k == own.config.k), key=lambda d: -d.n_distinct[1])
    lines = [
        (
            f"* {name}: {told.isomorphism:,} graphs, no two isomorphic, have {own.n_distinct[1]:,}"
            f" different surrogates ({_in_words(own.config)}): {lost:,}"
            f" ({100 * lost / told.isomorphism:.1f} %) are lost."
        ),
        (
            f"* {told.isomorphism - by_flow:,} of these no draw and no activation can save: their"
            " unfoldings are equal. With a second round they are"
            f" {told.isomorphism - told.flow[1]:,}; refinement in both directions tells"
            f" {told.refinement:,} graphs apart."
        ),
        (
            f"* relu loses the other {lost - (told.isomorphism - by_flow):,}: with"
            f" {best.config.activation} there are {best.n_distinct[1]:,} different surrogates of"
            f" {by_flow:,} possible."
        ),
        "* By width: "
        + ", ".join(f"k = {k} {n:,}" for k, n in sorted(relu.items()))
        + "; by rounds: "
        + ", ".join(f"{r} {n:,}" for r, n in sorted(rounds.items()))
        + ".",
    ]
    drift = max(max(d.n_distinct) - min(d.n_distinct) for d in found[:1])
    lines.append(
        f"* Between the tolerances {TOLERANCES[0]:g} and {TOLERANCES[-1]:g} the count of the"
        f" space's own surrogates changes by {drift:,}:"
        f" {'collisions are exact' if 100 * drift <= lost else 'some collisions are near misses'}."
    )
    return lines


def _in_words(config: SurrogateConfig) -> str:
    return f"k = {config.k}, sigma = {config.sigma:g}, {config.activation}"


def _exact_words(told: Exact) -> str:
    return (
        f"Told apart by isomorphism: {told.isomorphism:,}; by refinement in both directions (1-WL):"
        f" {told.refinement:,}; by the recursion at best: {told.flow[0]:,} (two rounds:"
        f" {told.flow[1]:,}); by counts of paths, a recursion that is linear: {told.paths:,}."
    )


def _variant_rows(found: Sequence[Distinct], told: Exact) -> list[list[str]]:
    rows = [["changed", *(f"different at {t:g}" for t in TOLERANCES), "lost", "float32 bits"]]
    for d in found:
        words = (
            ", ".join(f"{key} {value}" for key, value in d.changes.items())
            or f"nothing: {_in_words(d.config)}"
        )
        lost = told.isomorphism - d.n_distinct[1]
        rows.append([words, *(f"{n:,}" for n in d.n_distinct), f"{lost:,}", f"{d.n_bits:,}"])
    return rows


def _agree_rows(shared: Mapping[str, tuple[int, float]]) -> list[list[str]]:
    return [
        ["property", "groups", "share"],
        *([name, f"{n:,}", f"{100 * s:.1f} %"] for name, (n, s) in shared.items()),
    ]


def _dead_rows(dead: Mapping[str, tuple[float, float]]) -> list[list[str]]:
    return [
        ["operation", "conversions that are 0 throughout", "components that are 0"],
        *(
            [op, f"{100 * whole:.1f} %", f"{100 * part:.1f} %"]
            for op, (whole, part) in dead.items()
        ),
    ]


def _draw(
    path: Path,
    table: ArchTable,
    pairs: Sequence[tuple[str, int, int]],
    found: Sequence[Distinct],
    told: Exact,
) -> None:
    with drawing(path, (2, len(pairs) + 1), (2.6 * len(pairs) + 3, 4.6), dpi=80) as (figure, axes):
        for column, (words, *rows) in enumerate(pairs):
            for line, row in enumerate(rows):
                draw_cell(
                    axes[line * (len(pairs) + 1) + column],
                    table[row],
                    table.vocabulary,
                    "" if line else words,
                )
        for unused in (axes[len(pairs)], axes[-1]):
            unused.remove()
        grid = axes[0].get_gridspec()
        assert grid is not None
        bars = figure.add_subplot(grid[:, -1])
        lost = {
            ", ".join(f"{k} {v}" for k, v in d.changes.items()) or "own": told.isomorphism
            - d.n_distinct[1]
            for d in found
            if len(d.changes) < 2
        }
        bars.barh(list(lost), list(lost.values()))
        bars.tick_params(labelsize=6)
        bars.invert_yaxis()
        bars.set_title("graphs lost", fontsize=8)
